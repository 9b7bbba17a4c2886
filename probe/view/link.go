package view

import (
	"time"

	"examlink/probe"
	"examlink/probe/plan"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// Condition is a link's state in one word, from a closed list.
type Condition string

const (
	Waiting     Condition = "waiting"    // for the exam: nothing is watched yet
	Connecting  Condition = "connecting" // for the first time
	Testing     Condition = "testing"    // no rate is known yet
	Good        Condition = "good"
	Fair        Condition = "fair" // meets the minimum, not all that is recommended
	Poor        Condition = "poor" // does not meet the minimum
	Interrupted Condition = "interrupted"
	Over        Condition = "over" // the exam is
)

// leastPackets is how many packets a round trip is shown of.
const leastPackets = 10

// Missing are the warnings of a link below the minimum; the others of a link that meets it.
var Missing = map[warning.Kind]bool{
	warning.DownloadBelowMinimum: true, warning.UploadBelowMinimum: true,
	warning.Delay: true, warning.DelayVariation: true, warning.Loss: true,
}

// Link is what the events of a watch show of a link now. It is not safe for
// concurrent use.
type Link struct {
	Exam      plan.Window // zero: not known
	Phase     probe.PhaseEvent
	Policy    verdict.Policy
	SessionID string
	Rates     map[wire.Direction]probe.Interval // of the last tests that had a result
	Tested    map[wire.Direction]bool           // whether a test has had a result
	RoundTrip time.Duration                     // 0: not known
	Active    map[warning.Kind]warning.Warning
	Connected bool // once
}

// NewLink returns the state before the first event. exam is zero if it is not known.
func NewLink(exam plan.Window) Link {
	return Link{Exam: exam, Rates: map[wire.Direction]probe.Interval{}, Tested: map[wire.Direction]bool{}, Active: map[warning.Kind]warning.Warning{}}
}

// Session updates the state from a session event.
func (s *Link) Session(e probe.SessionEvent) {
	s.Policy, s.SessionID = e.Policy, e.Session
	switch e.State {
	case probe.SessionConnected, probe.SessionResumed:
		s.Connected = true
	case probe.SessionMoved: // to a network with other rates
		clear(s.Rates)
	case probe.SessionWaiting, probe.SessionSilent, probe.SessionBack, probe.SessionLost:
	}
}

// Window updates the state from a window, finished or not.
func (s *Link) Window(e probe.WindowEvent) {
	if d, ok := e.Account.RoundTrip.Quantile(0.5); ok && e.Account.Received >= leastPackets {
		s.RoundTrip = d
	}
}

// Floor updates the state from a test of the rate.
func (s *Link) Floor(e probe.FloorEvent) {
	if f := e.Floor; !f.Glance && f.Outcome != probe.FloorInconclusive && (f.Rate.Value != nil || f.Rate.Low != nil) {
		s.Rates[f.Direction], s.Tested[f.Direction] = f.Rate, true
	}
}

// Warning updates the state from a warning.
func (s *Link) Warning(w warning.Warning) {
	if w.Active() || w.End.IsZero() { // the watch ends, but not what it warned of
		s.Active[w.Kind] = w
	} else {
		delete(s.Active, w.Kind)
	}
}

// Condition returns the state in one word.
func (s *Link) Condition() Condition {
	_, interrupted := s.Active[warning.Outage]
	switch {
	case s.Phase.Phase == plan.Idle:
		return Waiting
	case s.Phase.Phase == plan.Done:
		return Over
	case !s.Connected:
		return Connecting
	case interrupted:
		return Interrupted
	}
	for k := range s.Active {
		if Missing[k] {
			return Poor
		}
	}
	switch {
	case len(s.Active) > 0:
		return Fair
	case len(s.Rates) == 0:
		return Testing
	}
	return Good
}

// Problems lists the kinds of the active warnings, in the order of warning.Kinds.
func (s *Link) Problems() []warning.Kind {
	out := []warning.Kind{}
	for _, k := range warning.Kinds() {
		if _, ok := s.Active[k]; ok {
			out = append(out, k)
		}
	}
	return out
}
