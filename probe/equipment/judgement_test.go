package equipment

import (
	"strings"
	"testing"
)

func known[T any](v T) *T { return &v }

// found returns the finding for a requirement.
func findingOf(t *testing.T, f Facts, r Requirements, id ID) Finding {
	t.Helper()
	for _, x := range Findings(f, r) {
		if x.ID == id {
			return x
		}
	}
	t.Fatalf("no finding for %s", id)
	return Finding{}
}

func system(name, version string) Facts { return Facts{System: &System{Name: name, Version: version}} }

func webcam(w, h, frames int, black, frozen bool) Facts {
	return Facts{By: ByPage, Webcam: &Webcam{Access: Granted, Width: &w, Height: &h, Frames: &frames, Black: &black, Frozen: &frozen}}
}

func microphone(silent, clipping *bool) Facts {
	return Facts{Microphone: &Microphone{Access: Granted, Level: known(-20.0), Silent: silent, Clipping: clipping}}
}

func memory(bytes int64) Facts { return Facts{Memory: &Memory{Bytes: &bytes}} }

func rounded(gib float64) Facts { return Facts{Memory: &Memory{Rounded: &gib}} }

func signs(looked []Evidence, of ...Evidence) Facts {
	v := &VirtualMachine{Looked: looked}
	for _, s := range of {
		v.Signs = append(v.Signs, Sign{s, "what the " + string(s) + " says"})
	}
	return Facts{VirtualMachine: v}
}

