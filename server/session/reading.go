package session

import (
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// maxRate is the highest rate that is believed, in bit/s; a claim above it is
// none.
const maxRate = 100 * 1000 * ippm.MbitPerSecond

// Rate is what the last train of one direction read, in bytes per second at
// the IP layer.
type Rate struct {
	At         time.Time // the server's clock; zero: there was none
	Value, Low *float64  // nil: not known
}

// Below reports whether a rate was read that misses a minimum.
func (r Rate) Below(minimum ippm.Rate) bool {
	return r.Value != nil && *r.Value < minimum.BytesPerSecond()
}

// RateOf makes a rate of a train's report. What makes no sense is not known.
func RateOf(r wire.TrainReport, at time.Time) Rate {
	out := Rate{At: at, Value: believed(r.Rate), Low: believed(r.Low)}
	if out.Value != nil && out.Low != nil && *out.Low > *out.Value {
		out.Low = nil
	}
	return out
}

// believed turns bit/s into bytes per second; nil when that makes no sense.
func believed(rate *float64) *float64 {
	if rate == nil || !(*rate > 0 && *rate <= float64(maxRate)) {
		return nil
	}
	v := *rate / 8
	return &v
}

// SetReading keeps the report of a train: up, the server's own; down, what the
// client claims. measures is false when the train was too short to read a rate.
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
