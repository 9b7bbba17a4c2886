package session

import (
	"encoding/json"
	"time"

	"examlink/probe/record"
)

// Beyond these a client's figures make no sense.
const (
	delayMost   = 10 * time.Minute
	packetsMost = 1e9
	// unknownMost: above one tenth of packets lost in a direction that is not
	// known, neither direction's share is. The verdict has the same bound.
	unknownMost = 10
)

// Figures are what a client claims of its latest minute. Seconds, and shares
// from 0 to 1; nil is unknown.
type Figures struct {
	At                         time.Time // the server's clock when they came; zero: never
	RoundTrip                  *float64  // median
	LossUp, LossDown           *float64
	VariationUp, VariationDown *float64 // 95th percentile above the lowest
}

// figuresOf reads the contents of a report of a minute that came at now. What
// is not there or makes no sense is not known.
func figuresOf(contents []byte, now time.Time) Figures {
	f := Figures{At: now}
	var m record.Minute
	if json.Unmarshal(contents, &m) != nil {
		return f
	}
	f.RoundTrip = seconds(m.RoundTrip)
	f.VariationUp, f.VariationDown = seconds(m.PDVUp), seconds(m.PDVDown)
	lost := func(n uint64) bool { return n <= m.Sent } // of each, so that the sum cannot wrap
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

// share is nil when there is nothing to have a share of.
func share(k, n uint64) *float64 {
	if n == 0 {
		return nil
	}
	v := float64(k) / float64(n)
	return &v
}
