// Package alert turns what the server sees of its sessions, and of students who have
// none, into warnings, with hysteresis, and many that fail together into one notice.
//
// It is pure: events carry their time, notices go to a callback, and the package
// does no I/O, starts no goroutine and never reads a clock. Only the identifiers
// of notices are random. What a client claims stays apart from what the server
// saw. A notice is evidence about a network, never about a person, and its
// sentence says so; it names students by their pseudonyms only.
package alert

import (
	"maps"
	"slices"
	"time"
)

// Chosen by us.
const (
	// DefaultHold is how long the first notice of a silence waits for other
	// sessions to fall silent too. The server checks for silence every 100 ms, and
	// the last packets of sessions that are cut off at the same instant lie up to
	// 100 ms apart, so two checks find them all; a hold of one and a half checks
	// spans both. A notice should reach the proctor 1.3 s after the last packet: of
	// the 0.3 s since the session became suspect, the check takes up to 100 ms and
	// the hold 150 ms, which leaves 50 ms for the network.
	DefaultHold = 150 * time.Millisecond

	// lateChange is how long after the end of a session its last silence may still
	// be reported: the two come from different goroutines of the server.
	lateChange = 10 * time.Second
)

// Rules configure a correlator.
type Rules struct {
	// Hold is how long the first notice of a silence waits; see DefaultHold. A
	// negative value holds back nothing, neither silences nor rates.
	Hold     time.Duration
	Incident IncidentRule
	// MinimumUp and MinimumDown are the policy's minima, IP-layer bit/s; 0 means
	// none.
	MinimumUp, MinimumDown float64
}

// Correlator turns events into notices: one warning for each condition of a
// session, one incident when many sessions enter the same condition together. It
// acts only while one of its methods runs, and is not safe for concurrent use.
type Correlator struct {
	rules   Rules
	minimum map[string]float64 // by direction; 0: none
	emit    func(Notice)

	sessions    map[string]*subject
	total, live map[string]int          // sessions, and those that are not silent, by exam; "" is all exams
	onsets      map[string][]*condition // the latest, by direction
	held        []*condition            // their notices wait
	flapping    []*subject
	incidents   []*incident
	active      map[string]Notice // by warning

	endedAt map[string]time.Time // by session, for lateChange
	sweep   time.Time            // when to drop old entries of endedAt

	absentees map[string]*absentees // by exam

	restored []*subject // sessions of an earlier run that have not come back
	forget   time.Time  // when they are given up
}

// NewCorrelator makes a correlator that passes each notice to emit, in order.
func NewCorrelator(r Rules, emit func(Notice)) *Correlator {
	return &Correlator{
		rules: r, minimum: minima(r.MinimumUp, r.MinimumDown), emit: emit,
		sessions: map[string]*subject{}, total: map[string]int{}, live: map[string]int{},
		onsets: map[string][]*condition{}, active: map[string]Notice{}, endedAt: map[string]time.Time{},
		absentees: map[string]*absentees{},
	}
}

func minima(up, down float64) map[string]float64 {
	return map[string]float64{"up": up, "down": down}
}

// Change takes a change of a session's state.
func (c *Correlator) Change(s Session) {
	c.Run(s.At)
	_, known := c.sessions[s.Session]
	if !known && c.obsolete(s) {
		return
	}
	if !known && Kind(s.State).rank() == 0 {
		c.replaceRestored(s)
	}
	sub := c.follow(s)
	switch s.State {
	case "suspect", "dropped", "exam-relevant":
		c.silenced(sub, Kind(s.State))
	case "ended":
		c.ended(sub)
	default:
		c.resumed(sub)
	}
}

// obsolete says whether a change concerns a session that is over, or that never
// became live.
func (c *Correlator) obsolete(s Session) bool {
	if s.State == "ended" {
		return true
	}
	end, ended := c.endedAt[s.Session]
	return ended && Kind(s.State).rank() > 0 && s.At.Sub(end) < lateChange
}

// follow finds a session or begins to follow it.
func (c *Correlator) follow(s Session) *subject {
	sub := c.sessions[s.Session]
	if sub == nil {
		sub = newSubject(s)
		c.sessions[s.Session] = sub
		count(c.total, s.Exam, 1)
		count(c.live, s.Exam, 1)
	}
	sub.Session = s
	return sub
}

// count adds n sessions of an exam.
func count(sessions map[string]int, exam string, n int) {
	for _, of := range []string{"", exam} {
		if sessions[of] += n; sessions[of] == 0 {
			delete(sessions, of)
		}
	}
}

// Run does everything that is due by now.
func (c *Correlator) Run(now time.Time) {
	c.release(now)
	c.settleFlapping(now)
	c.incidents = slices.DeleteFunc(c.incidents, func(i *incident) bool { return c.advance(i, now) })
	c.updateAbsent(now)
	c.forgetRestored(now)
}

// Next returns when Run has something to do next; false: not before another
// event.
func (c *Correlator) Next() (at time.Time, ok bool) {
	soonest := func(t time.Time) {
		if !t.IsZero() && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	for _, cond := range c.held {
		soonest(cond.due)
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
	for _, a := range c.absentees {
		soonest(a.update)
	}
	if len(c.restored) > 0 {
		soonest(c.forget)
	}
	return at, ok
}

// Active returns the latest notice of each active warning and incident, the
// oldest warning first.
func (c *Correlator) Active() []Notice { return Oldest(c.active) }

// Oldest returns notices by warning in the order in which the warnings began.
func Oldest(active map[string]Notice) []Notice {
	return slices.SortedFunc(maps.Values(active), func(a, b Notice) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return slices.Compare([]byte(a.Warning), []byte(b.Warning))
	})
}

// SetMinima replaces the minima, IP-layer bit/s; 0 means none. The next reading of
// a rate is the first that is compared with them.
func (c *Correlator) SetMinima(up, down float64) {
	next := minima(up, down)
	for _, sub := range c.sessions {
		for direction, x := range sub.rates {
			if next[direction] > c.minimum[direction] {
				x.met = false
			}
		}
	}
	c.minimum = next
}

// SetRules replaces Hold and Incident of the rules. Warnings and incidents that are active
// stay, incidents with the window they began with, and so does the wait of a notice that
// is held.
func (c *Correlator) SetRules(hold time.Duration, incident IncidentRule) {
	c.rules.Hold, c.rules.Incident = hold, incident
}

// notice begins a notice about a session.
func (c *Correlator) notice(sub *subject, k Kind, st State) Notice {
	n := Notice{
		Warning: sub.warning, Kind: k, State: st, Exam: sub.Exam, Session: sub.Session.Session, Student: sub.Student,
		At: sub.At, LastPacket: sub.LastPacket,
		Seen:    Seen{State: sub.State, Transport: sub.Transport, Upload: sub.latest("up")},
		Claimed: Claimed{Warnings: sub.Claimed, Download: sub.latest("down")},
	}
	if sub.flaps {
		n.Flapping, n.Episodes = true, sub.episodes
	}
	if sub.incident != nil {
		n.Incident = sub.incident.id
	}
	return n
}

// send completes a notice and emits it.
func (c *Correlator) send(n Notice) {
	n.ID, n.Severity = newID("notice"), n.Kind.severity()
	n.Sentence = sentence(n)
	if n.State == Raised {
		c.active[n.Warning] = n
	} else {
		delete(c.active, n.Warning)
	}
	c.emit(n)
}
