package main

import (
	"examlink/probe/view"
	"time"

	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/plan"
	"examlink/probe/record"
	"examlink/probe/verdict"
	"examlink/probe/warning"
)

// eventSchema names the layout of watchEvent.
const eventSchema = "examlink.watch-event/1"

// watchEvent is one line of `examlink watch --json`. The field named by Type is set.
type watchEvent struct {
	Schema string    `json:"schema"`
	Type   string    `json:"type"` // start, phase, check, session, warning, state, end
	At     time.Time `json:"at"`

	Start   *startEvent   `json:"start,omitempty"`
	Phase   *phaseEvent   `json:"phase,omitempty"`
	Check   *checkEvent   `json:"check,omitempty"`
	Session *sessionEvent `json:"session,omitempty"`
	Warning *warningEvent `json:"warning,omitempty"`
	State   *stateEvent   `json:"state,omitempty"`
	End     *endEvent     `json:"end,omitempty"`
}

type startEvent struct {
	Exam    string    `json:"exam"`
	Student string    `json:"student"` // a pseudonym
	Server  string    `json:"server"`
	Begins  time.Time `json:"exam_begins,omitzero"` // zero: not known
	Ends    time.Time `json:"exam_ends,omitzero"`
}

type phaseEvent struct {
	Phase plan.Phase `json:"phase"`
	Until time.Time  `json:"until,omitzero"`
	Check time.Time  `json:"next_check,omitzero"`
}

type checkEvent struct {
	Due      time.Time       `json:"due"`
	Outcome  verdict.Outcome `json:"outcome,omitempty"`
	Sentence string          `json:"sentence,omitempty"`
	Failure  *failure        `json:"failure,omitempty"` // the check could not be made
}

type sessionEvent struct {
	State     probe.SessionState `json:"state"`
	Session   string             `json:"session,omitempty"`
	Server    string             `json:"server"`
	Transport link.Transport     `json:"transport,omitempty"`
	Policy    policyNames        `json:"policy"`
	Failure   *failure           `json:"failure,omitempty"`
}

type policyNames struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type warningEvent struct {
	Change  record.State    `json:"change"`
	Warning warning.Warning `json:"warning"`
	Advice  string          `json:"advice,omitempty"`
}

// stateEvent is the state of the link now.
type stateEvent struct {
	Condition view.Condition `json:"condition"`
	Download  rateEvent      `json:"download"`
	Upload    rateEvent      `json:"upload"`
	RoundTrip *float64       `json:"round_trip_delay_seconds"`
	Problems  []warning.Kind `json:"problems"` // the active warnings
}

// rateEvent is the rate of one direction as last tested. Without a value, Low is a lower
// bound.
type rateEvent struct {
	Value   *float64 `json:"value_bits_per_second"`
	Low     *float64 `json:"low_bits_per_second"`
	Minimum *float64 `json:"minimum_bits_per_second"`
}

type endEvent struct {
	Outcome  watchOutcome     `json:"outcome"`
	Sentence string           `json:"sentence"`
	Why      record.EndReason `json:"why"`
	Record   string           `json:"record,omitempty"` // its file
	Summary  probe.Summary    `json:"summary"`
}
