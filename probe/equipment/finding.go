package equipment

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

// Cause says why a requirement is not met, only just met, or not known. Together with
// the ID it determines the sentence.
type Cause string

// The causes.
const (
	CauseUnseen    Cause = "unseen"     // there are no facts about it
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

// Finding is the result for one requirement.
type Finding struct {
	ID       ID     `json:"id"`
	Status   Status `json:"status"`
	Cause    Cause  `json:"cause,omitempty"` // empty: it is met
	Found    string `json:"found,omitempty"` // what there is, in short; empty: not known
	Required string `json:"required"`        // in short
	Sentence string `json:"sentence"`
	Remedy   string `json:"remedy,omitempty"`   // what to do
	FindOut  string `json:"find_out,omitempty"` // where it can be known: a command or a page
}

// met, onlyJust, notMet and notKnown complete a finding.
func (f Finding) met(sentence string) Finding {
	f.Status, f.Sentence = Met, sentence
	return f
}

func (f Finding) onlyJust(c Cause, sentence, remedy string) Finding {
	f.Status, f.Cause, f.Sentence, f.Remedy = OnlyJust, c, sentence, remedy
	return f
}

func (f Finding) notMet(c Cause, sentence, remedy string) Finding {
	f.Status, f.Cause, f.Sentence, f.Remedy = NotMet, c, sentence, remedy
	return f
}

func (f Finding) notKnown(c Cause, sentence, findOut string) Finding {
	f.Status, f.Cause, f.Sentence, f.FindOut = NotKnown, c, sentence, findOut
	return f
}
