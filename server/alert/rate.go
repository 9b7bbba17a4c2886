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
	tracker *warning.Tracker
	warning string
	last    *Rate
}

func newRate(session, direction string) *rate {
	kind := warning.UploadBelowMinimum
	if direction == "down" {
		kind = warning.DownloadBelowMinimum
	}
	return &rate{tracker: warning.NewTracker(kind, session, rateRule)}
}

// read takes a reading of a session's rate.
func (d *desk) read(s Session, r Reading) {
	d.run(s.At)
	minimum := d.minimum[r.Direction]
	sub := d.sessions[s.Session]
	if sub == nil || !r.known() {
		return // the session's first change of state is still to come, or its last has been, or nothing was learnt
	}
	x := sub.rates[r.Direction]
	if x == nil {
		x = newRate(s.Session, r.Direction)
		sub.rates[r.Direction] = x
	}
	x.last = &Rate{Value: r.Value, Low: r.Low, High: r.High, Minimum: minimum, At: s.At}
	sub.Transport, sub.Claimed = s.Transport, s.Claimed
	w, news := x.tracker.Observe(warning.Observation{At: s.At, Level: levelOf(r, minimum)})
	if !news {
		return
	}
	if w.Active() && w.Episodes == 1 {
		x.warning = newID("warning")
	}
	n := d.rateNotice(sub, r.Direction, w)
	n.At, n.LastPacket = s.At, s.LastPacket
	if !w.Active() {
		n.Kind, n.State, n.Was, n.Duration = Recovered, Cleared, BelowMinimum, w.End.Sub(w.Start).Seconds()
	}
	d.send(n)
}

// closeRate ends the warning of a rate with its session, whose end tells nothing
// about the rate; false when none stands.
func (d *desk) closeRate(sub *subject, direction string) bool {
	w, stands := sub.rates[direction].tracker.Active()
	if !stands {
		return false
	}
	n := d.rateNotice(sub, direction, w)
	n.Kind, n.State, n.Was, n.End, n.Duration = Recovered, Cleared, BelowMinimum, sub.End, sub.At.Sub(w.Start).Seconds()
	d.send(n)
	return true
}

// rateNotice begins a notice about a warning of a rate.
func (d *desk) rateNotice(sub *subject, direction string, w warning.Warning) Notice {
	n := d.notice(sub, BelowMinimum, Raised)
	n.Warning, n.Direction, n.Since = sub.rates[direction].warning, direction, w.Start
	n.Flapping, n.Episodes, n.Incident = w.Episodes > 1, w.Episodes, ""
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
