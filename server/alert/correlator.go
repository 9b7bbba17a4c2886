// Package alert makes warnings of what the server has noticed, with hysteresis,
// and one incident of many sessions that fall silent or below the minimum
// together.
//
// It is pure: what happens is handed to it as plain values that carry their time,
// and its notices are handed on. What a client claims stays apart from what the
// server saw. A notice is evidence about a network, never about a person, and its
// wording says so; it names students by their pseudonyms.
package alert

import (
	"slices"
	"time"
)

// Chosen by us.
const (
	// DefaultHold is how long the first word of a silence waits for others to
	// fall silent too. Sessions cut off at one instant are noticed within two of
	// the server's looks, which are 100 ms apart, because their last packets lie
	// up to one interval of 100 ms apart; one look and a half catches them, and
	// of the 300 ms there are from suspect (1 s) to a proctor (1.3 s) it leaves
	// as much, less the look, for the way to the receiver.
	DefaultHold = 150 * time.Millisecond

	// lateWord is how long a word of silence may come behind the session's end:
	// they come from different goroutines of the server.
	lateWord = 10 * time.Second
)

// Rules are what a correlator judges by.
type Rules struct {
	// Hold is how long the first word of a silence waits; see DefaultHold. Less
	// than 0 is not at all, and then no word of a rate waits for others either.
	Hold     time.Duration
	Incident IncidentRule
	// MinimumUp and MinimumDown are the policy's minima, IP-layer bit/s; 0 sets
	// none.
	MinimumUp, MinimumDown float64
}

// Correlator turns what the server sees into notices: one warning for each session
// and condition, one incident where many come into the same together. It is pure: what
// happens carries its time, and nothing happens between two calls. It is not
// safe for concurrent use.
type Correlator struct {
	Rules
	minimum   map[string]float64 // bit/s by direction; absent or 0: no bound
	sessions  map[string]*subject
	all, live map[string]int          // sessions, and those of them that are not silent, by exam; "" is every exam
	held      []*condition            // whose word waits
	onsets    map[string][]*condition // that began lately, by direction
	flapping  []*subject
	incidents []*incident
	restored  []*subject           // of an earlier run, whose sessions have not come back
	forget    time.Time            // when they are given up
	gone      map[string]time.Time // when sessions ended, for lateWord
	sweep     time.Time            // when those are looked through again
	standing  map[string]Notice    // by warning
	emit      func(Notice)
}

// NewCorrelator makes a correlator, which hands each notice to emit.
func NewCorrelator(r Rules, emit func(Notice)) *Correlator {
	c := &Correlator{
		Rules: r, minimum: map[string]float64{"up": r.MinimumUp, "down": r.MinimumDown}, sessions: map[string]*subject{}, all: map[string]int{}, live: map[string]int{}, onsets: map[string][]*condition{},
		standing: map[string]Notice{}, gone: map[string]time.Time{},
	}
	c.emit = func(n Notice) {
		if n.State == Raised {
			c.standing[n.Warning] = n
		} else {
			delete(c.standing, n.Warning)
		}
		emit(n)
	}
	return c
}

// Change takes a change of a session's state.
func (c *Correlator) Change(s Session) {
	c.Run(s.At)
	if _, known := c.sessions[s.Session]; !known && c.stale(s) {
		return
	}
	sub := c.follow(s)
	switch s.State {
	case "suspect", "dropped", "exam-relevant":
		c.worse(sub, Kind(s.State))
	case "ended":
		c.ended(sub)
	default:
		c.better(sub)
	}
}

// stale says whether what comes of a session that is not followed is none of its
// business: its end, or a word from before its end.
func (c *Correlator) stale(s Session) bool {
	if s.State == "ended" {
		return true // it was never live, or has been told of
	}
	end, ended := c.gone[s.Session]
	return ended && Kind(s.State).Rank() > 0 && s.At.Sub(end) < lateWord
}

// follow finds or begins a session's account.
func (c *Correlator) follow(s Session) *subject {
	sub := c.sessions[s.Session]
	if sub == nil {
		sub = newSubject(s)
		c.sessions[s.Session] = sub
		count(c.all, s.Exam, 1)
		count(c.live, s.Exam, 1)
	}
	sub.Session = s
	return sub
}

func count(sessions map[string]int, exam string, n int) {
	for _, of := range []string{"", exam} {
		if sessions[of] += n; sessions[of] == 0 {
			delete(sessions, of)
		}
	}
}

// Run does what has come due by now.
func (c *Correlator) Run(now time.Time) {
	c.release(now)
	c.flapping = slices.DeleteFunc(c.flapping, func(sub *subject) bool {
		if !sub.flaps {
			return true
		}
		if sub.steady.IsZero() || sub.steady.After(now) {
			return false
		}
		c.recovered(sub, sub.steady, sub.steady.Add(-flapWithin))
		sub.flaps, sub.onsets = false, nil
		return true
	})
	c.incidents = slices.DeleteFunc(c.incidents, func(i *incident) bool { return c.over(i, now) })
	c.giveUp(now)
}

// SetMinima puts other minima in force, IP-layer bit/s; 0 sets none. What stands
// is measured by them from its next reading on.
func (c *Correlator) SetMinima(up, down float64) {
	next := map[string]float64{"up": up, "down": down}
	for _, sub := range c.sessions {
		for direction, x := range sub.rates {
			if next[direction] > c.minimum[direction] {
				x.well = false // it has not met this one
			}
		}
	}
	c.minimum = next
}

// Rates are the latest readings of a session, as far as there are any: what the
// server read going up, and what the client claims coming down.
func (c *Correlator) Rates(session string) (up, down *Rate) {
	sub := c.sessions[session]
	if sub == nil {
		return nil, nil
	}
	if r := sub.rates["up"]; r != nil {
		up = r.last
	}
	if r := sub.rates["down"]; r != nil {
		down = r.last
	}
	return up, down
}

// Next is when something comes due; false when nothing will by itself.
func (c *Correlator) Next() (at time.Time, ok bool) {
	soonest := func(t time.Time) {
		if !t.IsZero() && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	for _, t := range c.held {
		soonest(t.due)
	}
	for _, sub := range c.flapping {
		soonest(sub.steady)
	}
	for _, i := range c.incidents {
		soonest(i.update)
		if !i.calmSince.IsZero() {
			soonest(i.calmSince.Add(i.settle))
		}
	}
	if len(c.restored) > 0 {
		soonest(c.forget)
	}
	return at, ok
}

// notice begins a notice about a session.
func (c *Correlator) notice(sub *subject, k Kind, st State) Notice {
	n := Notice{
		Warning: sub.warning, Kind: k, State: st, Exam: sub.Exam, Session: sub.Session.Session, Student: sub.Student,
		At: sub.At, LastPacket: sub.LastPacket,
		Seen: Seen{State: sub.State, Transport: sub.Transport}, Claimed: Claimed{Warnings: sub.Claimed},
	}
	if sub.flaps {
		n.Flapping, n.Episodes = true, sub.episodes
	}
	if sub.incident != nil {
		n.Incident = sub.incident.id
	}
	if r := sub.rates["up"]; r != nil {
		n.Seen.Upload = r.last
	}
	if r := sub.rates["down"]; r != nil {
		n.Claimed.Download = r.last
	}
	return n
}

// send completes a notice and hands it on.
func (c *Correlator) send(n Notice) {
	n.ID, n.Severity = newID("notice"), n.Kind.severity()
	n.Sentence = Sentence(n)
	c.emit(n)
}
