package server

import (
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// maxRate is the highest rate that is believed, in bit/s; a claim above it is
// none.
const maxRate = 100 * 1000 * ippm.MbitPerSecond

// reading is what the last train of one direction read, in bytes per second at
// the IP layer.
type reading struct {
	at        time.Time // the server's clock; zero: there was none
	rate, low *float64  // nil: not known
}

// below says whether a rate was read that misses a minimum.
func (r reading) below(minimum ippm.Rate) bool {
	return r.rate != nil && *r.rate < minimum.BytesPerSecond()
}

// read makes a reading of a report and counts it.
func (s *Server) read(d wire.Direction, r wire.TrainReport) reading {
	out := reading{at: s.o.Clock.Wall(), rate: believed(r.Rate), low: believed(r.Low)}
	if out.rate != nil {
		s.metrics.rates.WithLabelValues(string(d)).Observe(*out.rate)
		if out.low != nil && *out.low > *out.rate {
			out.low = nil
		}
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

// claimRate takes what a client says it read of a train going down. Only the
// train it was sent last counts, and once; ok says whether this was it, and
// whether such a train reads rates at all.
func (s *Server) claimRate(ss *session, r wire.TrainReport) (ok bool) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.down = &r
	sent := ss.awaited
	if sent == nil || sent.Train != r.Train {
		return false
	}
	ss.awaited = nil
	if !sent.Measures() {
		return false
	}
	ss.rateDown = s.read(wire.Down, r)
	return true
}
