// Package warning turns observations into warnings with hysteresis: a warning
// is raised when enough observations agree, cleared when enough are good, and
// an intermittent problem is one warning, not many.
//
// It is pure: observations carry their time. A warning is evidence about a
// network, never about a person, and its wording says so.
package warning

import (
	"fmt"
	"time"
)

// Kind is the closed list of warning kinds.
type Kind string

// The kinds.
const (
	DownloadBelowMinimum Kind = "download-below-minimum"
	UploadBelowMinimum   Kind = "upload-below-minimum"
	BelowRecommended     Kind = "below-recommended"
	Delay                Kind = "delay"
	DelayVariation       Kind = "delay-variation"
	Loss                 Kind = "loss"
	Outage               Kind = "outage"
	Silent               Kind = "silent"
	UDPBlocked           Kind = "udp-blocked"
	HostBusy             Kind = "host-busy"
	Clock                Kind = "clock"
	Suspended            Kind = "suspended"
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{
		DownloadBelowMinimum, UploadBelowMinimum, BelowRecommended, Delay, DelayVariation, Loss,
		Outage, Silent, UDPBlocked, HostBusy, Clock, Suspended,
	}
}

// Title describes a kind in plain words.
func (k Kind) Title() string {
	switch k {
	case DownloadBelowMinimum:
		return "download below the minimum"
	case UploadBelowMinimum:
		return "upload below the minimum"
	case BelowRecommended:
		return "rate below the recommendation"
	case Delay:
		return "long delay"
	case DelayVariation:
		return "delay varies a lot"
	case Loss:
		return "packet loss"
	case Outage:
		return "connection interrupted"
	case Silent:
		return "no packets from the student's side"
	case UDPBlocked:
		return "the network blocks UDP"
	case HostBusy:
		return "the computer was too busy to measure"
	case Clock:
		return "the computer's clock was set"
	case Suspended:
		return "the computer was asleep"
	}
	return string(k)
}

// Level grades one observation.
type Level int

// The levels.
const (
	Unknown  Level = iota // no information: neither raises nor clears
	Good                  // clearly within the bound
	Fair                  // within the bound, but not clearly: counts half
	Bad                   // beyond the bound
	Decisive              // far beyond the bound: raises at once
)

// Observation is one test or window.
type Observation struct {
	At       time.Time
	Since    time.Time // start of what was observed, if earlier than At
	Level    Level
	Evidence string // the observed value with its bound, in plain words
	Cause    Cause
}

func (o Observation) since() time.Time {
	if o.Since.IsZero() {
		return o.At
	}
	return o.Since
}

// Rule is the hysteresis of one kind.
type Rule struct {
	Raise  int           // bad observations among the last Of that raise the warning
	Of     int           // number of latest observations considered
	Clear  int           // consecutive good observations that clear the warning
	Rejoin time.Duration // if raised again within this time after its end, the warning continues
}

// Warning is one warning.
type Warning struct {
	ID       int       `json:"id,omitempty"` // from 1, within one watch; 0: not reported yet
	Kind     Kind      `json:"kind"`
	Subject  string    `json:"subject"` // the session
	Start    time.Time `json:"start"`   // the first bad observation
	Raised   time.Time `json:"raised"`
	Updated  time.Time `json:"updated,omitzero"` // when more became known while it was active
	End      time.Time `json:"end,omitzero"`     // the first good observation, once cleared
	Cleared  time.Time `json:"cleared,omitzero"`
	Cause    Cause     `json:"cause,omitempty"` // if known
	Evidence string    `json:"evidence"`
	Episodes int       `json:"episodes"`       // above 1: intermittent
	Since    time.Time `json:"since,omitzero"` // start of the latest episode, if there are several
}

// Active reports whether the warning is active.
func (w Warning) Active() bool { return w.Cleared.IsZero() }

// Fresh reports whether the warning is new: raised for the first time, or noted
// after it was already over.
func (w Warning) Fresh() bool {
	return w.Episodes <= 1 && w.Updated.IsZero() && (w.Active() || w.Raised.Equal(w.Cleared))
}

// String returns the warning as a sentence.
func (w Warning) String() string {
	s := w.Kind.Title()
	if w.Episodes > 1 {
		s += fmt.Sprintf(" (comes and goes, %d times)", w.Episodes)
	}
	if d := w.Details(); d != "" {
		s += ": " + d
	}
	return s
}

// Details returns the evidence and, unless the title already states it, the
// cause.
func (w Warning) Details() string {
	switch {
	case w.Cause == NotKnown || w.Kind == HostBusy || w.Kind == Clock || w.Kind == Suspended:
		return w.Evidence
	case w.Evidence == "":
		return string(w.Cause)
	}
	return w.Evidence + "; " + string(w.Cause)
}

