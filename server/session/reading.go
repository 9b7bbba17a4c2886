package session

import (
	"slices"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// maxRate is the highest plausible rate, in bit/s; claims above it are ignored.
const maxRate = 100 * 1000 * ippm.MbitPerSecond

// Rate is the result of the last train of one direction, at the IP layer.
type Rate struct {
	ippm.Interval
	At time.Time // the server's clock; zero: no train yet
}

// Outcome is how a rate compares with a bound of the policy.
type Outcome string

// The outcomes.
const (
	BelowBound   Outcome = "below"        // the whole interval is below the bound
	Inconclusive Outcome = "inconclusive" // the interval contains the bound, or nothing was found
	MeetsBound   Outcome = "meets"        // the lower bound on the rate is at least the bound
)

// Outcomes lists the outcomes; the index is the code in metrics.
func Outcomes() []Outcome { return []Outcome{BelowBound, Inconclusive, MeetsBound} }

// Code returns the index in Outcomes.
func (o Outcome) Code() int { return slices.Index(Outcomes(), o) }

// Against compares the rate with a bound of the policy. A link for which only a
// lower bound is known meets it if that does.
func (r Rate) Against(bound ippm.Rate) Outcome {
	least := float64(bound) * (1 - verdict.Tolerance)
	switch {
	case r.Low != nil && *r.Low >= least:
		return MeetsBound
	case r.Value != nil && r.High != nil && *r.High < least:
		return BelowBound
	}
	return Inconclusive
}

// RateOf converts a train's report. Implausible values are unknown.
func RateOf(r wire.TrainReport, at time.Time) Rate {
	out := Rate{Interval: ippm.Interval{Value: believed(r.Rate), Low: believed(r.Low), High: believed(r.High)}, At: at}
	if out.Value != nil && out.Low != nil && *out.Low > *out.Value {
		out.Low = nil
	}
	return out
}

// believed returns a plausible rate, or nil.
func believed(rate *float64) *float64 {
	if rate == nil || !(*rate > 0 && *rate <= float64(maxRate)) {
		return nil
	}
	return rate
}

// SetReading stores the report of a train: the server's own for up, the
// client's claim for down. measures is false if the train was too short to
// measure a rate.
func (s *Session) SetReading(r wire.TrainReport, measures bool, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	report, rate := &s.down, &s.rateDown
	if r.Direction == wire.Up {
		report, rate = &s.up, &s.rateUp
	}
	*report = &r
	if measures {
		*rate = RateOf(r, at)
		if r.Direction == wire.Up {
			s.uploads.add(*rate)
		}
	}
}
