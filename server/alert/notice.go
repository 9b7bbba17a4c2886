package alert

import (
	"crypto/rand"
	"time"
)

// Schema names the form of what webhooks receive. Fields may be added to it; a
// field that is taken away or changes its meaning makes another schema.
const Schema = "examlink.alert/1"

// Kind is the closed list of what is told.
type Kind string

// The kinds.
const (
	Suspect      Kind = "suspect"       // a session sends nothing; it may be nothing
	Dropped      Kind = "dropped"       // for so long that the connection is down
	ExamRelevant Kind = "exam-relevant" // for so long that it matters to the exam
	BelowMinimum Kind = "below-minimum" // one direction is slower than the policy's minimum
	Recovered    Kind = "recovered"     // what was told before is over
	Incident     Kind = "incident"      // many sessions at once: on our side
	Ended        Kind = "ended"         // a session is over; no warning
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{Suspect, Dropped, ExamRelevant, BelowMinimum, Recovered, Incident, Ended}
}

// Rank orders the kinds of silence; 0 is none of them.
func (k Kind) Rank() int {
	switch k {
	case Suspect:
		return 1
	case Dropped:
		return 2
	case ExamRelevant:
		return 3
	}
	return 0
}

// severity is how much a kind matters: info, warning or critical.
func (k Kind) severity() string {
	switch k {
	case Recovered, Ended, Suspect:
		return "info"
	case BelowMinimum:
		return "warning"
	}
	return "critical"
}

// State says what a notice does to its warning.
type State string

// The states.
const (
	Raised  State = "raised"  // it stands; it may have stood before, less grave
	Cleared State = "cleared" // it is over
)

// Event is the body of a webhook, in the form that the Standard Webhooks
// specification recommends.
type Event struct {
	Schema    string    `json:"schema"`
	Type      string    `json:"type"` // such as session.suspect; the kind with its subject
	Timestamp time.Time `json:"timestamp"`
	Data      Notice    `json:"data"`
}

// Notice is one thing to tell. All times are the server's clock. What is not
// known is absent. Names, contacts and addresses are never in it: a student is
// named by the pseudonym of the join token.
type Notice struct {
	ID       string `json:"id"`      // of this notice, the same in each attempt to deliver it
	Warning  string `json:"warning"` // of the warning, the same from its start to its end
	Kind     Kind   `json:"kind"`
	State    State  `json:"state"`
	Update   bool   `json:"update,omitempty"` // of an incident: it has been told, and more is known now
	Severity string `json:"severity"`         // info, warning, critical

	Exam    string `json:"exam,omitempty"` // of an incident: absent when it is the whole server's
	Session string `json:"session,omitempty"`
	Student string `json:"student,omitempty"`

	Since    time.Time `json:"since"`                      // when it began
	At       time.Time `json:"at"`                         // when the server noticed
	Duration float64   `json:"duration_seconds,omitempty"` // once it is over
	Was      Kind      `json:"was,omitempty"`              // of recovered and ended: the gravest that had been told

	// Silence. Flapping says that it comes and goes, Episodes how many times;
	// then this one warning stands for all.
	LastPacket time.Time `json:"last_packet,omitzero"`
	Flapping   bool      `json:"flapping,omitempty"`
	Episodes   int       `json:"episodes,omitempty"`
	End        string    `json:"end,omitempty"` // of ended, and of recovered that ends with its session: goodbye, silent, replaced

	Direction string  `json:"direction,omitempty"` // of below-minimum, and of an incident of it: up, down
	Seen      Seen    `json:"seen"`                // what the server saw itself
	Claimed   Claimed `json:"claimed"`             // what the client says

	Incident string          `json:"incident,omitempty"` // the incident this belongs to
	Counts   *IncidentCounts `json:"counts,omitempty"`   // of an incident
	Cause    string          `json:"cause,omitempty"`    // as far as the server knows it

	Sentence string `json:"sentence"` // all of it in plain words
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
	Warnings []Claim `json:"warnings,omitempty"` // that stand, as it says
}

// Claim is a warning of the client's. Its free text is left out: it would carry
// a student's words to proctors in the server's name.
type Claim struct {
	Kind  string    `json:"kind"`
	Since time.Time `json:"since"` // the client's clock
	Cause string    `json:"cause,omitempty"`
}

// Rate is one reading of a rate, IP-layer bit/s, with its 95 % interval. Value
// is nil when only a bound is known, High when there is no upper end.
type Rate struct {
	Value   *float64  `json:"bits_per_second,omitempty"`
	Low     *float64  `json:"low_bits_per_second,omitempty"`
	High    *float64  `json:"high_bits_per_second,omitempty"`
	Minimum float64   `json:"minimum_bits_per_second"` // the policy's
	At      time.Time `json:"at"`
}

// IncidentCounts says how many sessions an incident is about.
type IncidentCounts struct {
	Affected  int      `json:"affected"`                // ever, while it stood
	Silent    *int     `json:"silent,omitempty"`        // of these, now; of an incident of silence
	Below     *int     `json:"below_minimum,omitempty"` // of these, now; of an incident with a direction
	Live      int      `json:"live"`                    // sessions there were when it began, these included
	Exams     []string `json:"exams"`
	ToldAlone []string `json:"told_alone,omitempty"`       // warnings that had been told before it was known to be one, at most 500
	Alone     int      `json:"told_alone_count,omitempty"` // of these, listed or not
}

// still is how many of the affected are in trouble now.
func (c IncidentCounts) still() int {
	for _, n := range []*int{c.Silent, c.Below} {
		if n != nil {
			return *n
		}
	}
	return 0
}

// Event wraps a notice for a webhook.
func (n Notice) Event() Event {
	subject, what := "session", string(n.Kind)
	switch n.Kind {
	case Incident:
		subject, what = "incident", "started"
		if n.State == Cleared {
			what = "ended"
		}
	case ExamRelevant:
		what = "exam_relevant" // the specification wants letters, digits and underscores
	case BelowMinimum:
		what = "below_minimum"
	}
	return Event{Schema: Schema, Type: subject + "." + what, Timestamp: n.At, Data: n}
}

func newID(prefix string) string { return prefix + "_" + rand.Text() }