func TestFindings(t *testing.T) {
	all := []Evidence{Processor, Firmware, Devices}
	older, newer := ProctorU2019(), ProctorU2020()
	for name, c := range map[string]struct {
		facts  Facts
		r      Requirements
		id     ID
		status Status
		cause  Cause
		says   string // in the sentence
	}{
		"Windows 11":             {system(Windows, "11"), older, IDSystem, Met, "", "Windows 11"},
		"Windows 8.1":            {system(Windows, "8.1"), older, IDSystem, OnlyJust, CauseAdvised, "10 or newer is recommended"},
		"Windows Vista":          {system(Windows, "vista"), older, IDSystem, OnlyJust, CauseAdvised, "Windows Vista"},
		"Windows XP":             {system(Windows, "xp"), older, IDSystem, NotMet, CauseBelow, "needs Vista or newer"},
		"Windows 7, later rules": {system(Windows, "7"), newer, IDSystem, NotMet, CauseBelow, "needs 8 or newer"},
		"Windows, no version":    {system(Windows, ""), older, IDSystem, NotKnown, CauseUncertain, "version is not known"},
		"Windows 11 by a hint":   {Facts{System: &System{Name: Windows, Hint: "15.0.0"}}, older, IDSystem, Met, "", "Windows 11"},
		"Windows 10 by a hint":   {Facts{System: &System{Name: Windows, Hint: "10.0.0"}}, older, IDSystem, Met, "", "Windows 10"},
		"Windows 7 by a hint":    {Facts{System: &System{Name: Windows, Hint: "0.1.0"}}, older, IDSystem, OnlyJust, CauseAdvised, "Windows 7"},
		"a hint that says none":  {Facts{System: &System{Name: Windows, Hint: "0.0.0"}}, older, IDSystem, NotKnown, CauseUncertain, "not known"},
		"macOS 14.5":             {system(MacOS, "14.5"), older, IDSystem, Met, "", "macOS 14.5"},
		"macOS by a hint":        {Facts{System: &System{Name: MacOS, Hint: "12.6.3"}}, older, IDSystem, Met, "", "macOS 12.6.3"},
		"macOS 10.9":             {system(MacOS, "10.9"), older, IDSystem, OnlyJust, CauseAdvised, "10.13 or newer is recommended"},
		"macOS 10.4.11":          {system(MacOS, "10.4.11"), older, IDSystem, NotMet, CauseBelow, "needs 10.5"},
		"macOS 10 of some sort":  {system(MacOS, "10"), older, IDSystem, NotKnown, CauseUncertain, "not all of its version"},
		"Windows 10 or newer":    {Facts{System: &System{Name: Windows, Version: "10", OrNewer: true}}, older, IDSystem, Met, "", "Windows 10"},
		"not old enough to tell": {Facts{By: ByPage, System: &System{Name: Windows, Version: "7", OrNewer: true}}, newer, IDSystem, NotKnown, CauseUncertain, "Windows 7 or newer"},
		"Linux":                  {system(Linux, "6.1"), older, IDSystem, NotMet, CauseRefused, "runs Linux"},
		"Chromebook":             {system(ChromeOS, ""), older, IDSystem, NotMet, CauseRefused, "Chromebook"},
		"Windows RT":             {system(WindowsRT, ""), older, IDSystem, NotMet, CauseRefused, "Windows RT"},
		"FreeBSD":                {system("freebsd", "14"), older, IDSystem, NotMet, CauseUnlisted, "FreeBSD"},
		"no system":              {Facts{}, older, IDSystem, NotKnown, CauseUnseen, "could not be determined"},

		"S mode":           {Facts{System: &System{Name: Windows, SMode: known(true)}}, older, IDSMode, NotMet, CauseRefused, "in S mode"},
		"not S mode":       {Facts{System: &System{Name: Windows, SMode: known(false)}}, older, IDSMode, Met, "", "not in S mode"},
		"S mode not known": {Facts{By: ByPage, System: &System{Name: Windows}}, older, IDSMode, NotKnown, CauseUnseen, "could not be determined"},

		"a tablet":         {Facts{Tablet: known(true)}, older, IDTablet, NotMet, CauseRefused, "tablet"},
		"an iPad":          {system(IPadOS, "17"), older, IDTablet, NotMet, CauseRefused, "tablet"},
		"no tablet":        {Facts{Tablet: known(false)}, older, IDTablet, Met, "", "neither"},
		"tablet not known": {Facts{}, older, IDTablet, NotKnown, CauseUnseen, "could not"},

		"two signs":             {signs(all, Firmware, Devices), older, IDVirtualMachine, NotMet, CauseRefused, "Two signs of a virtual machine: what the firmware says; what the devices says."},
		"three signs":           {signs(all, all...), older, IDVirtualMachine, NotMet, CauseRefused, "Three signs"},
		"one sign":              {signs(all, Processor), older, IDVirtualMachine, NotKnown, CauseUncertain, "other explanations"},
		"one source twice":      {signs(all, Firmware, Firmware), older, IDVirtualMachine, NotKnown, CauseUncertain, "other explanations"},
		"no sign":               {signs(all), older, IDVirtualMachine, Met, "", "no sign"},
		"no sign in one source": {signs(all[:1]), older, IDVirtualMachine, NotKnown, CauseUncertain, "too little"},
		"nothing looked at":     {Facts{By: ByPage}, older, IDVirtualMachine, NotKnown, CauseUnseen, "could not"},

		"memory":                 {memory(16234 << 20), older, IDMemory, Met, "", "15.9 GB"},
		"a computer of 1 GiB":    {memory(980 << 20), older, IDMemory, Met, "", "980 MB"},
		"half of it":             {memory(512 << 20), older, IDMemory, NotMet, CauseBelow, "512 MB of memory; the exam needs 1024 MB"},
		"4 GiB less graphics":    {memory(3700 << 20), newer, IDMemory, OnlyJust, CauseAdvised, "16 GB are recommended"},
		"2 GiB":                  {memory(2 << 30), newer, IDMemory, NotMet, CauseBelow, "2 GB"},
		"a browser says 8":       {rounded(8), newer, IDMemory, Met, "", "about 8 GB"},
		"a browser says 4":       {rounded(4), older, IDMemory, Met, "", "about 4 GB"},
		"a browser says 4 of 4":  {rounded(4), newer, IDMemory, NotKnown, CauseUncertain, "does not tell"},
		"a browser says 2":       {rounded(2), older, IDMemory, NotKnown, CauseUncertain, "does not tell"},
		"a browser says 0.25":    {rounded(0.25), older, IDMemory, NotMet, CauseBelow, "about 0.25 GB"},
		"a browser says nothing": {Facts{By: ByPage}, older, IDMemory, NotKnown, CauseUnseen, "could not"},

		"Chrome":     {Facts{Browser: &Browser{"chrome", "140"}}, older, IDBrowser, Met, "", "Chrome 140"},
		"Chromium":   {Facts{Browser: &Browser{Name: "chromium"}}, older, IDBrowser, Met, "", "Chromium"},
		"Firefox":    {Facts{Browser: &Browser{Name: "firefox"}}, older, IDBrowser, Met, "", "which is accepted; Chrome is preferred"},
		"Edge":       {Facts{Browser: &Browser{Name: "edge"}}, older, IDBrowser, NotMet, CauseUnlisted, "accepts: Chrome, Firefox, Safari."},
		"no browser": {Facts{By: ByProgram}, older, IDBrowser, NotKnown, CauseUnseen, "not known here"},
		"no name":    {Facts{By: ByPage}, older, IDBrowser, NotKnown, CauseUnseen, "does not say what it is"},

		"webcam 1280x720":   {webcam(1280, 720, 90, false, false), older, IDWebcam, Met, "", "1280x720"},
		"webcam 640x480":    {webcam(640, 480, 90, false, false), older, IDWebcam, OnlyJust, CauseAdvised, "1280x720 is recommended"},
		"webcam 320x240":    {webcam(320, 240, 90, false, false), older, IDWebcam, NotMet, CauseBelow, "needs 640x480"},
		"webcam 640x360":    {webcam(640, 360, 90, false, false), older, IDWebcam, NotMet, CauseBelow, "640x360"},
		"webcam upright":    {webcam(720, 1280, 90, false, false), older, IDWebcam, Met, "", "720x1280"},
		"black":             {webcam(1280, 720, 90, true, true), older, IDWebcam, NotMet, CauseBlack, "black"},
		"frozen":            {webcam(1280, 720, 90, false, true), older, IDWebcam, NotMet, CauseFrozen, "does not move"},
		"no frames":         {webcam(1280, 720, 0, false, false), older, IDWebcam, NotMet, CauseNoPicture, "sends no picture"},
		"webcam denied":     {Facts{Webcam: &Webcam{Access: Denied}}, older, IDWebcam, NotMet, CauseDenied, "not allowed"},
		"no webcam":         {Facts{Webcam: &Webcam{Access: Missing}}, older, IDWebcam, NotMet, CauseMissing, "No webcam"},
		"webcam in use":     {Facts{Webcam: &Webcam{Access: Failed}}, older, IDWebcam, NotMet, CauseFailed, "could not be opened"},
		"half of a webcam":  {Facts{Webcam: &Webcam{Access: Granted, Width: known(1280), Height: known(720), Frames: known(9)}}, older, IDWebcam, NotKnown, CauseUncertain, "Not everything"},
		"webcam not looked": {Facts{By: ByProgram}, older, IDWebcam, NotKnown, CauseUnseen, "cannot be checked here"},
		"webcam not tested": {Facts{By: ByPage}, older, IDWebcam, NotKnown, CauseUntested, "was not tested"},

		"microphone":           {microphone(known(false), known(false)), older, IDMicrophone, Met, "", "works"},
		"silent":               {microphone(known(true), known(false)), older, IDMicrophone, NotMet, CauseSilent, "hears nothing"},
		"clipping":             {microphone(known(false), known(true)), older, IDMicrophone, OnlyJust, CauseClipping, "too loud"},
		"nobody listened":      {microphone(nil, nil), older, IDMicrophone, NotKnown, CauseUncertain, "not known"},
		"microphone denied":    {Facts{Microphone: &Microphone{Access: Denied}}, older, IDMicrophone, NotMet, CauseDenied, "not allowed"},
		"no microphone":        {Facts{Microphone: &Microphone{Access: Missing}}, older, IDMicrophone, NotMet, CauseMissing, "No microphone"},
		"microphone not heard": {Facts{}, older, IDMicrophone, NotKnown, CauseUnseen, "cannot be checked here"},

		"a newer server's version": {system(MacOS, "14"), Requirements{Systems: []Accepted{{Name: MacOS, Minimum: "Sonoma"}}}, IDSystem, NotKnown, CauseUncertain, `"Sonoma"`},
		"a newer server's webcam":  {webcam(1280, 720, 9, false, false), Requirements{Webcam: "720p"}, IDWebcam, NotKnown, CauseUncertain, `"720p"`},
		"a newer server's refusal": {Facts{}, Requirements{Refused: []Refusal{"hologram"}}, IDOther, NotKnown, CauseUnseen, `"hologram"`},
	} {
		t.Run(name, func(t *testing.T) {
			x := findingOf(t, c.facts, c.r, c.id)
			if x.Status != c.status || x.Cause != c.cause || !strings.Contains(x.Sentence, c.says) {
				t.Errorf("%s, %q: %s\nwant %s, %q: ... %s ...", x.Status, x.Cause, x.Sentence, c.status, c.cause, c.says)
			}
		})
	}
}

