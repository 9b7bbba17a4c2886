package equipment

import (
	"fmt"
	"slices"
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
	if f.Browser == nil || f.Browser.Name == "" {
		return x.notKnown(CauseUnseen, "The browser that you will use is not known here.", openPage), true
	}
	name := browserTitle(f.Browser.Name)
	x.Found = name
	if f.Browser.Version != "" {
		x.Found += " " + f.Browser.Version
	}
	switch i := slices.Index(r.Browsers, f.Browser.Name); {
	case i < 0:
		return x.notMet(CauseUnlisted, fmt.Sprintf("This browser is %s; the exam accepts %s.", name, x.Required), fmt.Sprintf("Install %s and use it for the exam.", accepted[0])), true
	case i > 0:
		return x.onlyJust(CauseAdvised, fmt.Sprintf("This browser is %s, which is accepted; %s is preferred.", name, accepted[0]), fmt.Sprintf("Use %s if you can.", accepted[0])), true
	}
	return x.met(fmt.Sprintf("This browser is %s.", x.Found)), true
}

// judgeAccess judges whether a device could be used at all. ok: it could.
func judgeAccess(x Finding, a Access, device string) (_ Finding, ok bool) {
	switch a {
	case Granted:
		return x, true
	case Denied:
		x.Remedy = fmt.Sprintf("Allow this page to use the %s: in the browser beside the page's address, and in the system's privacy settings. Then check again.", device)
		return x.notKnown(CauseDenied, fmt.Sprintf("This page was not allowed to use the %s.", device), ""), false
	case Missing:
		return x.notMet(CauseMissing, fmt.Sprintf("No %s was found.", device), fmt.Sprintf("Connect a %s, or turn it on, and check again.", device)), false
	case Failed:
		return x.notMet(CauseFailed, fmt.Sprintf("The %s could not be opened.", device), fmt.Sprintf("Close other programs that use the %s, such as video calls. Disconnect it, connect it again, and check again.", device)), false
	}
	return x.notKnown(CauseUnseen, fmt.Sprintf("The %s cannot be checked here.", device), openPage), false
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
	x, usable := judgeAccess(x, w.Access, "webcam")
	if !usable {
		return x, true
	}
	if w.Frames != nil && *w.Frames == 0 {
		return x.notMet(CauseNoPicture, "The webcam is there but sends no picture.", "Close other programs that use the webcam, disconnect it, connect it again, and check again."), true
	}
	if is(w.Black) {
		return x.notMet(CauseBlack, "The webcam's picture is black.", "Open the webcam's cover, turn on a light, look for a key or switch that turns the webcam off, and check again."), true
	}
	if is(w.Frozen) {
		return x.notMet(CauseFrozen, "The webcam's picture does not move.", "Move in front of the webcam. If the picture still stands, disconnect the webcam, connect it again, or choose another one."), true
	}
	if w.Width == nil || w.Height == nil || w.Frames == nil || w.Black == nil || w.Frozen == nil {
		return x.notKnown(CauseUncertain, "Not everything about the webcam's picture is known.", openPage), true
	}
	if _, _, err := r.Webcam.Size(); r.Webcam != "" && err != nil {
		return x.notKnown(CauseUncertain, fmt.Sprintf("The exam needs a webcam of %q, which this version of examlink cannot compare.", r.Webcam), readRules), true
	}
	size := Resolution(fmt.Sprintf("%dx%d", *w.Width, *w.Height))
	x.Found = string(size)
	const better = "Choose another webcam if you have one, or close programs that limit it."
	switch {
	case r.Webcam != "" && !atLeast(size, r.Webcam):
		return x.notMet(CauseBelow, fmt.Sprintf("The webcam's picture has %s pixels; the exam needs %s.", size, r.Webcam), better), true
	case r.WebcamRecommended != "" && !atLeast(size, r.WebcamRecommended):
		return x.onlyJust(CauseAdvised, fmt.Sprintf("The webcam's picture has %s pixels; %s is recommended.", size, r.WebcamRecommended), better), true
	}
	return x.met(fmt.Sprintf("The webcam works, with %s pixels.", size)), true
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
	x, usable := judgeAccess(x, m.Access, "microphone")
	if m.Level != nil && usable {
		x.Found = fmt.Sprintf("%.0f dB below full scale", -min(*m.Level, 0))
	}
	switch {
	case !usable:
		return x, true
	case is(m.Silent):
		return x.notMet(CauseSilent, "The microphone is there but hears nothing.", "Speak while it is checked. See that it is not muted, by a key, a switch or the system's sound settings, or choose another microphone."), true
	case m.Silent == nil:
		return x.notKnown(CauseUncertain, "Whether the microphone hears something is not known.", openPage), true
	case is(m.Clipping):
		return x.onlyJust(CauseClipping, "The microphone works but is too loud, so that speech is distorted.", "Turn the microphone's level down in the system's sound settings, or move away from it."), true
	}
	return x.met("The microphone works."), true
}

// judgeOthers tells of requirements that this version does not know: those of an
// exam's server that is newer.
func judgeOthers(_ Facts, r Requirements) (Finding, bool) {
	for _, x := range r.Refused {
		if !slices.Contains(Refusals(), x) {
			return Finding{ID: IDOther, Required: string(x)}.notKnown(CauseUnseen, fmt.Sprintf("The exam refuses %q, which this version of examlink cannot check.", x), readRules), true
		}
	}
	return Finding{}, false
}

func is(b *bool) bool { return b != nil && *b }
