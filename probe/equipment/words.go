package equipment

import (
	"maps"
	"strings"
)

// Values fill the {places} of words: names, versions and figures, in no language.
type Values map[string]string

// Words returns the words of all findings, their advice and the names of requirements,
// in English, by keys that stay the same from version to version. A page has its own
// catalogue with the same keys, for other languages.
func Words() map[string]string { return maps.Clone(words) }

// fill puts values into the places of a text.
func fill(text string, v Values) string {
	pairs := make([]string, 0, 2*len(v))
	for name, value := range v {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text) // places within values stay
}

// Keys of advice that several findings share: where things can be found out, and what
// to do.
const (
	askProgram = "todo.program"
	askPage    = "todo.page"
	askRules   = "todo.rules"
	askAbout   = "todo.about"
	askHost    = "todo.host"
)

var words = map[string]string{
	// Names of requirements within a sentence.
	"system": "operating system", "windows-s": "S mode of Windows", "tablet": "kind of device", "virtual-machine": "virtual machine",
	"memory": "memory", "browser": "browser", "webcam": "webcam", "microphone": "microphone", "other": "other requirements",

	askProgram: "Run the command examlink check on the computer that you will use in the exam.",
	askPage:    "Open the exam's check page, if you have a link to it, in the browser that you will use in the exam.",
	askRules:   "Read the exam's requirements.",
	askAbout:   "On Windows open Settings, System, About. On a Mac open the Apple menu, About This Mac.",
	askHost:    "If you use a virtual machine, take the exam on the computer it runs on.",

	"system.met":              "This computer runs {found}.",
	"system.unseen":           "The operating system could not be determined.",
	"system.chromebook":       "This computer is a Chromebook, which the exam does not accept.",
	"system.refused":          "This computer runs {name}, which the exam does not accept.",
	"system.unlisted":         "This computer runs {found}, which is not among the systems that the exam accepts.",
	"system.below":            "This computer runs {found}; the exam needs {needed} or newer.",
	"system.advised":          "This computer runs {found}; {advised} or newer is recommended.",
	"system.uncertain":        "This computer runs {name}, but its version is not known.",
	"system.uncertain.partly": "This computer runs {found}, but not all of its version is known.",
	"system.uncertain.newer":  "This computer runs {found} or newer; which one is not known.",
	"system.uncertain.needed": "The exam needs version {needed} of {name}, which this version of examlink cannot compare.",
	"system.other.todo":       "Use another computer for the exam.",
	"system.accepted.todo":    "Use a computer with one of these systems, or a newer version, for the exam: {accepted}.",
	"system.update.todo":      "Update {name}, well before the exam.",

	"windows-s.met":          "Windows is not in S mode.",
	"windows-s.unseen":       "Whether Windows is in S mode could not be determined.",
	"windows-s.refused":      "Windows is in S mode, which the exam does not accept.",
	"windows-s.unseen.todo":  "On Windows open Settings, System, Activation: S mode is named there. On other systems there is none.",
	"windows-s.refused.todo": "Switch out of S mode: open Settings, System, Activation. It is free and cannot be undone.",

	"tablet.met":          "This is neither a tablet nor a phone.",
	"tablet.unseen":       "Whether this is a tablet could not be determined.",
	"tablet.refused":      "This is a tablet or phone, which the exam does not accept.",
	"tablet.unseen.todo":  "See what your computer is sold as: tablets are not accepted.",
	"tablet.refused.todo": "Use a laptop or a desktop computer for the exam.",

	"virtual-machine.met":            "There is no sign of a virtual machine.",
	"virtual-machine.unseen":         "Whether this is a virtual machine could not be determined.",
	"virtual-machine.two":            "Two signs of a virtual machine: {signs}. The exam does not accept virtual machines.",
	"virtual-machine.three":          "Three signs of a virtual machine: {signs}. The exam does not accept virtual machines.",
	"virtual-machine.refused.todo":   "If you use a virtual machine, take the exam on the computer it runs on. If you do not, tell your exam's contact what is listed here.",
	"virtual-machine.uncertain.sign": "One sign of a virtual machine: {signs}. One sign alone has other explanations.",
	"virtual-machine.uncertain":      "No sign of a virtual machine was found, but too little could be read to tell.",

	"memory.met":             "This computer has {found} of memory.",
	"memory.met.rounded":     "This computer has about {found} of memory.",
	"memory.unseen":          "The amount of memory could not be determined.",
	"memory.below":           "This computer has {found} of memory; the exam needs {needed}.",
	"memory.below.rounded":   "This computer has about {found} of memory; the exam needs {needed}.",
	"memory.advised":         "This computer has {found} of memory; {advised} are recommended.",
	"memory.advised.rounded": "This computer has about {found} of memory; {advised} are recommended.",
	"memory.uncertain":       "The browser rounds the amount of memory to about {found}, which does not tell whether the {needed} that the exam needs are there.",
	"memory.below.todo":      "Use a computer with more memory for the exam, or have more memory put in.",
	"memory.advised.todo":    "Close other programs before the exam.",

	"browser.met":           "This browser is {found}.",
	"browser.met.other":     "This browser is {found}, which is accepted; {first} is preferred.",
	"browser.unseen":        "The browser that you will use is not known here.",
	"browser.unnamed":       "This browser does not say what it is.",
	"browser.unlisted":      "This browser is {name}. The exam accepts: {accepted}.",
	"browser.unnamed.todo":  "Open the exam's check page in {first}, and use that for the exam.",
	"browser.unlisted.todo": "Install {first}, open the exam's check page in it, and use it for the exam.",

	"webcam.met":            "The webcam works, with {found} pixels.",
	"webcam.unseen":         "The webcam cannot be checked here.",
	"webcam.untested":       "The webcam was not tested.",
	"webcam.denied":         "This page was not allowed to use the webcam.",
	"webcam.missing":        "No webcam was found.",
	"webcam.failed":         "The webcam could not be opened.",
	"webcam.nothing":        "The webcam is there but sends no picture.",
	"webcam.black":          "The webcam's picture is black.",
	"webcam.frozen":         "The webcam's picture does not move.",
	"webcam.uncertain":      "Not everything about the webcam's picture is known.",
	"webcam.needed":         "The exam needs a webcam of {needed}, which this version of examlink cannot compare.",
	"webcam.below":          "The webcam's picture has {found} pixels; the exam needs {needed}.",
	"webcam.advised":        "The webcam's picture has {found} pixels; {advised} is recommended.",
	"webcam.untested.todo":  "Check again and turn on the webcam.",
	"webcam.denied.todo":    "Allow this page to use the webcam: in the browser beside the page's address, and in the system's privacy settings. Then check again.",
	"webcam.missing.todo":   "Connect a webcam, or turn it on, and check again.",
	"webcam.failed.todo":    "Close other programs that use the webcam, such as video calls. Disconnect it, connect it again, and check again.",
	"webcam.nothing.todo":   "Close other programs that use the webcam, disconnect it, connect it again, and check again.",
	"webcam.black.todo":     "Open the webcam's cover, turn on a light, look for a key or switch that turns the webcam off, and check again.",
	"webcam.frozen.todo":    "Move in front of the webcam. If the picture still stands, disconnect the webcam, connect it again, or choose another one.",
	"webcam.uncertain.todo": "Check again, and wait until the page has judged the picture.",
	"webcam.better.todo":    "Choose another webcam if you have one, or close programs that limit it.",

	"microphone.met":            "The microphone works.",
	"microphone.unseen":         "The microphone cannot be checked here.",
	"microphone.untested":       "The microphone was not tested.",
	"microphone.denied":         "This page was not allowed to use the microphone.",
	"microphone.missing":        "No microphone was found.",
	"microphone.failed":         "The microphone could not be opened.",
	"microphone.silent":         "The microphone is there but hears nothing.",
	"microphone.clipping":       "The microphone works but is too loud, so that speech is distorted.",
	"microphone.uncertain":      "Whether the microphone hears something is not known.",
	"microphone.untested.todo":  "Check again and turn on the microphone.",
	"microphone.denied.todo":    "Allow this page to use the microphone: in the browser beside the page's address, and in the system's privacy settings. Then check again.",
	"microphone.missing.todo":   "Connect a microphone, or turn it on, and check again.",
	"microphone.failed.todo":    "Close other programs that use the microphone, such as video calls. Disconnect it, connect it again, and check again.",
	"microphone.silent.todo":    "Speak while it is checked. See that it is not muted, by a key, a switch or the system's sound settings, or choose another microphone.",
	"microphone.clipping.todo":  "Turn the microphone's level down in the system's sound settings, or move away from it.",
	"microphone.uncertain.todo": "Check again, and speak until the page has heard you.",

	"other.unseen": "The exam refuses {refused}, which this version of examlink cannot check.",
}
