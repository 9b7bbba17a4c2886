package equipment

import (
	"fmt"
	"slices"
	"strings"
)

// Where things can be found out.
const (
	runCheck  = "Run the command examlink check on the computer that you will use in the exam."
	openPage  = "Open the exam's check page, if you have a link to it, in the browser that you will use in the exam."
	readRules = "Read the exam's requirements."
	aboutThis = "On Windows open Settings, System, About. On a Mac open the Apple menu, About This Mac."
)

// elsewhere says where to find out what a page cannot know.
func elsewhere(f Facts, other string) string {
	if f.By == ByPage {
		return runCheck
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
		return x.notKnown(CauseUnseen, "The operating system could not be determined.", elsewhere(f, aboutThis)), true
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
	other := "Use another computer for the exam."
	if len(r.Systems) > 0 {
		other = fmt.Sprintf("Use a computer with %s for the exam.", x.Required)
	}
	if refusal := refusedSystems[s.Name]; slices.Contains(r.Refused, refusal) {
		if refusal == RefuseChromebook {
			return x.notMet(CauseRefused, "This computer is a Chromebook, which the exam does not accept.", other)
		}
		return x.notMet(CauseRefused, fmt.Sprintf("This computer runs %s, which the exam does not accept.", name), other)
	}
	i := slices.IndexFunc(r.Systems, func(a Accepted) bool { return a.Name == s.Name })
	switch {
	case len(r.Systems) == 0:
		return x.met(fmt.Sprintf("This computer runs %s.", x.Found))
	case i < 0:
		return x.notMet(CauseUnlisted, fmt.Sprintf("This computer runs %s, which is not among the systems that the exam accepts.", name), other)
	}
	return judgeVersion(x, version, s, r.Systems[i], f)
}

func judgeVersion(x Finding, version string, s System, a Accepted, f Facts) Finding {
	have, err := parseVersion(s.Name, version)
	least, noLeast := parseVersion(s.Name, a.Minimum)
	advised, noAdvised := parseVersion(s.Name, a.Recommended)
	update := fmt.Sprintf("Update %s, well before the exam.", systemTitle(s.Name))
	switch {
	case a.Minimum == "" && a.Recommended == "": // any version will do
	case a.Minimum != "" && noLeast != nil:
		return x.notKnown(CauseUncertain, fmt.Sprintf("The exam needs version %q of %s, which this version of examlink cannot compare.", a.Minimum, systemTitle(s.Name)), readRules)
	case err != nil:
		return x.notKnown(CauseUncertain, fmt.Sprintf("This computer runs %s, but its version is not known.", systemTitle(s.Name)), elsewhere(f, aboutThis))
	case noLeast == nil && unclear(have, least):
		return x.notKnown(CauseUncertain, fmt.Sprintf("This computer runs %s, but not all of its version is known.", x.Found), elsewhere(f, aboutThis))
	case noLeast == nil && slices.Compare(have, least) < 0:
		return x.notMet(CauseBelow, fmt.Sprintf("This computer runs %s; the exam needs %s or newer.", x.Found, versionTitle(a.Minimum)), update)
	case noAdvised == nil && slices.Compare(have, advised) < 0:
		return x.onlyJust(CauseAdvised, fmt.Sprintf("This computer runs %s; %s or newer is recommended.", x.Found, versionTitle(a.Recommended)), update)
	}
	return x.met(fmt.Sprintf("This computer runs %s.", x.Found))
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
		return x.notKnown(CauseUnseen, "Whether Windows is in S mode could not be determined.",
			"On Windows open Settings, System, Activation: S mode is named there. On other systems there is none."), true
	case *s.SMode:
		x.Found = "on"
		return x.notMet(CauseRefused, "Windows is in S mode, which the exam does not accept.",
			"Switch out of S mode: open Settings, System, Activation. It is free and cannot be undone."), true
	}
	x.Found = "off"
	return x.met("Windows is not in S mode."), true
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
		return x.notKnown(CauseUnseen, "Whether this is a tablet could not be determined.", "See what your computer is sold as: tablets are not accepted."), true
	case *tablet:
		x.Found = "a tablet or phone"
		return x.notMet(CauseRefused, "This is a tablet or phone, which the exam does not accept.", "Use a laptop or a desktop computer for the exam."), true
	}
	x.Found = "no tablet or phone"
	return x.met("This is neither a tablet nor a phone."), true
}
