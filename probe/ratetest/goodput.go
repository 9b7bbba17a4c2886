package ratetest

import (
	"context"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	goodputTime  = time.Second // intended length of a stream at the rate read
	goodputMost  = 1500 * time.Millisecond
	goodputLeast = 30e3 // bytes; a shorter stream is all start-up
	goodputBytes = 1e6  // bytes at most
)

// Goodput is the rate of one QUIC stream: payload bytes as received, start-up
// included. Congestion control slows the stream down on loss, so Goodput is what a
// transfer achieves, not what the link can carry: that is Capacity.
type Goodput struct {
	Direction wire.Direction `json:"direction"`
	Value     *float64       `json:"payload_bits_per_second"` // nil: not measured
	Bytes     int64          `json:"bytes"`                   // of payload
	Duration  ippm.Seconds   `json:"duration_seconds"`
	Why       string         `json:"why,omitempty"` // reason if Value is nil, or far below the rate
}

// MeasureGoodput sends or fetches one stream of about a second at the known rate.
// budget is in bytes.
func MeasureGoodput(ctx context.Context, s Streamer, c Capacity, budget int64) Goodput {
	g := Goodput{Direction: c.Direction}
	if !s.Traits().Streams {
		g.Why = "this kind of connection carries no second stream"
		return g
	}
	rate := c.Rate.Value
	if rate == nil {
		rate = c.Rate.Low
	}
	if rate == nil {
		g.Why = "the link's rate is unknown"
		return g
	}
	bytes := min(int64(min(max(*rate/8*goodputTime.Seconds(), goodputLeast), goodputBytes)), budget)
	if bytes < goodputLeast {
		g.Why = "the data budget is used up"
		return g
	}
	got, err := s.Stream(ctx, wire.Goodput{Direction: c.Direction, Bytes: bytes, Duration: goodputMost})
	if err != nil {
		g.Why = err.Error()
		return g
	}
	g.Bytes, g.Duration = got.Bytes, ippm.Seconds(got.Duration)
	if got.Duration <= 0 || got.Bytes < goodputLeast/2 {
		g.Why = "too little data arrived"
		return g
	}
	v := float64(got.Bytes) * 8 / got.Duration.Seconds()
	g.Value = &v
	return g
}