// Every finding can be acted upon, and has a name.
func TestFindingsSayWhatToDo(t *testing.T) {
	for _, f := range []Facts{
		{By: ByProgram}, {By: ByPage}, system(Linux, ""), webcam(1, 1, 1, true, false), webcam(1, 1, 1, false, false), memory(1),
		{Webcam: &Webcam{Access: Denied}, Microphone: &Microphone{Access: Denied}},
		{Webcam: &Webcam{Access: Failed}, Microphone: &Microphone{Access: Missing}}, signs(nil, Firmware), signs(nil, Firmware, Devices),
	} {
		for _, x := range Findings(f, ProctorU2019()) {
			if words[x.Words] == "" || (x.Advice == "") != (x.Status == Met) || x.Advice != "" && words[x.Advice] == "" {
				t.Errorf("%s, %s: no words for %q and %q", x.ID, x.Cause, x.Words, x.Advice)
			}
			if said := x.Sentence + x.Remedy + x.FindOut; strings.ContainsAny(said, "{}") || said != fill(words[x.Words]+words[x.Advice], x.Values) {
				t.Errorf("%s, %s: its values do not make its words: %q", x.ID, x.Cause, said)
			}
			if x.ID.Title() == "" || x.Required == "" || x.Sentence == "" || (x.Status == Met) != (x.Cause == "") {
				t.Errorf("%+v", x)
			}
			if x.Status != Met && x.Remedy == "" && x.FindOut == "" {
				t.Errorf("%s, %s: neither a remedy nor where to find out", x.ID, x.Cause)
			}
		}
	}
}

