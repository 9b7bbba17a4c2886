package session

// State is a session's state by the server's own timers.
type State string

// The states.
const (
	Connected    State = "connected" // authenticated, no probe yet
	Live         State = "live"
	Suspect      State = "suspect"
	Dropped      State = "dropped"
	ExamRelevant State = "exam-relevant"
	Ended        State = "ended"
)

// States lists the states of sessions that have not ended; the index is the
// code in metrics.
func States() []State { return []State{Connected, Live, Suspect, Dropped, ExamRelevant} }

// Code returns the index in States; -1 for Ended.
func (s State) Code() int {
	for i, x := range States() {
		if x == s {
			return i
		}
	}
	return -1
}

// Severity orders states: higher is worse.
func (s State) Severity() int {
	switch s {
	case ExamRelevant:
		return 4
	case Dropped:
		return 3
	case Suspect:
		return 2
	case Connected:
		return 1
	default:
		return 0
	}
}

// End is the reason a session ended.
type End string

// The reasons.
const (
	Goodbye  End = "goodbye"  // the client said goodbye
	Silent   End = "silent"   // silent for too long
	Revoked  End = "revoked"  // the join token was revoked
	Moved    End = "moved"    // goes on with another server; nobody is told
	Replaced End = "replaced" // silent, and replaced by a newer session of the same join token
)
