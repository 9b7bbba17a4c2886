package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/plan"
	"examlink/probe/warning"
)

// voice prints and logs the events of a watch.
type voice struct {
	w         io.Writer
	log       *slog.Logger
	planned   bool           // whether the time of the exam is known
	transport link.Transport // of the last session event

	mu sync.Mutex // phases begin on another goroutine
}

var (
	_ probe.Sink     = (*voice)(nil)
	_ probe.PlanSink = (*voice)(nil)
)

// Phase implements probe.PlanSink.
func (v *voice) Phase(e probe.PhaseEvent) {
	if !v.planned {
		return
	}
	at := func(t time.Time) string { return t.Local().Format("Mon 2 Jan 15:04") }
	switch e.Phase {
	case plan.Idle:
		if e.Check.IsZero() {
			v.say(e.At, "waiting for the exam; watching begins %s", at(e.Until))
		} else {
			v.say(e.At, "waiting for the exam; next check %s, watching begins %s", at(e.Check), at(e.Until))
		}
	case plan.PreExam:
		v.say(e.At, "watching; the exam begins %s", at(e.Until))
	case plan.Exam:
		v.say(e.At, "the exam has begun; watching until %s", at(e.Until))
	case plan.Done:
		v.say(e.At, "the exam is over")
	}
}

// Checked implements probe.PlanSink.
func (v *voice) Checked(e probe.CheckEvent) {
	if e.Err != nil {
		v.say(e.At, "the scheduled check could not run. %s", advice(e.Err))
		return
	}
	v.say(e.At, "scheduled check: %s", e.Report.Verdict.Sentence)
}

func (v *voice) say(at time.Time, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fmt.Fprintf(v.w, "%s  %s\n", at.Local().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

// Session implements probe.Sink.
func (v *voice) Session(e probe.SessionEvent) {
	switch e.State {
	case probe.SessionConnected:
		v.say(e.At, "connected to %s%s%s", e.Server, v.by(e.Transport), remembered(e))
	case probe.SessionResumed:
		v.say(e.At, "connected to %s again%s%s", e.Server, v.by(e.Transport), remembered(e))
	case probe.SessionBack:
		v.say(e.At, "the server answers again")
	case probe.SessionMoved:
		v.say(e.At, "this computer's network address has changed; the watch continues")
	case probe.SessionSilent:
		v.say(e.At, "the server does not answer; reconnecting")
	case probe.SessionWaiting:
		v.say(e.At, "not connected, trying again. %s", advice(e.Err))
	case probe.SessionLost:
		v.say(e.At, "cannot reconnect. %s", advice(e.Err))
	}
	v.log.Debug("session", "state", e.State, "session", e.Session, "transport", e.Transport, "address", e.Address, "err", e.Err)
}

// remembered explains how the server was found if its name could not be looked up.
func remembered(e probe.SessionEvent) string {
	if !e.Remembered {
		return ""
	}
	return "; its name could not be looked up, so its last known address was used"
}

// by names the transport if it is not UDP, or if it has changed back to UDP.
func (v *voice) by(t link.Transport) string {
	was := v.transport
	v.transport = t
	switch {
	case t == link.WebSocket:
		return " over WebSocket (TCP): rates are lower bounds, and lost packets show up as delay"
	case t == link.UDP && was == link.WebSocket:
		return " over UDP"
	}
	return ""
}

// Window implements probe.Sink.
func (v *voice) Window(probe.WindowEvent) {}

// Floor implements probe.Sink.
func (v *voice) Floor(e probe.FloorEvent) {
	v.log.Debug("floor test", "direction", e.Floor.Direction, "outcome", e.Floor.Outcome, "why", e.Floor.Why, "bytes_up", e.SpentUp, "bytes_down", e.SpentDown)
}

// Warning implements probe.Sink.
func (v *voice) Warning(w warning.Warning) {
	switch {
	case w.Active() && !w.Updated.IsZero():
		v.say(w.Updated, "         %s", w)
	case w.Active():
		v.say(w.Raised, "WARNING  %s", w)
	case w.End.IsZero():
		v.say(w.Cleared, "the watch ended while this warning was active: %s", w.Kind.Title())
	case w.Raised.Equal(w.Cleared):
		v.say(w.Cleared, "NOTE     %s", w)
	default:
		v.say(w.Cleared, "CLEARED  %s, after %s", w.Kind.Title(), w.End.Sub(w.Start).Round(100*time.Millisecond))
	}
	v.log.Debug("warning", "kind", w.Kind, "active", w.Active(), "start", w.Start, "end", w.End, "cause", w.Cause, "evidence", w.Evidence)
}
