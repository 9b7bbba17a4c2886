package alert

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// Schema is the version of the webhooks' schema. Adding a field keeps the version;
// removing one, or changing its meaning, makes another.
const Schema = "examlink.alert/1"

// Kind says what a notice is about. The list is closed.
type Kind string

// The kinds.
const (
	Suspect        Kind = "suspect"         // a session sends nothing; it may be harmless
	Dropped        Kind = "dropped"         // so long that the connection is down
	ExamRelevant   Kind = "exam-relevant"   // so long that it matters for the exam
	BelowMinimum   Kind = "below-minimum"   // one direction is slower than the policy's minimum
	NeverConnected Kind = "never-connected" // students of an exam that has begun have not connected
	Recovered      Kind = "recovered"       // an earlier warning is over
	Incident       Kind = "incident"        // many sessions at once: on our side
	Ended          Kind = "ended"           // a session is over; not a warning
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{Suspect, Dropped, ExamRelevant, BelowMinimum, NeverConnected, Recovered, Incident, Ended}
}

// Stages lists the kinds of notice that a warning may have had by the time it
// reached this kind, itself included; none for incidents and ends. A silence passes
// through every stage, but a notice may skip some.
func (k Kind) Stages() []Kind {
	if k == BelowMinimum || k == NeverConnected {
		return []Kind{k}
	}
	return silences()[:k.rank()]
}

// silences lists the kinds of silence, the least grave first.
func silences() []Kind { return []Kind{Suspect, Dropped, ExamRelevant} }

// rank orders the kinds of silence; other kinds are 0.
func (k Kind) rank() int {
	return slices.Index(silences(), k) + 1
}

// severity is info, warning or critical.
func (k Kind) severity() string {
	switch k {
	case Recovered, Ended, Suspect:
		return "info"
	case BelowMinimum, NeverConnected:
		return "warning"
	}
	return "critical"
}

// State says what a notice does to its warning.
type State string

// The states.
const (
	Raised  State = "raised"  // the warning is active; it may have been active before, less grave
	Cleared State = "cleared" // the warning is over
)

// Event is the body of a webhook, as the Standard Webhooks specification
// recommends.
type Event struct {
	Schema    string    `json:"schema"`
	Type      string    `json:"type"` // subject and kind, such as session.suspect
	Timestamp time.Time `json:"timestamp"`
	Data      Notice    `json:"data"`
}

// Notice is one notification. All times are the server's clock; unknown values are
// absent. A student is named by the pseudonym of the join token: names, contacts
// and addresses never appear.
type Notice struct {
	ID       string `json:"id"`      // of this notice, the same in every attempt to deliver it
	Warning  string `json:"warning"` // the same from the start of a warning to its end
	Kind     Kind   `json:"kind"`
	State    State  `json:"state"`
	Update   bool   `json:"update,omitempty"` // an incident, or a number of absent students, that had a notice before has changed
	Severity string `json:"severity"`         // info, warning, critical

	Exam    string `json:"exam,omitempty"` // absent for an incident of the whole server
	Session string `json:"session,omitempty"`
	Student string `json:"student,omitempty"`

	Since    time.Time `json:"since"`                      // when the warning began
	At       time.Time `json:"at"`                         // when the server noticed
	Duration float64   `json:"duration_seconds,omitempty"` // of a warning that is over
	Was      Kind      `json:"was,omitempty"`              // of recovered and ended: the gravest kind that had a notice

	// Silence. Flapping means that the connection comes and goes under this one
	// warning, and Episodes counts how often.
	LastPacket time.Time `json:"last_packet,omitzero"`
	Flapping   bool      `json:"flapping,omitempty"`
	Episodes   int       `json:"episodes,omitempty"`
	End        string    `json:"end,omitempty"` // why the session ended, of ended and of recovered at the end of its session: goodbye, silent, replaced; of never-connected: exam-over, exam-later, off-roster

	Direction string  `json:"direction,omitempty"` // of a rate below the minimum, also in an incident: up, down
	Seen      Seen    `json:"seen"`                // by the server itself
	Claimed   Claimed `json:"claimed"`             // by the client

	Incident string          `json:"incident,omitempty"` // the incident this belongs to
	Counts   *IncidentCounts `json:"counts,omitempty"`   // of an incident
	Absent   *AbsentCounts   `json:"absent,omitempty"`   // of a notice about the absent students of an exam together; nil: it is about one
	Cause    string          `json:"cause,omitempty"`    // if the server knows it

	Sentence string `json:"sentence"` // the notice in plain words
}

// Seen is what the server saw itself.
type Seen struct {
	State     string `json:"state,omitempty"`
	Transport string `json:"transport,omitempty"`
	Upload    *Rate  `json:"upload,omitempty"`
}

// Claimed is what the client says of itself and its link.
type Claimed struct {
	Download *Rate   `json:"download,omitempty"`
	Warnings []Claim `json:"warnings,omitempty"` // that it says are active
}

// Claim is a warning of the client's. It omits free text, which would carry a
// student's words to proctors in the server's name.
type Claim struct {
	Kind  string    `json:"kind"`
	Since time.Time `json:"since"` // the client's clock
	Cause string    `json:"cause,omitempty"`
}

// Rate is one reading of a rate with its 95 % interval, IP-layer bit/s. Value is
// nil when only a bound is known, High when there is no upper bound.
type Rate struct {
	Value   *float64  `json:"bits_per_second,omitempty"`
	Low     *float64  `json:"low_bits_per_second,omitempty"`
	High    *float64  `json:"high_bits_per_second,omitempty"`
	Minimum float64   `json:"minimum_bits_per_second"` // the policy's
	At      time.Time `json:"at"`
}

// IncidentCounts are the sessions of an incident.
type IncidentCounts struct {
	Affected           int      `json:"affected"`                   // since it began
	Silent             *int     `json:"silent,omitempty"`           // of these, now; nil if it is about rates
	Below              *int     `json:"below_minimum,omitempty"`    // of these, now; nil if it is about silence
	Live               int      `json:"live"`                       // sessions when it began, affected or not
	Exams              []string `json:"exams"`                      // of the affected sessions
	NotifiedAlone      []string `json:"told_alone,omitempty"`       // warnings with notices of their own before they became part of it, at most 500
	NotifiedAloneCount int      `json:"told_alone_count,omitempty"` // of these, listed or not
}

// current is how many of the affected sessions still are.
func (c IncidentCounts) current() int {
	for _, n := range []*int{c.Silent, c.Below} {
		if n != nil {
			return *n
		}
	}
	return 0
}

// Event wraps a notice for a webhook.
func (n Notice) Event() Event {
	subject, verb := "session", string(n.Kind)
	switch n.Kind {
	case Incident:
		subject, verb = "incident", "started"
		if n.State == Cleared {
			verb = "ended"
		}
	case ExamRelevant, BelowMinimum, NeverConnected:
		verb = strings.ReplaceAll(verb, "-", "_") // the specification allows letters, digits and underscores
	}
	if n.Kind == NeverConnected || n.Was == NeverConnected {
		if subject = "student"; n.Absent != nil {
			subject = "exam"
		}
	}
	return Event{Schema: Schema, Type: subject + "." + verb, Timestamp: n.At, Data: n}
}

// WithoutStudent returns the notice without its student's pseudonym: its sentence
// names the session instead.
func (n Notice) WithoutStudent() Notice {
	n.Student = ""
	n.Sentence = sentence(n)
	return n
}

func newID(prefix string) string { return prefix + "_" + rand.Text() }
