// Package event carries what happens on a server to whoever wants to know:
// alerts, metrics, the log, boards. Events are typed, stamped where they happen
// and numbered in the order they are published.
//
// It refuses to know what the events mean, and where their subscribers send them.
package event

import (
	"encoding/json"
	"time"

	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// Event is one thing that happened.
type Event struct {
	// Number is 1 for the first event and one more for each that follows. Publish
	// sets it.
	Number uint64 `json:"number"`
	// At is the server's clock where the event happened.
	At time.Time `json:"at"`
	// Server is the run of another server that shares the store, where the event
	// happened; empty: it happened here.
	Server string `json:"server,omitempty"`
	// Session is the session concerned, as it was then; its ID is empty when the
	// event is about no session, or none was opened.
	Session Session `json:"session"`
	Payload Payload `json:"payload"`
}

// Session is what subscribers are told about a session. Students are named by
// their pseudonyms.
type Session struct {
	ID        string `json:"session"`
	Exam      string `json:"exam"`
	Student   string `json:"student"`
	Token     string `json:"-"`         // the join token's identifier
	Purpose   string `json:"purpose"`   // check, watch
	Transport string `json:"transport"` // what carries it now, or carried it last
	State     string `json:"state"`
	// LastPacket is when the last authentic packet came, by the server's clock.
	LastPacket time.Time `json:"last_packet"`
	// Claimed are the client's own warnings that are active.
	Claimed []ClaimedWarning `json:"claimed_warnings,omitempty"`
}

// ClaimedWarning is an active warning of a client. Its free text is left out.
type ClaimedWarning struct {
	Kind  warning.Kind  `json:"kind"`
	Since time.Time     `json:"since"` // the client's clock
	Cause warning.Cause `json:"cause,omitempty"`
}

// Payload is one of the types below.
type Payload interface{ Kind() Kind }

// Kind names a type of payload.
type Kind string

// The kinds.
const (
	KindAdmitted Kind = "admitted"
	KindResumed  Kind = "resumed"
	KindRestored Kind = "restored"
	KindRefused  Kind = "refused"
	KindState    Kind = "state"
	KindReading  Kind = "reading"
	KindClaim    Kind = "claim"
	KindReport   Kind = "report"
	KindVerdict  Kind = "verdict"
	KindWarning  Kind = "warning"
	KindIncident Kind = "incident"
	KindEnded    Kind = "ended"
	KindRevoked  Kind = "revoked"
)

type (
	// Admitted says that a session was opened.
	Admitted struct{}
	// Resumed says that a session goes on over another connection.
	Resumed struct{}
	// Restored says that a session of an earlier run, or of a server that is gone, is
	// followed from here on: it has not come back yet.
	Restored struct{}
	// Refused says that a request was refused: a session, a train, a report.
	Refused struct {
		Reason wire.Refusal `json:"reason"`
		Detail string       `json:"detail"`
	}
	// State says that the server's own timers moved a session to another state,
	// which the event's Session names.
	State struct {
		From   string        `json:"from"`
		Silent time.Duration `json:"-"` // since the last authentic packet
	}
	// Reading is what the server itself read of a train going up.
	Reading struct {
		Report wire.TrainReport `json:"report"`
		// Measures is false for a glance, which is too short to read a rate.
		Measures bool `json:"measures"`
	}
	// Claim is what a client says it read of a train going down. Only the train
	// that was sent to it last makes one, once.
	Claim struct {
		Report wire.TrainReport `json:"report"`
	}
	// Report says that a report of the client was accepted, or repeated.
	Report struct {
		About    wire.ReportKind `json:"about"`
		Repeated bool            `json:"repeated"`
		// Minute has the figures of a minute, of a report about one.
		Minute *Minute `json:"minute,omitempty"`
	}
	// Minute is what a client says of its latest minute; nil is unknown.
	Minute struct {
		RoundTrip *float64 `json:"round_trip_delay_seconds,omitempty"` // median
		LossUp    *float64 `json:"loss_up,omitempty"`                  // share from 0 to 1
		LossDown  *float64 `json:"loss_down,omitempty"`
	}
	// Verdict is what the client says its check came to, and the server's own view.
	Verdict struct {
		verdict.Summary
		Judged verdict.Summary `json:"judged"`
	}
	// Warning is a warning of the server's about one session, raised or cleared; never-
	// connected is about a student without one, or those of an exam together.
	Warning struct {
		ID        string    `json:"id"`
		Name      string    `json:"name"` // suspect, dropped, exam-relevant, below-minimum, never-connected, recovered
		Active    bool      `json:"active"`
		Direction string    `json:"direction,omitempty"`
		Severity  string    `json:"severity"`
		Since     time.Time `json:"since"`
		Incident  string    `json:"incident,omitempty"`
		Sentence  string    `json:"sentence"`
		// Notice is all that receivers of notices get, as JSON of an alert.Notice.
		Notice json.RawMessage `json:"-"`
	}
	// Incident is many sessions in the same trouble at once, raised, updated or
	// cleared.
	Incident struct {
		ID        string    `json:"id"`
		Active    bool      `json:"active"`
		Direction string    `json:"direction,omitempty"`
		Exams     []string  `json:"exams"`
		Affected  int       `json:"affected"`
		Since     time.Time `json:"since"`
		Sentence  string    `json:"sentence"`
		// Notice is as in Warning.
		Notice json.RawMessage `json:"-"`
	}
	// Ended says that a session is over. Nothing follows about it.
	Ended struct {
		From string `json:"from"` // the state it ended in
		Why  string `json:"why"`  // goodbye, silent, replaced, revoked
	}
	// Revoked says that join tokens admit nobody any more, and that their sessions end.
	Revoked struct {
		Tokens []string `json:"tokens"` // identifiers
	}
)

// Kind implements Payload.
func (Admitted) Kind() Kind { return KindAdmitted }

// Kind implements Payload.
func (Resumed) Kind() Kind { return KindResumed }

// Kind implements Payload.
func (Restored) Kind() Kind { return KindRestored }

// Kind implements Payload.
func (Refused) Kind() Kind { return KindRefused }

// Kind implements Payload.
func (State) Kind() Kind { return KindState }

// Kind implements Payload.
func (Reading) Kind() Kind { return KindReading }

// Kind implements Payload.
func (Claim) Kind() Kind { return KindClaim }

// Kind implements Payload.
func (Report) Kind() Kind { return KindReport }

// Kind implements Payload.
func (Verdict) Kind() Kind { return KindVerdict }

// Kind implements Payload.
func (Warning) Kind() Kind { return KindWarning }

// Kind implements Payload.
func (Incident) Kind() Kind { return KindIncident }

// Kind implements Payload.
func (Ended) Kind() Kind { return KindEnded }

// Kind implements Payload.
func (Revoked) Kind() Kind { return KindRevoked }
