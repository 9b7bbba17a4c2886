package session

import (
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// maxRate is the highest plausible rate, in bit/s; claims above it are ignored.
const maxRate = 100 * 1000 * ippm.MbitPerSecond

// Rate is the result of the last train of one direction, at the IP layer.
type Rate struct {
	ippm.Interval
	At time.Time // the server's clock; zero: no train yet
}

// Below reports whether a rate was measured and is below a minimum.
func (r Rate) Below(minimum ippm.Rate) bool {
	return r.Value != nil && *r.Value < float64(minimum)
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
	}
}
