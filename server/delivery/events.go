package delivery

import (
	"encoding/json"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server/alert"
	"examlink/server/event"
	"examlink/server/session"
)

// Handle takes a server's event. It does not block. Checks generate no alerts:
// they last seconds, disturb their own link and have a verdict of their own.
func (n *Notifier) Handle(e event.Event) {
	if e.Server != "" {
		if x, ok := noticeOf(e); ok {
			n.enqueue(input{said: &x})
			return
		}
	}
	if f := judgementOf(e); f != nil {
		n.enqueue(input{number: e.Number, judge: f})
	}
}

// judgementOf returns what the correlator is to take of an event; nil: nothing.
func judgementOf(e event.Event) func(*alert.Correlator) {
	if e.Session.Purpose == session.PurposeCheck {
		return nil
	}
	s := sessionOf(e)
	switch p := e.Payload.(type) {
	case event.State:
	case event.Ended:
		s.State, s.End = string(session.Ended), p.Why
	case event.Reading:
		return readingOf(e, s, p.Report)
	case event.Claim:
		return readingOf(e, s, p.Report)
	default:
		return nil
	}
	return func(c *alert.Correlator) { c.Change(s) }
}

// readingOf takes what a train read. TCP shapes what it reads: such a reading is no
// rate of the link.
func readingOf(e event.Event, s alert.Session, r wire.TrainReport) func(*alert.Correlator) {
	if e.Session.Transport != string(link.UDP) {
		return nil
	}
	x := alert.Reading{Interval: ippm.Interval{Value: r.Rate, Low: r.Low, High: r.High}, Direction: string(r.Direction), Packets: r.Busy}
	if r.Rate == nil {
		x.Packets = r.Received
	}
	return func(c *alert.Correlator) { c.Read(s, x) }
}

// sessionOf is an event's session as the correlator has it. Times are this
// host's with its monotonic clock, so that a step of the wall clock is no
// silence.
func sessionOf(e event.Event) alert.Session {
	now, x := time.Now(), e.Session
	s := alert.Session{
		Session: x.ID, Exam: x.Exam, Student: x.Student, State: x.State,
		At: now, LastPacket: now.Add(x.LastPacket.Sub(e.At)), Transport: x.Transport,
	}
	for _, w := range x.Claimed {
		s.Claimed = append(s.Claimed, alert.Claim{Kind: string(w.Kind), Since: w.Since, Cause: string(w.Cause)})
	}
	return s
}

// eventOf is a notice as an event. A notice of a session's end is none: the
// session's own event says it.
func eventOf(x alert.Notice) (event.Event, bool) {
	body, err := json.Marshal(x)
	if err != nil { // never: it holds no value that JSON does not know
		body = nil
	}
	e := event.Event{At: x.At, Session: event.Session{ID: x.Session, Exam: x.Exam, Student: x.Student, State: x.Seen.State, Transport: x.Seen.Transport, LastPacket: x.LastPacket}}
	switch {
	case x.Kind == alert.Ended:
		return e, false
	case x.Counts != nil:
		e.Payload = event.Incident{
			ID: x.Warning, Active: x.State == alert.Raised, Direction: x.Direction, Exams: x.Counts.Exams, Affected: x.Counts.Affected,
			Since: x.Since, Sentence: x.Sentence, Notice: body,
		}
	default:
		e.Payload = event.Warning{
			ID: x.Warning, Name: string(x.Kind), Active: x.State == alert.Raised, Direction: x.Direction, Severity: x.Severity,
			Since: x.Since, Incident: x.Incident, Sentence: x.Sentence, Notice: body,
		}
	}
	return e, true
}

// noticeOf is a warning or an incident of another server as the notice that it was.
func noticeOf(e event.Event) (x alert.Notice, ok bool) {
	var body json.RawMessage
	switch p := e.Payload.(type) {
	case event.Warning:
		body = p.Notice
	case event.Incident:
		body = p.Notice
	}
	return x, body != nil && json.Unmarshal(body, &x) == nil
}
