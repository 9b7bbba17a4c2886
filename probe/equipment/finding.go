package equipment

import "strings"

// ID names a requirement. It stays the same from version to version, so that a page
// can have its own words for it.
type ID string

// The requirements, in the order of findings.
const (
	IDSystem         ID = "system"
	IDSMode          ID = "windows-s"
	IDTablet         ID = "tablet"
	IDVirtualMachine ID = "virtual-machine"
	IDMemory         ID = "memory"
	IDBrowser        ID = "browser"
	IDWebcam         ID = "webcam"
	IDMicrophone     ID = "microphone"
	IDOther          ID = "other" // a requirement that this version does not know
)

// Status says how a computer compares with one requirement.
type Status string

// The statuses.
const (
	Met      Status = "met"
	OnlyJust Status = "only-just" // the minimum is met, the recommendation is not
	NotMet   Status = "not-met"
	NotKnown Status = "not-known" // it cannot be known here
)

// Cause says why a requirement is not met, only just met, or not known.
type Cause string

// The causes.
const (
	CauseUnseen    Cause = "unseen"     // there are no facts about it
	CauseUntested  Cause = "untested"   // a page could see it, but was not let
	CauseRefused   Cause = "refused"    // the exam refuses this kind
	CauseUnlisted  Cause = "unlisted"   // it is not among those that the exam accepts
	CauseBelow     Cause = "below"      // less than the minimum
	CauseAdvised   Cause = "advised"    // less than recommended
	CauseUncertain Cause = "uncertain"  // the facts allow either answer
	CauseDenied    Cause = "denied"     // a page may not use the device
	CauseMissing   Cause = "missing"    // there is no such device
	CauseFailed    Cause = "failed"     // the device cannot be opened
	CauseNoPicture Cause = "no-picture" // the webcam sends nothing
	CauseBlack     Cause = "black"
	CauseFrozen    Cause = "frozen"
	CauseSilent    Cause = "silent"
	CauseClipping  Cause = "clipping"
)

// Finding is the result for one requirement. Sentence, Remedy and FindOut are the words
// of keys of Words, filled with Values.
type Finding struct {
	ID       ID     `json:"id"`
	Status   Status `json:"status"`
	Cause    Cause  `json:"cause,omitempty"` // empty: it is met
	Found    string `json:"found,omitempty"` // what there is, in short; empty: not known
	Required string `json:"required"`        // in short
	Sentence string `json:"sentence"`
	Remedy   string `json:"remedy,omitempty"`   // what to do
	FindOut  string `json:"find_out,omitempty"` // where it can be known: a command or a page
	Words    string `json:"words"`              // key of Sentence
	Advice   string `json:"advice,omitempty"`   // key of Remedy or FindOut
	Values   Values `json:"values,omitempty"`   // those that the two have places for
}

// met, onlyJust, notMet and notKnown complete a finding by the keys of its words and of
// what to do.
func (f Finding) met(key string, v Values) Finding {
	f.Status = Met
	return f.say(key, "", v)
}

func (f Finding) onlyJust(c Cause, key, advice string, v Values) Finding {
	f.Status, f.Cause = OnlyJust, c
	f = f.say(key, advice, v)
	f.Remedy = fill(words[advice], v)
	return f
}

func (f Finding) notMet(c Cause, key, advice string, v Values) Finding {
	f.Status, f.Cause = NotMet, c
	f = f.say(key, advice, v)
	f.Remedy = fill(words[advice], v)
	return f
}

func (f Finding) notKnown(c Cause, key, advice string, v Values) Finding {
	f.Status, f.Cause = NotKnown, c
	f = f.say(key, advice, v)
	f.FindOut = fill(words[advice], v)
	return f
}

func (f Finding) say(key, advice string, v Values) Finding {
	f.Words, f.Advice, f.Sentence = key, advice, fill(words[key], v)
	for name, value := range v {
		if place := "{" + name + "}"; strings.Contains(words[key]+words[advice], place) {
			if f.Values == nil {
				f.Values = Values{}
			}
			f.Values[name] = value
		}
	}
	return f
}
