package main

import (
	"time"

	"examlink/probe"
	"examlink/probe/plan"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// condition is a link's state in one word, from a closed list.
type condition string

const (
	conditionWaiting     condition = "waiting"    // for the exam: nothing is watched yet
	conditionConnecting  condition = "connecting" // for the first time
	conditionTesting     condition = "testing"    // no rate is known yet
	conditionGood        condition = "good"
	conditionFair        condition = "fair" // meets the minimum, not all that is recommended
	conditionPoor        condition = "poor" // does not meet the minimum
	conditionInterrupted condition = "interrupted"
	conditionOver        condition = "over" // the exam is
)

// leastPackets is how many packets a round trip is shown of.
const leastPackets = 10

// missing are the warnings of a link below the minimum; the others of a link that meets it.
var missing = map[warning.Kind]bool{
	warning.DownloadBelowMinimum: true, warning.UploadBelowMinimum: true,
	warning.Delay: true, warning.DelayVariation: true, warning.Loss: true,
}

// linkState is what the events of a watch show of a link now. It is not safe for
// concurrent use.
type linkState struct {
	exam      plan.Window // zero: not known
	phase     probe.PhaseEvent
	policy    verdict.Policy
	session   string
	rates     map[wire.Direction]probe.Interval // of the last tests that had a result
	tested    map[wire.Direction]bool           // whether a test has had a result
	roundTrip time.Duration                     // 0: not known
	active    map[warning.Kind]warning.Warning
	connected bool // once
}

func newLinkState(exam plan.Window) linkState {
	return linkState{exam: exam, rates: map[wire.Direction]probe.Interval{}, tested: map[wire.Direction]bool{}, active: map[warning.Kind]warning.Warning{}}
}

// Session updates the state from a session event.
func (s *linkState) Session(e probe.SessionEvent) {
	s.policy, s.session = e.Policy, e.Session
	switch e.State {
	case probe.SessionConnected, probe.SessionResumed:
		s.connected = true
	case probe.SessionMoved: // to a network with other rates
		clear(s.rates)
	case probe.SessionWaiting, probe.SessionSilent, probe.SessionBack, probe.SessionLost:
	}
}

// Window updates the state from a window, finished or not.
func (s *linkState) Window(e probe.WindowEvent) {
	if d, ok := e.Account.RoundTrip.Quantile(0.5); ok && e.Account.Received >= leastPackets {
		s.roundTrip = d
	}
}

// Floor updates the state from a test of the rate.
func (s *linkState) Floor(e probe.FloorEvent) {
	if f := e.Floor; !f.Glance && f.Outcome != probe.FloorInconclusive && (f.Rate.Value != nil || f.Rate.Low != nil) {
		s.rates[f.Direction], s.tested[f.Direction] = f.Rate, true
	}
}

// Warning updates the state from a warning.
func (s *linkState) Warning(w warning.Warning) {
	if w.Active() || w.End.IsZero() { // the watch ends, but not what it warned of
		s.active[w.Kind] = w
	} else {
		delete(s.active, w.Kind)
	}
}

// condition returns the state in one word.
func (s *linkState) condition() condition {
	_, interrupted := s.active[warning.Outage]
	switch {
	case s.phase.Phase == plan.Idle:
		return conditionWaiting
	case s.phase.Phase == plan.Done:
		return conditionOver
	case !s.connected:
		return conditionConnecting
	case interrupted:
		return conditionInterrupted
	}
	for k := range s.active {
		if missing[k] {
			return conditionPoor
		}
	}
	switch {
	case len(s.active) > 0:
		return conditionFair
	case len(s.rates) == 0:
		return conditionTesting
	}
	return conditionGood
}

// problems lists the kinds of the active warnings, in the order of warning.Kinds.
func (s *linkState) problems() []warning.Kind {
	out := []warning.Kind{}
	for _, k := range warning.Kinds() {
		if _, ok := s.active[k]; ok {
			out = append(out, k)
		}
	}
	return out
}
