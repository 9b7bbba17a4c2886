package equipment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var browserTitles = map[string]string{
	"chrome": "Chrome", "firefox": "Firefox", "safari": "Safari", "edge": "Edge", "chromium": "Chromium", "opera": "Opera",
}

func browserTitle(name string) string {
	if t := browserTitles[name]; t != "" {
		return t
	}
	return name
}

// judgeBrowser judges the browser; any version of it will do.
func judgeBrowser(f Facts, r Requirements) (Finding, bool) {
	if len(r.Browsers) == 0 {
		return Finding{}, false
	}
	var accepted []string
	for _, b := range r.Browsers {
		accepted = append(accepted, browserTitle(b))
	}
	x := Finding{ID: IDBrowser, Required: list(accepted)}
	v := Values{"first": accepted[0], "accepted": strings.Join(accepted, ", ")}
	switch {
	case (f.Browser == nil || f.Browser.Name == "") && f.By == ByPage:
		return x.notKnown(CauseUnseen, "browser.unnamed", "browser.unnamed.todo", v), true
	case f.Browser == nil || f.Browser.Name == "":
		return x.notKnown(CauseUnseen, "browser.unseen", askPage, v), true
	}
	name := browserTitle(f.Browser.Name)
	x.Found = strings.TrimSpace(name + " " + f.Browser.Version)
	v["name"], v["found"] = name, x.Found
	switch i := slices.IndexFunc(r.Browsers, f.Browser.is); {
	case i < 0:
		return x.notMet(CauseUnlisted, "browser.unlisted", "browser.unlisted.todo", v), true
	case i > 0:
		return x.met("browser.met.other", v), true
	}
	return x.met("browser.met", v), true
}

// is reports whether a browser counts as the one of a name: Chromium is what Chrome is
// made of.
func (b *Browser) is(name string) bool {
	return b.Name == name || b.Name == "chromium" && name == "chrome"
}

// judgeAccess judges whether a device could be used at all. ok: it could.
func judgeAccess(x Finding, f Facts, a Access) (_ Finding, ok bool) {
	key := string(x.ID)
	switch {
	case a == Granted:
		return x, true
	case a == Denied:
		return x.notMet(CauseDenied, key+".denied", key+".denied.todo", nil), false
	case a == Missing:
		return x.notMet(CauseMissing, key+".missing", key+".missing.todo", nil), false
	case a == Failed:
		return x.notMet(CauseFailed, key+".failed", key+".failed.todo", nil), false
	case f.By == ByPage:
		return x.notKnown(CauseUntested, key+".untested", key+".untested.todo", nil), false
	}
	return x.notKnown(CauseUnseen, key+".unseen", askPage, nil), false
}

// judgeWebcam judges the webcam: that it is there, sends a moving picture, and its
// resolution.
func judgeWebcam(f Facts, r Requirements) (Finding, bool) {
	x := Finding{ID: IDWebcam, Required: string(r.Webcam)}
	if r.Webcam == "" {
		x.Required = string(r.WebcamRecommended) + " recommended"
	}
	if r.Webcam == "" && r.WebcamRecommended == "" {
		return x, false
	}
	var w Webcam
	if f.Webcam != nil {
		w = *f.Webcam
	}
	x, usable := judgeAccess(x, f, w.Access)
	switch {
	case !usable:
	case w.Frames != nil && *w.Frames == 0:
		x = x.notMet(CauseNoPicture, "webcam.nothing", "webcam.nothing.todo", nil)
	case is(w.Black):
		x = x.notMet(CauseBlack, "webcam.black", "webcam.black.todo", nil)
	case is(w.Frozen):
		x = x.notMet(CauseFrozen, "webcam.frozen", "webcam.frozen.todo", nil)
	case w.Width == nil || w.Height == nil || w.Frames == nil || w.Black == nil || w.Frozen == nil:
		x = x.notKnown(CauseUncertain, "webcam.uncertain", "webcam.uncertain.todo", nil)
	default:
		x = judgeSize(x, *w.Width, *w.Height, r)
	}
	return x, true
}

// judgeSize judges the size of a webcam's pictures, which may stand upright.
func judgeSize(x Finding, width, height int, r Requirements) Finding {
	size := fmt.Sprintf("%dx%d", width, height)
	lying := Resolution(fmt.Sprintf("%dx%d", max(width, height), min(width, height)))
	v := Values{"found": size, "needed": string(r.Webcam), "advised": string(r.WebcamRecommended)}
	if _, _, err := r.Webcam.Size(); r.Webcam != "" && err != nil {
		v["needed"] = strconv.Quote(string(r.Webcam))
		return x.notKnown(CauseUncertain, "webcam.needed", askRules, v)
	}
	x.Found = size
	switch {
	case r.Webcam != "" && !atLeast(lying, r.Webcam):
		return x.notMet(CauseBelow, "webcam.below", "webcam.better.todo", v)
	case r.WebcamRecommended != "" && !atLeast(lying, r.WebcamRecommended):
		return x.onlyJust(CauseAdvised, "webcam.advised", "webcam.better.todo", v)
	}
	return x.met("webcam.met", v)
}

// judgeMicrophone judges whether a microphone hears something.
func judgeMicrophone(f Facts, r Requirements) (Finding, bool) {
	x := Finding{ID: IDMicrophone, Required: "a microphone"}
	if !r.Microphone {
		return x, false
	}
	var m Microphone
	if f.Microphone != nil {
		m = *f.Microphone
	}
	x, usable := judgeAccess(x, f, m.Access)
	if m.Level != nil && usable {
		x.Found = fmt.Sprintf("%.0f dB below full scale", -min(*m.Level, 0))
	}
	switch {
	case !usable:
		return x, true
	case is(m.Silent):
		return x.notMet(CauseSilent, "microphone.silent", "microphone.silent.todo", nil), true
	case m.Silent == nil:
		return x.notKnown(CauseUncertain, "microphone.uncertain", "microphone.uncertain.todo", nil), true
	case is(m.Clipping):
		return x.onlyJust(CauseClipping, "microphone.clipping", "microphone.clipping.todo", nil), true
	}
	return x.met("microphone.met", nil), true
}

// judgeOthers tells of requirements that this version does not know: those of an
// exam's server that is newer.
func judgeOthers(_ Facts, r Requirements) (Finding, bool) {
	for _, x := range r.Refused {
		if !slices.Contains(Refusals(), x) {
			return Finding{ID: IDOther, Required: string(x)}.notKnown(CauseUnseen, "other.unseen", askRules, Values{"refused": strconv.Quote(string(x))}), true
		}
	}
	return Finding{}, false
}

func is(b *bool) bool { return b != nil && *b }
