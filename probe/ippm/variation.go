package ippm

import (
	"slices"
	"time"
)

// IPDV is the inter-packet delay variation: the one-way delay of a packet
// minus that of the packet before it (RFC 3393; RFC 5481, section 4.1). It is
// signed, and defined only for packets with consecutive sequence numbers.
type IPDV time.Duration

// PDV is the packet delay variation: the one-way delay of a packet minus the
// lowest of the interval (RFC 5481, section 4.2). It is never negative.
type PDV time.Duration

// IPDVOf returns the IPDV series of consecutive one-way delays. A constant
// clock offset cancels.
func IPDVOf(delays []time.Duration) []IPDV {
	if len(delays) < 2 {
		return nil
	}
	out := make([]IPDV, 0, len(delays)-1)
	for i := 1; i < len(delays); i++ {
		out = append(out, IPDV(delays[i]-delays[i-1]))
	}
	return out
}

// PDVOf returns the PDV series of one-way delays.
func PDVOf(delays []time.Duration) []PDV {
	if len(delays) == 0 {
		return nil
	}
	low := delays[0]
	for _, d := range delays {
		low = min(low, d)
	}
	out := make([]PDV, len(delays))
	for i, d := range delays {
		out[i] = PDV(d - low)
	}
	return out
}

// Jitter is the interarrival jitter of RFC 3550, section 6.4.1: a running
// estimate with gain 1/16, over packets in order of arrival. It reflects the
// last few dozen packets only. The zero value is ready.
type Jitter struct {
	transit time.Duration
	value   float64
	n       int
}

// Add adds the next arrival's relative transit time, receive minus send
// timestamp; a constant clock offset cancels.
func (j *Jitter) Add(transit time.Duration) {
	if j.n > 0 {
		d := float64((transit - j.transit).Abs())
		j.value += (d - j.value) / 16
	}
	j.transit = transit
	j.n++
}

// Value returns the current estimate; ok is false before the second packet.
func (j *Jitter) Value() (d time.Duration, ok bool) {
	return time.Duration(j.value), j.n > 1
}

// variationSpan is the number of differences that Variation covers: a few
// seconds of the monitor stream.
const variationSpan = 32

// Variation tracks the recent delay variation of a stream: the median of |IPDV|
// over its last arrivals, which is robust against a few outliers. The zero
// value is ready. Not safe for concurrent use.
type Variation struct {
	last  time.Duration
	begun bool
	ring  [variationSpan]time.Duration
	n     int
}

// Add adds the next arrival's relative transit time.
func (v *Variation) Add(transit time.Duration) {
	if v.begun {
		v.ring[v.n%variationSpan] = (transit - v.last).Abs()
		v.n++
	}
	v.last, v.begun = transit, true
}

// Median returns the median of |IPDV|, 0 if unknown.
func (v *Variation) Median() time.Duration {
	n := min(v.n, variationSpan)
	if n == 0 {
		return 0
	}
	sorted := v.ring
	slices.Sort(sorted[:n])
	return sorted[n/2]
}
