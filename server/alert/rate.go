package alert

import (
	"time"

	"examlink/probe/verdict"
	"examlink/probe/warning"
)

// Chosen by us, and the same as the student's program judges by.
const (
	clearFactor   = 1.2 // a warning clears this far above the minimum, never at it
	decisiveShare = 0.9 // a reading below this share of the minimum needs no second one
	// leastBusy is what an estimate must rest on, and leastBound a bound: fewer
	// packets are those of a glance, which notices and decides nothing.
	leastBusy  = 8
	leastBound = 12
)

// rateRule raises on two readings that agree and clears after three.
var rateRule = warning.Rule{Raise: 2, Of: 3, Clear: 3, Rejoin: 2 * time.Minute}

// Reading is what one train read, IP-layer bit/s. Value is nil when only a bound
// is known, High when there is no upper end, and all are when the train told
// nothing.
type Reading struct {
	Direction        string // up: the server's own; down: what the client claims
	Value, Low, High *float64
	Packets          int // it rests on: an estimate those of the busy period, a bound all that arrived
}

// known says whether the train has told anything.
func (r Reading) known() bool {
	return r.Low != nil && (r.Value != nil && r.High != nil && r.Packets >= leastBusy || r.Value == nil && r.Packets >= leastBound)
}

// rate follows one direction of one session.
type rate struct {
	condition // that it is below the minimum
	told      bool
	tracker   *warning.Tracker
	well      bool // it has met the minimum in force: from there it can fall
	last      *Rate
	low       *Rate     // the latest that was below
	heard     time.Time // last packet when it was last read
}

func newRate(sub *subject, direction string) *rate {
	kind := warning.UploadBelowMinimum
	if direction == "down" {
		kind = warning.DownloadBelowMinimum
	}
	return &rate{
		condition: condition{sub: sub, direction: direction},
		tracker:   warning.NewTracker(kind, sub.Session.Session, rateRule),
	}
}

// Read takes a reading of a session's rate.
func (c *Correlator) Read(s Session, r Reading) {
	c.Run(s.At)
	minimum := c.minimum[r.Direction]
	sub := c.sessions[s.Session]
	if sub == nil || !r.known() {
		return // the session's first change of state is still to come, or its last has been, or nothing was learnt
	}
	x := sub.rates[r.Direction]
	if x == nil {
		x = newRate(sub, r.Direction)
		sub.rates[r.Direction] = x
	}
	x.last = &Rate{Value: r.Value, Low: r.Low, High: r.High, Minimum: minimum, At: s.At}
	sub.Transport, sub.Claimed = s.Transport, s.Claimed
	level := levelOf(r, minimum)
	if level >= warning.Bad {
		x.low = x.last
	}
	x.heard = s.LastPacket
	w, news := x.tracker.Observe(warning.Observation{At: s.At, Level: level})
	switch {
	case !news:
	case w.Active():
		c.fell(x, w, s.At)
	default:
		c.rose(x, w, s)
	}
	if level == warning.Good || level == warning.Fair {
		x.well = true
	}
}

// fell takes that a rate is below the minimum. One that never met it has not
// fallen: a slow line that shows when an exam begins, or when the minimum is
// raised, is no part of an incident.
func (c *Correlator) fell(x *rate, w warning.Warning, at time.Time) {
	if w.Episodes == 1 {
		x.warning = newID("warning")
	}
	x.since, x.onset, x.told = w.Start, at, false
	if !w.Since.IsZero() {
		x.since = w.Since
	}
	if !x.well {
		c.tellRate(x, at)
		return
	}
	if c.common(&x.condition, at) {
		return
	}
	if c.Hold > 0 && len(c.onsets[x.direction]) > c.Incident.Sessions {
		c.wait(&x.condition, crowdHold)
		return
	}
	c.tellRate(x, at)
}

// tellRate says that a rate is below the minimum, once.
func (c *Correlator) tellRate(x *rate, at time.Time) {
	x.due = time.Time{}
	w, stands := x.tracker.Active()
	if !stands || x.told {
		return
	}
	x.told = true
	n := c.rateNotice(x, w)
	n.At, n.LastPacket = at, x.heard
	if x.heard.After(at) { // the word has waited
		n.LastPacket = at
	}
	if x.direction == "up" { // by now it may have been read again, and better
		n.Seen.Upload = x.low
	} else {
		n.Claimed.Download = x.low
	}
	c.send(n)
}

// rose takes that a rate is well again. Its end is told if it was told of.
func (c *Correlator) rose(x *rate, w warning.Warning, s Session) {
	x.due = time.Time{}
	if x.told {
		n := c.rateNotice(x, w)
		n.At, n.LastPacket = s.At, s.LastPacket
		n.Kind, n.State, n.Was, n.Duration = Recovered, Cleared, BelowMinimum, w.End.Sub(w.Start).Seconds()
		c.send(n)
	}
	x.told = false
	x.leave(s.At)
}

// closeRate ends the warning of a rate with its session, whose end tells nothing
// about the rate; false when none was told of.
func (c *Correlator) closeRate(x *rate) bool {
	x.due = time.Time{}
	defer x.leave(x.sub.At)
	w, stands := x.tracker.Active()
	if !stands || !x.told {
		return false
	}
	n := c.rateNotice(x, w)
	n.Kind, n.State, n.Was, n.End, n.Duration = Recovered, Cleared, BelowMinimum, x.sub.End, x.sub.At.Sub(w.Start).Seconds()
	c.send(n)
	return true
}

// rateNotice begins a notice about a warning of a rate.
func (c *Correlator) rateNotice(x *rate, w warning.Warning) Notice {
	n := c.notice(x.sub, BelowMinimum, Raised)
	n.Warning, n.Direction, n.Since = x.warning, x.direction, w.Start
	n.Flapping, n.Episodes, n.Incident = w.Episodes > 1, w.Episodes, ""
	if x.incident != nil {
		n.Incident = x.incident.id
	}
	return n
}

// levelOf says what a reading that is known means for the minimum. One whose interval holds
// the bound means nothing.
func levelOf(r Reading, minimum float64) warning.Level {
	switch {
	case minimum <= 0:
	case r.Value != nil && *r.High < decisiveShare*minimum:
		return warning.Decisive
	case r.Value != nil && *r.High < (1-verdict.Tolerance)*minimum:
		return warning.Bad
	case *r.Low >= clearFactor*minimum:
		return warning.Good
	case *r.Low >= (1-verdict.Tolerance)*minimum:
		return warning.Fair
	}
	return warning.Unknown
}
