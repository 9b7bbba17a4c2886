package rehearsal

import (
	"fmt"
	"math"
)

// Sent is what a browser counted of one stream that it sent, from its statistics: the page's
// claim.
type Sent struct {
	Kind    Kind  `json:"kind"`
	Payload int64 `json:"payload_bytes"` // with what was sent again, also to try the rate
	Frames  int   `json:"frames"`
	Width   int   `json:"width,omitempty"`
	Height  int   `json:"height,omitempty"`
	// Limited is the share of the time in which the browser held its pictures back because
	// of the link, and Busy because of the computer; absent: it does not tell.
	Limited *float64 `json:"limited_by_link_ratio,omitempty"`
	Busy    *float64 `json:"limited_by_computer_ratio,omitempty"`
}

// Browser is what a browser told at the end of a rehearsal.
type Browser struct {
	Streams []Sent `json:"streams"`
	// RoundTrip is that of the last half, as the browser measured it by RTCP; absent: it
	// does not tell.
	RoundTrip *float64 `json:"round_trip_seconds,omitempty"`
	// Available is the rate that the browser took the link to have upwards, in the median of
	// the last half, bit/s; absent: it does not tell.
	Available *float64 `json:"available_bits_per_second,omitempty"`
}

// Validate checks the bounds.
func (b Browser) Validate() error {
	if len(b.Streams) > 2 {
		return fmt.Errorf("%d streams, expected at most two", len(b.Streams))
	}
	for _, s := range b.Streams {
		if _, err := ParseKind(string(s.Kind)); err != nil {
			return err
		}
		if s.Payload < 0 || s.Frames < 0 || s.Width < 0 || s.Height < 0 {
			return fmt.Errorf("%s: a count below 0", s.Kind)
		}
		if !share(s.Limited) || !share(s.Busy) {
			return fmt.Errorf("%s: a share of the time that is not from 0 to 1", s.Kind)
		}
	}
	if !positive(b.RoundTrip) || !positive(b.Available) {
		return fmt.Errorf("a round trip or a rate below 0")
	}
	return nil
}

func share(v *float64) bool { return v == nil || *v >= 0 && *v <= 1 }

func positive(v *float64) bool { return v == nil || *v >= 0 && !math.IsInf(*v, 0) }

// Chosen by us: packets that are on their way when one side counts, and the size of lost ones,
// of which only the number is known.
const (
	agreeShare = 0.03
	agreeBytes = 6000
)

// agrees reports whether what a browser sent is what arrived, with what was lost.
func (s Sent) agrees(x Totals) bool {
	expected := float64(s.Payload)
	if n := x.Packets + x.Lost; n > 0 { // what is sent again is lost as often
		expected *= float64(x.Packets) / float64(n)
	}
	return math.Abs(float64(x.Payload)-expected) <= agreeBytes+agreeShare*expected
}

// of returns what the browser told of a stream; nil: nothing.
func (b *Browser) of(k Kind) *Sent {
	if b == nil {
		return nil
	}
	for i := range b.Streams {
		if b.Streams[i].Kind == k {
			return &b.Streams[i]
		}
	}
	return nil
}
