package session

import (
	"encoding/json"
	"time"

	"examlink/probe/record"
)

// Upper bounds of plausible figures.
const (
	delayMost   = 10 * time.Minute
	packetsMost = 1e9
	// unknownMost is the inverse of the largest share of packets lost in an
	// unknown direction, one tenth; above it neither direction's loss is known.
	// The verdict uses the same bound.
	unknownMost = 10
)

// Figures are a client's claims for its latest minute. Delays are seconds,
// losses shares from 0 to 1; nil is unknown.
type Figures struct {
	At                         time.Time // the server's clock when they arrived; zero: never
	RoundTrip                  *float64  // median
	LossUp, LossDown           *float64
	VariationUp, VariationDown *float64 // 95th percentile above the lowest
}

// figuresOf parses a minute report that arrived at now. Absent or implausible
// figures are unknown.
func figuresOf(contents []byte, now time.Time) Figures {
	f := Figures{At: now}
	var m record.Minute
	if json.Unmarshal(contents, &m) != nil {
		return f
	}
	f.RoundTrip = seconds(m.RoundTrip)
	f.VariationUp, f.VariationDown = seconds(m.PDVUp), seconds(m.PDVDown)
	lost := func(n uint64) bool { return n <= m.Sent } // each bounded, so that the sum cannot overflow
	switch {
	case m.Sent == 0 || m.Sent > packetsMost, m.OverTCP > 0: // TCP hides losses
	case !lost(m.LostUp) || !lost(m.LostDown) || !lost(m.LostUnknown) || m.Lost() > m.Sent:
	case m.LostUnknown*unknownMost > m.Sent:
	default:
		f.LossUp = share(m.LostUp, m.Sent)
		f.LossDown = share(m.LostDown, m.Sent-m.LostUp)
	}
	return f
}

func seconds(v *float64) *float64 {
	if v == nil || !(*v >= 0 && *v <= delayMost.Seconds()) {
		return nil
	}
	return v
}

// share returns k/n; nil if n is 0.
func share(k, n uint64) *float64 {
	if n == 0 {
		return nil
	}
	v := float64(k) / float64(n)
	return &v
}
