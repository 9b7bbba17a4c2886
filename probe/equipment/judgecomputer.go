package equipment

import (
	"slices"
	"strconv"
	"strings"
)

// elsewhere is the key of where to find out what a page cannot know.
func elsewhere(f Facts, other string) string {
	if f.By == ByPage {
		return askProgram
	}
	return other
}

var systemTitles = map[string]string{
	Windows: "Windows", WindowsRT: "Windows RT", MacOS: "macOS", Linux: "Linux", ChromeOS: "ChromeOS",
	Android: "Android", IOS: "iOS", IPadOS: "iPadOS", "freebsd": "FreeBSD",
}

func systemTitle(name string) string {
	if t := systemTitles[name]; t != "" {
		return t
	}
	return name
}

// refusedSystems are the systems that a refusal means.
var refusedSystems = map[string]Refusal{ChromeOS: RefuseChromebook, Linux: RefuseLinux, WindowsRT: RefuseWindowsRT}

// list joins names: "a, b or c".
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// acceptedSystems names what an exam accepts, with the least version.
func acceptedSystems(all []Accepted) string {
	var out []string
	for _, a := range all {
		s := systemTitle(a.Name)
		if a.Minimum != "" {
			s += " (" + versionTitle(a.Minimum) + " or newer)"
		}
		out = append(out, s)
	}
	return list(out)
}

// leastSystems lists what an exam accepts by name and least version, in no language.
func leastSystems(all []Accepted) string {
	var out []string
	for _, a := range all {
		out = append(out, strings.TrimSpace(systemTitle(a.Name)+" "+versionTitle(a.Minimum)))
	}
	return strings.Join(out, ", ")
}

// versionTitle writes a version as a name.
func versionTitle(v string) string {
	if title, named := map[string]string{"vista": "Vista", "xp": "XP"}[v]; named {
		return title
	}
	return v
}

// judgeSystem judges the operating system and its version.
func judgeSystem(f Facts, r Requirements) (Finding, bool) {
	refusesSystems := slices.ContainsFunc(r.Refused, func(x Refusal) bool {
		return x == RefuseChromebook || x == RefuseLinux || x == RefuseWindowsRT
	})
	x := Finding{ID: IDSystem, Required: acceptedSystems(r.Systems)}
	if x.Required == "" {
		x.Required = "no refused system"
	}
	switch s := f.System; {
	case len(r.Systems) == 0 && !refusesSystems:
		return x, false
	case s == nil || s.Name == "":
		return x.notKnown(CauseUnseen, "system.unseen", elsewhere(f, askAbout), nil), true
	default:
		return judgeKnownSystem(x, *s, f, r), true
	}
}

func judgeKnownSystem(x Finding, s System, f Facts, r Requirements) Finding {
	name, version := systemTitle(s.Name), s.version()
	x.Found = name
	if version != "" {
		x.Found += " " + versionTitle(version)
	}
	if s.Title != "" {
		x.Found = s.Title
		if !strings.Contains(s.Title, name) {
			x.Found = name + ", " + s.Title
		}
	}
	v := Values{"name": name, "found": x.Found}
	other := "system.other.todo"
	if len(r.Systems) > 0 {
		other, v["accepted"] = "system.accepted.todo", leastSystems(r.Systems)
	}
	if refusal := refusedSystems[s.Name]; slices.Contains(r.Refused, refusal) {
		if refusal == RefuseChromebook {
			return x.notMet(CauseRefused, "system.chromebook", other, v)
		}
		return x.notMet(CauseRefused, "system.refused", other, v)
	}
	i := slices.IndexFunc(r.Systems, func(a Accepted) bool { return a.Name == s.Name })
	switch {
	case len(r.Systems) == 0:
		return x.met("system.met", v)
	case i < 0:
		return x.notMet(CauseUnlisted, "system.unlisted", other, v)
	}
	return judgeVersion(x, version, s, r.Systems[i], f, v)
}

func judgeVersion(x Finding, version string, s System, a Accepted, f Facts, v Values) Finding {
	have, err := parseVersion(s.Name, version)
	least, noLeast := parseVersion(s.Name, a.Minimum)
	advised, noAdvised := parseVersion(s.Name, a.Recommended)
	v["needed"], v["advised"] = versionTitle(a.Minimum), versionTitle(a.Recommended)
	below := func(bound []int, none error) bool { return none == nil && slices.Compare(have, bound) < 0 }
	const update = "system.update.todo"
	switch {
	case a.Minimum == "" && a.Recommended == "": // any version will do
	case a.Minimum != "" && noLeast != nil:
		v["needed"] = strconv.Quote(a.Minimum)
		return x.notKnown(CauseUncertain, "system.uncertain.needed", askRules, v)
	case err != nil:
		return x.notKnown(CauseUncertain, "system.uncertain", elsewhere(f, askAbout), v)
	case noLeast == nil && unclear(have, least):
		return x.notKnown(CauseUncertain, "system.uncertain.partly", elsewhere(f, askAbout), v)
	case s.OrNewer && (below(least, noLeast) || below(advised, noAdvised)):
		return x.notKnown(CauseUncertain, "system.uncertain.newer", elsewhere(f, askAbout), v)
	case below(least, noLeast):
		return x.notMet(CauseBelow, "system.below", update, v)
	case below(advised, noAdvised):
		return x.onlyJust(CauseAdvised, "system.advised", update, v)
	}
	return x.met("system.met", v)
}

// unclear reports whether a version has too few numbers to compare it with a bound: 10
// may be 10.4 or 10.13.
func unclear(have, bound []int) bool {
	return len(have) < len(bound) && slices.Equal(have, bound[:len(have)])
}

// judgeSMode judges whether Windows runs programs from its store only. Other systems
// have no such mode.
func judgeSMode(f Facts, r Requirements) (Finding, bool) {
	x := Finding{ID: IDSMode, Required: "off"}
	s := f.System
	switch {
	case !slices.Contains(r.Refused, RefuseSMode), s != nil && s.Name != "" && s.Name != Windows:
		return x, false
	case s == nil || s.SMode == nil:
		return x.notKnown(CauseUnseen, "windows-s.unseen", "windows-s.unseen.todo", nil), true
	case *s.SMode:
		x.Found = "on"
		return x.notMet(CauseRefused, "windows-s.refused", "windows-s.refused.todo", nil), true
	}
	x.Found = "off"
	return x.met("windows-s.met", nil), true
}

func judgeTablet(f Facts, r Requirements) (Finding, bool) {
	x := Finding{ID: IDTablet, Required: "no tablet or phone"}
	tablet := f.Tablet
	if s := f.System; s != nil && (s.Name == IPadOS || s.Name == IOS || s.Name == Android) {
		yes := true
		tablet = &yes
	}
	switch {
	case !slices.Contains(r.Refused, RefuseTablet):
		return x, false
	case tablet == nil:
		return x.notKnown(CauseUnseen, "tablet.unseen", "tablet.unseen.todo", nil), true
	case *tablet:
		x.Found = "a tablet or phone"
		return x.notMet(CauseRefused, "tablet.refused", "tablet.refused.todo", nil), true
	}
	x.Found = "no tablet or phone"
	return x.met("tablet.met", nil), true
}