// Tracker follows one kind for one subject. It is not safe for concurrent use.
type Tracker struct {
	kind    Kind
	subject string
	rule    Rule

	recent   []Level
	firstBad time.Time
	halves   int // of consecutive good observations; a good one counts two, a fair one one
	firstOK  time.Time
	current  *Warning
}

// NewTracker makes a tracker.
func NewTracker(k Kind, subject string, r Rule) *Tracker {
	return &Tracker{kind: k, subject: subject, rule: r}
}

// Active returns the active warning, if there is one.
func (t *Tracker) Active() (Warning, bool) {
	if t.current == nil || !t.current.Active() {
		return Warning{}, false
	}
	return *t.current, true
}

// Suspect reports whether a bad observation has not raised a warning: it is
// worth measuring again soon.
func (t *Tracker) Suspect() bool {
	if t.current != nil && t.current.Active() {
		return false
	}
	return t.bad() > 0
}

func (t *Tracker) bad() (n int) {
	for _, l := range t.recent {
		if l >= Bad {
			n++
		}
	}
	return n
}

// Observe adds an observation. It returns the warning and true if the
// observation raised or cleared it.
func (t *Tracker) Observe(o Observation) (Warning, bool) {
	if o.Level == Unknown {
		return Warning{}, false
	}
	if t.current != nil && t.current.Active() {
		return t.observeActive(o)
	}
	if o.Level >= Bad && t.bad() == 0 {
		t.firstBad = o.since()
	}
	t.recent = append(t.recent, o.Level)
	if len(t.recent) > t.rule.Of {
		t.recent = t.recent[1:]
	}
	if o.Level < Bad || o.Level != Decisive && t.bad() < t.rule.Raise {
		return Warning{}, false
	}
	t.halves = 0
	if t.current != nil && t.rule.Rejoin > 0 && t.firstBad.Sub(t.current.End) <= t.rule.Rejoin {
		t.current.End, t.current.Cleared, t.current.Updated = time.Time{}, time.Time{}, time.Time{}
		t.current.Episodes++
		t.current.Since = t.firstBad
		t.current.Evidence, t.current.Cause = o.Evidence, o.Cause
		return *t.current, true
	}
	t.current = &Warning{
		Kind: t.kind, Subject: t.subject, Start: t.firstBad, Raised: o.At, Evidence: o.Evidence, Cause: o.Cause, Episodes: 1,
	}
	return *t.current, true
}

func (t *Tracker) observeActive(o Observation) (Warning, bool) {
	if o.Level >= Bad {
		t.halves = 0
		t.current.Evidence = o.Evidence
		return Warning{}, false
	}
	if t.halves == 0 {
		t.firstOK = o.since()
	}
	if o.Level == Good {
		t.halves++
	}
	t.halves++
	if t.halves < 2*t.rule.Clear {
		return Warning{}, false
	}
	t.current.End, t.current.Cleared, t.current.Updated = t.firstOK, o.At, time.Time{}
	t.recent, t.halves = nil, 0
	return *t.current, true
}

// Explain sets the cause of the active warning. It returns the warning and true
// if that changed it. An unknown cause does not replace a known one.
func (t *Tracker) Explain(c Cause, at time.Time) (Warning, bool) {
	if t.current == nil || !t.current.Active() || c == NotKnown || c == t.current.Cause {
		return Warning{}, false
	}
	t.current.Cause, t.current.Updated = c, at
	return *t.current, true
}

// Shift moves all times by d, because their clock was set at at. It returns the
// active warning, if there is one. A cleared warning does not continue after
// this.
func (t *Tracker) Shift(d time.Duration, at time.Time) (Warning, bool) {
	t.firstBad, t.firstOK = t.firstBad.Add(d), t.firstOK.Add(d)
	if t.current == nil || !t.current.Active() {
		t.current = nil
		return Warning{}, false
	}
	t.current.Start, t.current.Raised, t.current.Updated = t.current.Start.Add(d), t.current.Raised.Add(d), at
	if !t.current.Since.IsZero() {
		t.current.Since = t.current.Since.Add(d)
	}
	return *t.current, true
}

// Close ends the active warning because watching ends; its end is unknown.
func (t *Tracker) Close(at time.Time) (Warning, bool) {
	if t.current == nil || !t.current.Active() {
		return Warning{}, false
	}
	w := *t.current
	w.Cleared = at
	t.current = nil
	return w, true
}
