package alert

import (
	"maps"
	"slices"
	"time"

	"examlink/probe/warning"
)

// endRestart says that an incident's sessions are not known any more.
const endRestart = "restart"

// Active is what stands, the oldest first.
func (c *Correlator) Active() []Notice {
	return slices.SortedFunc(maps.Values(c.standing), func(a, b Notice) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return slices.Compare([]byte(a.Warning), []byte(b.Warning))
	})
}

// Restore takes up what stood when an earlier run ended. Sessions that do not
// come back within forget are over.
func (c *Correlator) Restore(list []Notice, now time.Time, forget time.Duration) {
	c.forget = now.Add(forget)
	for _, n := range list {
		if n.Kind == Incident {
			c.standing[n.Warning] = n
			n.At, n.State, n.Duration, n.End, n.Update = now, Cleared, now.Sub(n.Since).Seconds(), endRestart, false
			c.send(n)
			continue
		}
		sub := c.sessions[n.Session]
		if sub == nil {
			sub = newSubject(Session{Session: n.Session, Exam: n.Exam, Student: n.Student, State: string(Suspect), At: n.At, LastPacket: n.LastPacket})
			sub.silent = Suspect
			c.sessions[n.Session] = sub
			count(c.all, n.Exam, 1)
			c.restored = append(c.restored, sub)
		}
		switch {
		case n.Kind.Rank() > 0:
			sub.silent, sub.told, sub.warning, sub.since = n.Kind, n.Kind, n.Warning, n.Since
		case n.Kind == BelowMinimum:
			x := newRate(sub, n.Direction)
			x.tracker.Observe(warning.Observation{At: n.At, Since: n.Since, Level: warning.Decisive})
			x.warning, x.told, x.last = n.Warning, true, n.Seen.Upload
			if n.Direction == "down" {
				x.last = n.Claimed.Download
			}
			x.low = x.last
			sub.rates[n.Direction] = x
		default:
			continue
		}
		c.standing[n.Warning] = n
	}
}

// giveUp ends the sessions of an earlier run that have not come back in time.
func (c *Correlator) giveUp(now time.Time) {
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
