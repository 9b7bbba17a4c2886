package delivery

import (
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
	if e.Session.Purpose == session.PurposeCheck {
		return
	}
	switch p := e.Payload.(type) {
	case event.State:
		n.State(sessionOf(e))
	case event.Ended:
		s := sessionOf(e)
		s.State, s.End = string(session.Ended), p.Why
		n.State(s)
	case event.Reading:
		n.reading(e, p.Report)
	case event.Claim:
		n.reading(e, p.Report)
	}
}

// reading takes what a train read. TCP shapes what it reads: such a reading is no
// rate of the link.
func (n *Notifier) reading(e event.Event, r wire.TrainReport) {
	if e.Session.Transport != string(link.UDP) {
		return
	}
	x := alert.Reading{Interval: ippm.Interval{Value: r.Rate, Low: r.Low, High: r.High}, Direction: string(r.Direction), Packets: r.Busy}
	if r.Rate == nil {
		x.Packets = r.Received
	}
	n.Reading(sessionOf(e), x)
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
	e := event.Event{At: x.At, Session: event.Session{ID: x.Session, Exam: x.Exam, Student: x.Student, State: x.Seen.State, Transport: x.Seen.Transport, LastPacket: x.LastPacket}}
	switch {
	case x.Kind == alert.Ended:
		return e, false
	case x.Counts != nil:
		e.Payload = event.Incident{
			ID: x.Warning, Active: x.State == alert.Raised, Direction: x.Direction, Exams: x.Counts.Exams, Affected: x.Counts.Affected,
			Since: x.Since, Sentence: x.Sentence,
		}
	default:
		e.Payload = event.Warning{
			ID: x.Warning, Name: string(x.Kind), Active: x.State == alert.Raised, Direction: x.Direction, Severity: x.Severity,
			Since: x.Since, Incident: x.Incident, Sentence: x.Sentence,
		}
	}
	return e, true
}
