package alert

import (
	"slices"
	"time"

	"examlink/probe/warning"
)

// endRestart is the end of an incident whose sessions an earlier run followed.
const endRestart = "restart"

// endDuplicate is the end of a warning that repeats another one of the same session.
const endDuplicate = "duplicate"

// Restore takes up the warnings that were active when an earlier run ended. A
// session that does not come back within forget is over; incidents are over at
// once, since nobody knows their other sessions any more. Of several warnings about the
// same, as servers give that could not hear of each other, the oldest goes on and the
// others are over.
func (c *Correlator) Restore(list []Notice, now time.Time, forget time.Duration) {
	c.forget = now.Add(forget)
	known := map[string]bool{}
	for _, n := range list {
		about := n.about()
		switch {
		case about != "" && known[about]:
			n.Was, n.Kind, n.State = n.Kind, Recovered, Cleared
			n.At, n.Duration, n.End, n.Update = now, now.Sub(n.Since).Seconds(), endDuplicate, false
			c.send(n)
			continue
		case n.Kind == Incident:
			n.At, n.State, n.Duration, n.End, n.Update = now, Cleared, now.Sub(n.Since).Seconds(), endRestart, false
			c.send(n)
			continue
		case n.Kind.rank() > 0:
			c.restoreSubject(n).restoreSilence(n)
		case n.Kind == BelowMinimum:
			c.restoreSubject(n).restoreRate(n)
		case n.Kind == NeverConnected:
			c.restoreAbsent(n)
		default:
			c.restoreSubject(n)
			continue
		}
		known[about] = true
		c.active[n.Warning] = n
	}
}

// about says what a notice warns of, the same for each that one of them makes
// superfluous; empty: such notices stand for themselves.
func (n Notice) about() string {
	switch {
	case n.Kind.rank() > 0:
		return "silence of " + n.Session
	case n.Kind == BelowMinimum:
		return n.Direction + " of " + n.Session
	case n.Kind == NeverConnected && n.Absent == nil:
		return "absence of " + n.Student + " from " + n.Exam
	case n.Kind == NeverConnected:
		return "absences from " + n.Exam
	}
	return ""
}

// restoreSubject finds the session of a notice, or follows it as one that is
// silent.
func (c *Correlator) restoreSubject(n Notice) *subject {
	sub := c.sessions[n.Session]
	if sub == nil {
		sub = newSubject(Session{Session: n.Session, Exam: n.Exam, Student: n.Student, State: string(Suspect), At: n.At, LastPacket: n.LastPacket})
		sub.silent = Suspect
		c.sessions[n.Session] = sub
		count(c.total, n.Exam, 1)
		c.restored = append(c.restored, sub)
	}
	return sub
}

func (sub *subject) restoreSilence(n Notice) {
	sub.silent, sub.notified, sub.warning, sub.since = n.Kind, n.Kind, n.Warning, n.Since
}

func (sub *subject) restoreRate(n Notice) {
	x := newRate(sub, n.Direction)
	x.tracker.Observe(warning.Observation{At: n.At, Since: n.Since, Level: warning.Decisive})
	x.warning, x.notified, x.last = n.Warning, true, n.Seen.Upload
	if n.Direction == "down" {
		x.last = n.Claimed.Download
	}
	x.low = x.last
	sub.rates[n.Direction] = x
}

// replaceRestored ends the silent sessions of an earlier run whose student is back with
// a new session, as the server ends those of its own run.
func (c *Correlator) replaceRestored(s Session) {
	c.restored = slices.DeleteFunc(c.restored, func(sub *subject) bool {
		if sub.Exam != s.Exam || sub.Student != s.Student || c.sessions[sub.Session.Session] != sub || sub.silent == "" {
			return false
		}
		sub.State, sub.End, sub.At = "ended", "replaced", s.At
		c.ended(sub)
		return true
	})
}

// forgetRestored ends the restored sessions that have not come back in time.
func (c *Correlator) forgetRestored(now time.Time) {
	if len(c.restored) == 0 || c.forget.After(now) {
		return
	}
	for _, sub := range c.restored {
		if c.sessions[sub.Session.Session] == sub && sub.silent != "" {
			sub.State, sub.End, sub.At = "ended", "silent", c.forget
			c.ended(sub)
		}
	}
	c.restored = nil
}
