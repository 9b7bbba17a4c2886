package alert

import (
	"time"

	"examlink/probe/ippm"
	"examlink/probe/verdict"
	"examlink/probe/warning"
)

// Chosen by us, as in the student's program.
const (
	clearFactor   = 1.2 // a warning clears at this multiple of the minimum, not at the minimum
	decisiveShare = 0.9 // one reading below this share of the minimum raises a warning
	// leastBusy is the least number of packets behind an estimate, and leastBound
	// behind a bound. A reading of fewer is a glance, which decides nothing.
	leastBusy  = 8
	leastBound = 12
)

// rateRule raises after two low readings of three and clears after three good ones.
var rateRule = warning.Rule{Raise: 2, Of: 3, Clear: 3, Rejoin: 2 * time.Minute}

// Reading is the result of one train, at the IP layer.
type Reading struct {
	ippm.Interval        // without any number if the train gave no result
	Direction     string // up: measured by the server; down: claimed by the client
	Packets       int    // behind an estimate those of the busy period, behind a bound all that arrived
}

// known says whether the reading rests on enough packets.
func (r Reading) known() bool {
	switch {
	case r.Low == nil:
		return false
	case r.Value == nil:
		return r.Packets >= leastBound
	}
	return r.High != nil && r.Packets >= leastBusy
}

// level compares a known reading with the minimum. A reading whose interval
// contains the bound says nothing.
func (r Reading) level(minimum float64) warning.Level {
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

// rate follows one direction of one session.
type rate struct {
	condition  // it is below the minimum
	notified   bool
	tracker    *warning.Tracker
	met        bool // it has met the minimum now in force, so that it can fall
	last       *Rate
	low        *Rate     // the latest reading below the minimum
	lastPacket time.Time // at the latest reading
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

// Read takes a reading of a session's rate. It ignores one that rests on too few
// packets, and one of a session that has not become live or is over.
func (c *Correlator) Read(s Session, r Reading) {
	c.Run(s.At)
	minimum := c.minimum[r.Direction]
	sub := c.sessions[s.Session]
	if sub == nil || !r.known() {
		return
	}
	x := sub.rates[r.Direction]
	if x == nil {
		x = newRate(sub, r.Direction)
		sub.rates[r.Direction] = x
	}
	x.last = &Rate{Value: r.Value, Low: r.Low, High: r.High, Minimum: minimum, At: s.At}
	sub.Transport, sub.Claimed = s.Transport, s.Claimed
	level := r.level(minimum)
	if level >= warning.Bad {
		x.low = x.last
	}
	x.lastPacket = s.LastPacket
	w, changed := x.tracker.Observe(warning.Observation{At: s.At, Level: level})
	switch {
	case !changed:
	case w.Active():
		c.fell(x, w, s.At)
	default:
		c.rose(x, w, s)
	}
	if level == warning.Good || level == warning.Fair {
		x.met = true
	}
}

// fell records that a rate is below the minimum. A rate that never met the minimum
// is not part of an incident: it has not fallen, the link was slow when the exam
// began or when the minimum was raised.
func (c *Correlator) fell(x *rate, w warning.Warning, at time.Time) {
	if w.Episodes == 1 {
		x.warning = newID("warning")
	}
	x.since, x.onset, x.notified = w.Start, at, false
	if !w.Since.IsZero() {
		x.since = w.Since
	}
	if !x.met {
		c.notifyRate(x, at)
		return
	}
	if c.correlate(&x.condition, at) {
		return
	}
	if c.rules.Hold > 0 && len(c.onsets[x.direction]) > c.rules.Incident.Sessions {
		c.hold(&x.condition, crowdHold)
		return
	}
	c.notifyRate(x, at)
}

// notifyRate sends a notice that a rate is below the minimum, once. The notice
// carries the reading that was below, even if a later one was better.
func (c *Correlator) notifyRate(x *rate, at time.Time) {
	x.due = time.Time{}
	w, active := x.tracker.Active()
	if !active || x.notified {
		return
	}
	x.notified = true
	n := c.rateNotice(x, w)
	n.At, n.LastPacket = at, x.lastPacket
	if n.LastPacket.After(at) { // the notice was held
		n.LastPacket = at
	}
	if x.direction == "up" {
		n.Seen.Upload = x.low
	} else {
		n.Claimed.Download = x.low
	}
	c.send(n)
}

// rose records that a rate meets the minimum again, and clears its warning if there
// was a notice of it.
func (c *Correlator) rose(x *rate, w warning.Warning, s Session) {
	x.due = time.Time{}
	if x.notified {
		n := c.rateNotice(x, w)
		n.At, n.LastPacket = s.At, s.LastPacket
		n.Kind, n.State, n.Was, n.Duration = Recovered, Cleared, BelowMinimum, w.End.Sub(w.Start).Seconds()
		c.send(n)
	}
	x.notified = false
	x.leave(s.At)
}

// endRate clears the warning of a rate because its session ends, and says whether
// there was one with a notice.
func (c *Correlator) endRate(x *rate) bool {
	x.due = time.Time{}
	defer x.leave(x.sub.At)
	w, active := x.tracker.Active()
	if !active || !x.notified {
		return false
	}
	n := c.rateNotice(x, w)
	n.Kind, n.State, n.Was, n.End, n.Duration = Recovered, Cleared, BelowMinimum, x.sub.End, x.sub.At.Sub(w.Start).Seconds()
	c.send(n)
	return true
}

// rateNotice begins a notice about the warning of a rate.
func (c *Correlator) rateNotice(x *rate, w warning.Warning) Notice {
	n := c.notice(x.sub, BelowMinimum, Raised)
	n.Warning, n.Direction, n.Since = x.warning, x.direction, w.Start
	n.Flapping, n.Episodes, n.Incident = w.Episodes > 1, w.Episodes, ""
	if x.incident != nil {
		n.Incident = x.incident.id
	}
	return n
}
