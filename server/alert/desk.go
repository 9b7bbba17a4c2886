package alert

import (
	"maps"
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

	// A silence that begins for the third time in flapWithin makes the session
	// one that flaps, until it has been steady for as long.
	flapTimes  = 3
	flapWithin = 30 * time.Second

	// lateWord is how long a word of silence may come behind the session's end:
	// they come from different goroutines of the server.
	lateWord = 10 * time.Second
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

// rules are what a desk judges by.
type rules struct {
	hold     time.Duration
	incident IncidentRule
	minimum  map[string]float64 // bit/s by direction; absent or 0: no bound
}

// desk turns what the server sees into notices: one warning for each session
// and trouble, one incident where many come into the same together. It is pure: what
// happens carries its time, and nothing happens between two calls. It is not
// safe for concurrent use.
type desk struct {
	rules
	sessions  map[string]*subject
	all, live map[string]int        // sessions, and those of them that are not silent, by exam; "" is every exam
	held      []*trouble            // whose word waits
	onsets    map[string][]*trouble // that began lately, by direction
	flapping  []*subject
	incidents []*incident
	restored  []*subject           // of an earlier run, whose sessions have not come back
	forget    time.Time            // when they are given up
	gone      map[string]time.Time // when sessions ended, for lateWord
	sweep     time.Time            // when those are looked through again
	standing  map[string]Notice    // by warning
	emit      func(Notice)
}

// subject is one session as the desk follows it.
type subject struct {
	Session
	trouble       // its silence
	silent   Kind // how grave the silence is that goes on; "": none
	told     Kind // of it, what has been told
	onsets   []time.Time
	flaps    bool
	episodes int
	steady   time.Time        // when a session that flaps will have been steady for long enough; zero: silent
	rates    map[string]*rate // by direction
}

func newSubject(s Session) *subject {
	sub := &subject{Session: s, rates: map[string]*rate{}}
	sub.sub = sub
	return sub
}

func newDesk(r rules, emit func(Notice)) *desk {
	d := &desk{
		rules: r, sessions: map[string]*subject{}, all: map[string]int{}, live: map[string]int{}, onsets: map[string][]*trouble{},
		standing: map[string]Notice{}, gone: map[string]time.Time{},
	}
	d.emit = func(n Notice) {
		if n.State == Raised {
			d.standing[n.Warning] = n
		} else {
			delete(d.standing, n.Warning)
		}
		emit(n)
	}
	return d
}

// change takes a change of a session's state.
func (d *desk) change(s Session) {
	d.run(s.At)
	if _, known := d.sessions[s.Session]; !known && d.stale(s) {
		return
	}
	sub := d.follow(s)
	switch s.State {
	case "suspect", "dropped", "exam-relevant":
		d.worse(sub, Kind(s.State))
	case "ended":
		d.ended(sub)
	default:
		d.better(sub)
	}
}

// stale says whether what comes of a session that is not followed is none of its
// business: its end, or a word from before its end.
func (d *desk) stale(s Session) bool {
	if s.State == "ended" {
		return true // it was never live, or has been told of
	}
	end, ended := d.gone[s.Session]
	return ended && Kind(s.State).rank() > 0 && s.At.Sub(end) < lateWord
}

// follow finds or begins a session's account.
func (d *desk) follow(s Session) *subject {
	sub := d.sessions[s.Session]
	if sub == nil {
		sub = newSubject(s)
		d.sessions[s.Session] = sub
		count(d.all, s.Exam, 1)
		count(d.live, s.Exam, 1)
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

func (d *desk) worse(sub *subject, k Kind) {
	first := sub.silent == ""
	sub.silent = k
	if !first {
		if sub.due.IsZero() && sub.incident == nil {
			d.tell(sub)
		}
		return
	}
	count(d.live, sub.Exam, -1)
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
			d.flapping = append(d.flapping, sub)
		}
	}
	if d.common(&sub.trouble, sub.At) {
		return
	}
	if d.hold > 0 && len(d.sessions) >= d.incident.Sessions { // else there are too few for an incident
		d.wait(&sub.trouble, d.hold)
		return
	}
	d.tell(sub)
}

// tell says how grave a silence is, once.
func (d *desk) tell(sub *subject) {
	sub.due = time.Time{}
	if sub.silent.rank() <= sub.told.rank() {
		return
	}
	sub.told = sub.silent
	n := d.notice(sub, sub.silent, Raised)
	n.Since = sub.since
	d.send(n)
}

func (d *desk) better(sub *subject) {
	if sub.silent == "" {
		return
	}
	sub.silent, sub.due = "", time.Time{}
	count(d.live, sub.Exam, 1)
	if sub.flaps {
		sub.steady = sub.At.Add(flapWithin)
	} else {
		d.recovered(sub, sub.At, sub.At)
	}
	sub.leave(sub.At)
}

// recovered closes a warning of silence that has been told.
func (d *desk) recovered(sub *subject, at, end time.Time) {
	if sub.told != "" {
		n := d.notice(sub, Recovered, Cleared)
		n.At, n.Since, n.Was, n.Duration = at, sub.since, sub.told, end.Sub(sub.since).Seconds()
		d.send(n)
	}
	sub.told, sub.warning, sub.episodes = "", "", 0
}

// ended takes the end of a session, on purpose or not. It is told whether or
// not something stood.
func (d *desk) ended(sub *subject) {
	delete(d.sessions, sub.Session.Session)
	count(d.all, sub.Exam, -1)
	if sub.At.After(d.sweep) {
		maps.DeleteFunc(d.gone, func(_ string, end time.Time) bool { return sub.At.Sub(end) >= lateWord })
		d.sweep = sub.At.Add(lateWord)
	}
	d.gone[sub.Session.Session] = sub.At
	if sub.silent == "" {
		count(d.live, sub.Exam, -1)
	}
	n := d.notice(sub, Ended, Cleared)
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
		if d.closeRate(sub.rates[direction]) && n.Was == "" {
			n.Was = BelowMinimum
		}
	}
	clear(sub.rates)
	d.send(n)
}

// run does what has come due by now.
func (d *desk) run(now time.Time) {
	d.release(now)
	d.flapping = slices.DeleteFunc(d.flapping, func(sub *subject) bool {
		if !sub.flaps {
			return true
		}
		if sub.steady.IsZero() || sub.steady.After(now) {
			return false
		}
		d.recovered(sub, sub.steady, sub.steady.Add(-flapWithin))
		sub.flaps, sub.onsets = false, nil
		return true
	})
	d.incidents = slices.DeleteFunc(d.incidents, func(i *incident) bool { return d.over(i, now) })
	d.giveUp(now)
}

// next is when something comes due; false when nothing will by itself.
func (d *desk) next() (at time.Time, ok bool) {
	soonest := func(t time.Time) {
		if !t.IsZero() && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	for _, t := range d.held {
		soonest(t.due)
	}
	for _, sub := range d.flapping {
		soonest(sub.steady)
	}
	for _, i := range d.incidents {
		soonest(i.update)
		if !i.calmSince.IsZero() {
			soonest(i.calmSince.Add(i.settle))
		}
	}
	if len(d.restored) > 0 {
		soonest(d.forget)
	}
	return at, ok
}

// notice begins a notice about a session.
func (d *desk) notice(sub *subject, k Kind, st State) Notice {
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
func (d *desk) send(n Notice) {
	n.ID, n.Severity = newID("notice"), n.Kind.severity()
	n.Sentence = sentence(n)
	d.emit(n)
}
