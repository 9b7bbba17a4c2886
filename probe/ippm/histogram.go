package ippm

import (
	"math"
	"math/bits"
	"time"
)

// subBits fixes the histogram's resolution: 2^subBits steps to each doubling,
// so a quantile is at most 0.4 % from a value that was recorded.
const subBits = 7

// Histogram counts durations in logarithmic buckets with linear steps, in
// constant memory, so a stream of any length yields quantiles. The zero value
// is ready. Negative durations count as zero. Not safe for concurrent use.
type Histogram struct {
	counts   []uint64
	n        uint64
	sum      float64
	min, max time.Duration
}

func bucketOf(v uint64) int {
	if v < 1<<(subBits+1) {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return shift<<subBits + int(v>>shift)
}

func bucketMid(i int) uint64 {
	if i < 1<<(subBits+1) {
		return uint64(i)
	}
	shift := i>>subBits - 1
	low := uint64(i-shift<<subBits) << shift
	return low + 1<<shift/2
}

// Add records d.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	i := bucketOf(uint64(d))
	if i >= len(h.counts) {
		h.counts = append(h.counts, make([]uint64, i+1-len(h.counts))...)
	}
	h.counts[i]++
	if h.n == 0 || d < h.min {
		h.min = d
	}
	h.max = max(h.max, d)
	h.n++
	h.sum += float64(d)
}

// Merge adds everything recorded in o.
func (h *Histogram) Merge(o *Histogram) {
	if o.n == 0 {
		return
	}
	if len(o.counts) > len(h.counts) {
		h.counts = append(h.counts, make([]uint64, len(o.counts)-len(h.counts))...)
	}
	for i, c := range o.counts {
		h.counts[i] += c
	}
	if h.n == 0 || o.min < h.min {
		h.min = o.min
	}
	h.max = max(h.max, o.max)
	h.n += o.n
	h.sum += o.sum
}

// Count returns how many durations were recorded.
func (h *Histogram) Count() uint64 { return h.n }

// Sum returns the sum of what was recorded.
func (h *Histogram) Sum() time.Duration { return time.Duration(h.sum) }

// Min returns the smallest duration recorded; ok is false when there is none.
func (h *Histogram) Min() (d time.Duration, ok bool) { return h.min, h.n > 0 }

// Max returns the largest duration recorded; ok is false when there is none.
func (h *Histogram) Max() (d time.Duration, ok bool) { return h.max, h.n > 0 }

// Mean returns the arithmetic mean; ok is false when nothing was recorded.
func (h *Histogram) Mean() (d time.Duration, ok bool) {
	if h.n == 0 {
		return 0, false
	}
	return time.Duration(h.sum / float64(h.n)), true
}

// Quantile returns the smallest recorded value that at least the fraction q
// of all values does not exceed, for 0 < q <= 1. ok is false when nothing was
// recorded, or when fewer than 1/(1-q) values were: such a tail has not been
// seen.
func (h *Histogram) Quantile(q float64) (d time.Duration, ok bool) {
	if h.n == 0 || q <= 0 || q > 1 || (q < 1 && float64(h.n)*(1-q) < 1-1e-9) {
		return 0, false
	}
	rank := uint64(math.Ceil(q*float64(h.n) - 1e-9))
	var seen uint64
	for i, c := range h.counts {
		seen += c
		if seen >= rank {
			return min(max(time.Duration(bucketMid(i)), h.min), h.max), true
		}
	}
	return h.max, true
}

// Each calls f for every bucket that holds something, from the smallest
// duration up, with a duration in the bucket and how many were recorded.
func (h *Histogram) Each(f func(d time.Duration, n uint64)) {
	for i, c := range h.counts {
		if c > 0 {
			f(min(max(time.Duration(bucketMid(i)), h.min), h.max), c)
		}
	}
}