// What a page cannot know, the command can.
func TestPagesNameTheCommand(t *testing.T) {
	for _, id := range []ID{IDSystem, IDVirtualMachine, IDMemory} {
		if x := findingOf(t, Facts{By: ByPage}, ProctorU2019(), id); !strings.Contains(x.FindOut, "examlink check") {
			t.Errorf("%s: %q", id, x.FindOut)
		}
	}
	for _, id := range []ID{IDBrowser, IDWebcam, IDMicrophone} {
		if x := findingOf(t, Facts{By: ByProgram}, ProctorU2019(), id); !strings.Contains(x.FindOut, "check page") {
			t.Errorf("%s: %q", id, x.FindOut)
		}
	}
}

func TestJudge(t *testing.T) {
	good := webcam(1280, 720, 90, false, false)
	good.System, good.Memory = &System{Name: Windows, Version: "11", SMode: known(false)}, memory(16e9).Memory
	good.Tablet, good.VirtualMachine = known(false), signs([]Evidence{Firmware, Devices}).VirtualMachine
	good.Browser, good.Microphone = &Browser{"chrome", "140"}, microphone(known(false), known(false)).Microphone
	justSo := good
	justSo.Browser = &Browser{"safari", "17"}
	unseen := good
	unseen.Webcam, unseen.Microphone = nil, nil
	bad := unseen
	bad.System = &System{Name: Linux, Title: "Debian 12"}
	bad.Memory = memory(512 << 20).Memory
	for name, c := range map[string]struct {
		f       Facts
		r       Requirements
		outcome Outcome
		says    string
	}{
		"all":             {good, ProctorU2019(), Meets, "This computer meets the exam's requirements."},
		"only just":       {justSo, ProctorU2019(), Meets, "This computer meets the exam's requirements."},
		"not all seen":    {unseen, ProctorU2019(), Incomplete, "Not known here: webcam, microphone."},
		"Linux":           {bad, ProctorU2019(), Fails, "requirements: operating system (Linux, Debian 12), memory (512 MB)."},
		"nothing at all":  {Facts{}, ProctorU2019(), Incomplete, "Not known here: operating system, S mode of Windows, "},
		"no requirements": {bad, Requirements{}, Unasked, "says nothing about the computer"},
	} {
		if j := Judge(c.f, c.r); j.Outcome != c.outcome || !strings.Contains(j.Sentence, c.says) {
			t.Errorf("%s: %s: %s", name, j.Outcome, j.Sentence)
		}
	}
}

// A fact that goes missing never makes a finding better.
func TestMissingFactsMeetNothing(t *testing.T) {
	for _, x := range Findings(Facts{}, ProctorU2020()) {
		if x.Status != NotKnown {
			t.Errorf("%s without facts: %s", x.ID, x.Status)
		}
	}
	empty := Facts{System: &System{}, Memory: &Memory{}, VirtualMachine: &VirtualMachine{}, Browser: &Browser{}, Webcam: &Webcam{}, Microphone: &Microphone{}}
	for _, x := range Findings(empty, ProctorU2020()) {
		if x.Status != NotKnown {
			t.Errorf("%s with empty facts: %s", x.ID, x.Status)
		}
	}
}
