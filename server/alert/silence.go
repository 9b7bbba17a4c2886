package alert

import (
	"maps"
	"slices"
	"time"
)

// Chosen by us.
const (
	// A silence that begins for the third time in flapWithin makes the session
	// one that flaps, until it has been steady for as long.
	flapTimes  = 3
	flapWithin = 30 * time.Second
)

// Session is what the server knows of a session when something happens to it.
type Session struct {
	Session, Exam, Student string
	// State is connected, live, suspect, dropped, exam-relevant or ended.
	State      string
	End        string    // why it ended: goodbye, silent, replaced
	At         time.Time // when the server noticed
	LastPacket time.Time
	Transport  string
	Claimed    []Claim // warnings that stand, as the client says
}

// subject is one session as the correlator follows it.
type subject struct {
	Session
	condition      // its silence
	silent    Kind // how grave the silence is that goes on; "": none
	told      Kind // of it, what has been told
	onsets    []time.Time
	flaps     bool
	episodes  int
	steady    time.Time        // when a session that flaps will have been steady for long enough; zero: silent
	rates     map[string]*rate // by direction
}

func newSubject(s Session) *subject {
	sub := &subject{Session: s, rates: map[string]*rate{}}
	sub.sub = sub
	return sub
}

func (c *Correlator) worse(sub *subject, k Kind) {
	first := sub.silent == ""
	sub.silent = k
	if !first {
		if sub.due.IsZero() && sub.incident == nil {
			c.tell(sub)
		}
		return
	}
	count(c.live, sub.Exam, -1)
	sub.onset, sub.steady = sub.At, time.Time{}
	sub.onsets = append(sub.onsets, sub.At)
	if n := len(sub.onsets) - flapTimes; n > 0 {
		sub.onsets = sub.onsets[n:]
	}
	sub.episodes++
	if !sub.flaps {
		sub.warning, sub.since, sub.told, sub.episodes = newID("warning"), sub.LastPacket, "", 1
		if len(sub.onsets) == flapTimes && sub.At.Sub(sub.onsets[0]) < flapWithin {
			sub.flaps, sub.episodes = true, flapTimes
			c.flapping = append(c.flapping, sub)
		}
	}
	if c.common(&sub.condition, sub.At) {
		return
	}
	if c.Hold > 0 && len(c.sessions) >= c.Incident.Sessions { // else there are too few for an incident
		c.wait(&sub.condition, c.Hold)
		return
	}
	c.tell(sub)
}

// tell says how grave a silence is, once.
func (c *Correlator) tell(sub *subject) {
	sub.due = time.Time{}
	if sub.silent.Rank() <= sub.told.Rank() {
		return
	}
	sub.told = sub.silent
	n := c.notice(sub, sub.silent, Raised)
	n.Since = sub.since
	c.send(n)
}

func (c *Correlator) better(sub *subject) {
	if sub.silent == "" {
		return
	}
	sub.silent, sub.due = "", time.Time{}
	count(c.live, sub.Exam, 1)
	if sub.flaps {
		sub.steady = sub.At.Add(flapWithin)
	} else {
		c.recovered(sub, sub.At, sub.At)
	}
	sub.leave(sub.At)
}

// recovered closes a warning of silence that has been told.
func (c *Correlator) recovered(sub *subject, at, end time.Time) {
	if sub.told != "" {
		n := c.notice(sub, Recovered, Cleared)
		n.At, n.Since, n.Was, n.Duration = at, sub.since, sub.told, end.Sub(sub.since).Seconds()
		c.send(n)
	}
	sub.told, sub.warning, sub.episodes = "", "", 0
}

// ended takes the end of a session, on purpose or not. It is told whether or
// not something stood.
func (c *Correlator) ended(sub *subject) {
	delete(c.sessions, sub.Session.Session)
	count(c.all, sub.Exam, -1)
	if sub.At.After(c.sweep) {
		maps.DeleteFunc(c.gone, func(_ string, end time.Time) bool { return sub.At.Sub(end) >= lateWord })
		c.sweep = sub.At.Add(lateWord)
	}
	c.gone[sub.Session.Session] = sub.At
	if sub.silent == "" {
		count(c.live, sub.Exam, -1)
	}
	n := c.notice(sub, Ended, Cleared)
	sub.leave(sub.At)
	n.Since, n.End, n.Was = sub.At, sub.End, sub.told
	if n.Warning == "" {
		n.Warning = newID("warning")
	}
	if sub.told != "" {
		n.Since, n.Duration = sub.since, sub.At.Sub(sub.since).Seconds()
	}
	sub.silent, sub.due, sub.flaps = "", time.Time{}, false
	for _, direction := range slices.Sorted(maps.Keys(sub.rates)) {
		if c.closeRate(sub.rates[direction]) && n.Was == "" {
			n.Was = BelowMinimum
		}
	}
	clear(sub.rates)
	c.send(n)
}
