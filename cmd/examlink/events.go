package main

import (
	"encoding/json"
	"examlink/probe/view"
	"io"
	"slices"
	"sync"
	"time"

	"examlink/probe"
	"examlink/probe/agent"
	"examlink/probe/plan"
	"examlink/probe/record"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// eventsEvery is how often the state is printed while it does not change. Chosen by us.
const eventsEvery = 10 * time.Second

// events prints a watch as lines of JSON, as things happen.
type events struct {
	out  io.Writer
	wall func() time.Time

	mu     sync.Mutex // phases begin on another goroutine
	link   view.Link
	said   stateEvent
	saidAt time.Time
}

var (
	_ probe.LiveSink = (*events)(nil)
	_ probe.PlanSink = (*events)(nil)
)

func newEvents(out io.Writer, exam plan.Window, wall func() time.Time) *events {
	return &events{out: out, wall: wall, link: view.NewLink(exam)}
}

// put writes one line with one write. A reader that has gone away does not end the watch:
// the output keeps the error until its end.
func (e *events) put(kind string, at time.Time, x watchEvent) {
	x.Schema, x.Type, x.At = eventSchema, kind, at
	b, err := json.Marshal(x)
	if err != nil { // no value of ours fails to marshal
		return
	}
	_, _ = e.out.Write(append(b, '\n'))
}

// start prints the first line.
func (e *events) start(token wire.JoinToken, server string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.put("start", e.wall(), watchEvent{Start: &startEvent{
		Exam: token.Exam, Student: token.Student, Server: server, Begins: e.link.Exam.Start, Ends: e.link.Exam.End,
	}})
}

// end prints the last line.
func (e *events) end(r agent.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	v := judgeWatch(r.Summary, &e.link)
	e.put("end", e.wall(), watchEvent{End: &endEvent{
		Outcome: v.outcome, Sentence: v.sentence, Why: r.Why, Record: r.Record, Summary: r.Summary,
	}})
}

// Phase implements probe.PlanSink.
func (e *events) Phase(p probe.PhaseEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.link.Phase = p
	e.put("phase", p.At, watchEvent{Phase: &phaseEvent{p.Phase, p.Until, p.Check}})
	e.state(p.At)
}

// Checked implements probe.PlanSink.
func (e *events) Checked(c probe.CheckEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := checkEvent{Due: c.Due, Failure: failed(c.Err)}
	if c.Err == nil {
		x.Outcome, x.Sentence = c.Report.Verdict.Outcome, c.Report.Verdict.Sentence
	}
	e.put("check", c.At, watchEvent{Check: &x})
}

// failed describes an error; nil if there is none.
func failed(err error) *failure {
	if err == nil {
		return nil
	}
	f := failureOf(err)
	return &f
}

// Session implements probe.Sink.
func (e *events) Session(s probe.SessionEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.link.Session(s)
	e.put("session", s.At, watchEvent{Session: &sessionEvent{
		s.State, s.Session, s.Server, s.Transport, policyNames{s.Policy.Name, s.Policy.Version}, failed(s.Err),
	}})
	e.state(s.At)
}

// Window implements probe.Sink.
func (e *events) Window(w probe.WindowEvent) { e.Live(w) }

// Live implements probe.LiveSink.
func (e *events) Live(w probe.WindowEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.link.Window(w)
	e.state(w.To)
}

// Floor implements probe.Sink.
func (e *events) Floor(f probe.FloorEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.link.Floor(f)
	e.state(f.At)
}

// Warning implements probe.Sink.
func (e *events) Warning(w warning.Warning) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.link.Warning(w)
	x := warningEvent{Change: record.Warn(w).State, Warning: w}
	at := w.Cleared
	if w.Active() {
		x.Advice, at = w.Remedy(), w.Raised
		if !w.Updated.IsZero() {
			at = w.Updated
		}
	}
	e.put("warning", at, watchEvent{Warning: &x})
	e.state(at)
}

// state prints the state if its condition or problems have changed, or if it was last
// printed a while ago.
func (e *events) state(at time.Time) {
	s := stateEvent{Condition: e.link.Condition(), Download: rateOf(&e.link, wire.Down), Upload: rateOf(&e.link, wire.Up), Problems: e.link.Problems()}
	if d := e.link.RoundTrip; d > 0 {
		seconds := d.Seconds()
		s.RoundTrip = &seconds
	}
	same := s.Condition == e.said.Condition && slices.Equal(s.Problems, e.said.Problems)
	if same && at.Sub(e.saidAt).Abs() < eventsEvery {
		return
	}
	e.said, e.saidAt = s, at
	e.put("state", at, watchEvent{State: &s})
}

// rateOf returns the rate of a direction as last tested.
func rateOf(s *view.Link, d wire.Direction) rateEvent {
	i, minimum := s.Rates[d], float64(s.Policy.Minimum.Download)
	if d == wire.Up {
		minimum = float64(s.Policy.Minimum.Upload)
	}
	out := rateEvent{Value: i.Value, Low: i.Low}
	if minimum > 0 { // known once there has been a session
		out.Minimum = &minimum
	}
	return out
}
