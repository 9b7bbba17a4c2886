package board

import "time"

// State is what a proctor is told about a student, of a closed list.
type State string

// The states, the worst first.
const (
	Dropped          State = "dropped"           // no packet for so long that the connection is down
	BelowMinimum     State = "below-minimum"     // the link is worse than the policy's minimum
	Suspect          State = "suspect"           // no packet for a moment; it may be harmless
	NeverConnected   State = "never-connected"   // on the roster, without a watch since the exam began
	BelowRecommended State = "below-recommended" // above the minimum, below what is recommended
	Testing          State = "testing"           // a check, or a watch before its first figures
	Good             State = "good"
	Ended            State = "ended" // was connected, and has left
)

// States lists the states, the worst first.
func States() []State {
	return []State{Dropped, BelowMinimum, Suspect, NeverConnected, BelowRecommended, Testing, Good, Ended}
}

// Rank places a row among others: the numbers are compared one after the other, and lower
// ones come first. The last one never differs while a state lasts, so that rows keep their
// places.
type Rank [3]int64

// The classes of Rank's first number. A state has more than one where some of its students
// are worse off than others.
const (
	classExamRelevant int64 = iota // dropped for so long that it matters for the exam
	classDropped
	classBelowMinimum
	classSuspect
	classAbsent // not connected although there was time
	classWarned // another warning is open
	classBelowRecommended
	classAwaited // not connected yet
	classTesting
	classGood
	classEnded
)

// rank returns the place of a row. More warnings come first, then what has lasted longer.
func rank(class int64, warnings int, since time.Time) Rank {
	r := Rank{class, -int64(warnings), 0}
	if !since.IsZero() {
		r[2] = since.UnixMilli()
	}
	return r
}
