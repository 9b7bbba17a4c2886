package alert

import (
	"maps"
	"slices"
	"time"
)

// Chosen by us: a session flaps when its third silence within flapWithin begins,
// and until it has been steady for as long.
const (
	flapTimes  = 3
	flapWithin = 30 * time.Second
)

// Session is what the server knows of a session at an event.
type Session struct {
	Session, Exam, Student string
	// State is connected, live, suspect, dropped, exam-relevant or ended.
	State      string
	End        string    // why it ended: goodbye, silent, replaced
	At         time.Time // of the event
	LastPacket time.Time
	Transport  string
	Claimed    []Claim // warnings that are active, as the client claims
}

// subject is a session that the correlator follows.
type subject struct {
	Session
	condition      // its silence
	silent    Kind // how grave the silence is; "": none
	notified  Kind // how grave the latest notice of it said it was
	onsets    []time.Time
	flaps     bool
	episodes  int
	steady    time.Time        // when it will have stopped flapping; zero: it is silent
	rates     map[string]*rate // by direction
}

func newSubject(s Session) *subject {
	sub := &subject{Session: s, rates: map[string]*rate{}}
	sub.sub = sub
	return sub
}

// latest returns the latest reading of a direction; nil: none.
func (sub *subject) latest(direction string) *Rate {
	if r := sub.rates[direction]; r != nil {
		return r.last
	}
	return nil
}

// silenced records that a session is silent, or that its silence became graver.
func (c *Correlator) silenced(sub *subject, k Kind) {
	first := sub.silent == ""
	sub.silent = k
	if !first {
		if sub.due.IsZero() && sub.incident == nil {
			c.notifySilence(sub)
		}
		return
	}
	count(c.live, sub.Exam, -1)
	c.addOnset(sub)
	if c.correlate(&sub.condition, sub.At) {
		return
	}
	if c.rules.Hold > 0 && len(c.sessions) >= c.rules.Incident.Sessions { // fewer sessions cannot be an incident
		c.hold(&sub.condition, c.rules.Hold)
		return
	}
	c.notifySilence(sub)
}

// addOnset counts a silence that begins: a warning of its own, or another episode
// of a session that flaps.
func (c *Correlator) addOnset(sub *subject) {
	sub.onset, sub.steady = sub.At, time.Time{}
	sub.onsets = append(sub.onsets, sub.At)
	if n := len(sub.onsets) - flapTimes; n > 0 {
		sub.onsets = sub.onsets[n:]
	}
	sub.episodes++
	if sub.flaps {
		return
	}
	sub.warning, sub.since, sub.notified, sub.episodes = newID("warning"), sub.LastPacket, "", 1
	if len(sub.onsets) == flapTimes && sub.At.Sub(sub.onsets[0]) < flapWithin {
		sub.flaps, sub.episodes = true, flapTimes
		c.flapping = append(c.flapping, sub)
	}
}

// notifySilence sends a notice of a silence that is graver than the latest notice
// says.
func (c *Correlator) notifySilence(sub *subject) {
	sub.due = time.Time{}
	if sub.silent.rank() <= sub.notified.rank() {
		return
	}
	sub.notified = sub.silent
	n := c.notice(sub, sub.silent, Raised)
	n.Since = sub.since
	c.send(n)
}

// resumed records that a session is not silent, or not any more.
func (c *Correlator) resumed(sub *subject) {
	if sub.silent == "" {
		return
	}
	sub.silent, sub.due = "", time.Time{}
	count(c.live, sub.Exam, 1)
	if sub.flaps {
		sub.steady = sub.At.Add(flapWithin)
	} else {
		c.clearSilence(sub, sub.At, sub.At)
	}
	sub.leave(sub.At)
}

// clearSilence clears the warning of a silence, if there was a notice of it.
func (c *Correlator) clearSilence(sub *subject, at, end time.Time) {
	if sub.notified != "" {
		n := c.notice(sub, Recovered, Cleared)
		n.At, n.Since, n.Was, n.Duration = at, sub.since, sub.notified, end.Sub(sub.since).Seconds()
		c.send(n)
	}
	sub.notified, sub.warning, sub.episodes = "", "", 0
}

// settleFlapping clears the warnings of sessions that have stopped flapping.
func (c *Correlator) settleFlapping(now time.Time) {
	c.flapping = slices.DeleteFunc(c.flapping, func(sub *subject) bool {
		if !sub.flaps {
			return true
		}
		if sub.steady.IsZero() || sub.steady.After(now) {
			return false
		}
		c.clearSilence(sub, sub.steady, sub.steady.Add(-flapWithin))
		sub.flaps, sub.onsets = false, nil
		return true
	})
}

// ended takes the end of a session. It sends a notice whether or not a warning was
// active.
func (c *Correlator) ended(sub *subject) {
	delete(c.sessions, sub.Session.Session)
	count(c.total, sub.Exam, -1)
	if sub.silent == "" {
		count(c.live, sub.Exam, -1)
	}
	c.rememberEnd(sub)
	n := c.notice(sub, Ended, Cleared)
	sub.leave(sub.At)
	n.Since, n.End, n.Was = sub.At, sub.End, sub.notified
	if n.Warning == "" {
		n.Warning = newID("warning")
	}
	if sub.notified != "" {
		n.Since, n.Duration = sub.since, sub.At.Sub(sub.since).Seconds()
	}
	sub.silent, sub.due, sub.flaps = "", time.Time{}, false
	for _, direction := range slices.Sorted(maps.Keys(sub.rates)) {
		if c.endRate(sub.rates[direction]) && n.Was == "" {
			n.Was = BelowMinimum
		}
	}
	clear(sub.rates)
	c.send(n)
}

// rememberEnd notes when a session ended and drops the ends that are long past.
func (c *Correlator) rememberEnd(sub *subject) {
	if sub.At.After(c.sweep) {
		maps.DeleteFunc(c.endedAt, func(_ string, end time.Time) bool { return sub.At.Sub(end) >= lateChange })
		c.sweep = sub.At.Add(lateChange)
	}
	c.endedAt[sub.Session.Session] = sub.At
}
