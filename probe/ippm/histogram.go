package ippm

import (
	"math"
	"math/bits"
	"time"
)

// subBits sets the histogram's resolution: 2^subBits steps per doubling. A
// quantile is at most 0.8 % from a recorded value, and much closer where values
// cluster, because each bucket keeps their mean.
const subBits = 7

// Histogram counts durations in logarithmic buckets with linear steps, in
// bounded memory, so a stream of any length yields quantiles. The zero value
// is ready. Negative durations count as zero. Not safe for concurrent use.
type Histogram struct {
	buckets  []bucket
	first    int // the index of buckets[0]
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

// bucket holds the number and the sum of the durations in one step.
type bucket struct {
	n   uint64
	sum float64 // nanoseconds
}

func (b bucket) mean() time.Duration { return time.Duration(math.Round(b.sum / float64(b.n))) }

// at returns bucket i, allocating it if necessary.
func (h *Histogram) at(i int) *bucket {
	switch {
	case len(h.buckets) == 0:
		h.first = i
	case i < h.first:
		h.buckets = append(make([]bucket, h.first-i, h.first-i+len(h.buckets)), h.buckets...)
		h.first = i
	}
	if over := i - h.first + 1 - len(h.buckets); over > 0 {
		h.buckets = append(h.buckets, make([]bucket, over)...)
	}
	return &h.buckets[i-h.first]
}

// Add records d.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	b := h.at(bucketOf(uint64(d)))
	b.n++
	b.sum += float64(d)
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
	for i, c := range o.buckets {
		if c.n > 0 {
			b := h.at(o.first + i)
			b.n += c.n
			b.sum += c.sum
		}
	}
	if h.n == 0 || o.min < h.min {
		h.min = o.min
	}
	h.max = max(h.max, o.max)
	h.n += o.n
	h.sum += o.sum
}

// Count returns the number of recorded durations.
func (h *Histogram) Count() uint64 { return h.n }

// Sum returns the sum of the recorded durations.
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

// Quantile returns the smallest recorded value v such that at least the fraction
// q of all values is at most v, to within the histogram's resolution, for
// 0 < q <= 1. ok is false if nothing was recorded, or fewer than 1/(1-q) values:
// such a tail has not been observed.
func (h *Histogram) Quantile(q float64) (d time.Duration, ok bool) {
	if h.n == 0 || q <= 0 || q > 1 || (q < 1 && float64(h.n)*(1-q) < 1-1e-9) {
		return 0, false
	}
	rank := uint64(math.Ceil(q*float64(h.n) - 1e-9))
	var seen uint64
	for _, b := range h.buckets {
		seen += b.n
		if seen >= rank {
			return min(max(b.mean(), h.min), h.max), true
		}
	}
	return h.max, true
}

// Each calls f for every non-empty bucket in ascending order, with a duration
// in the bucket and the number recorded.
func (h *Histogram) Each(f func(d time.Duration, n uint64)) {
	for _, b := range h.buckets {
		if b.n > 0 {
			f(min(max(b.mean(), h.min), h.max), b.n)
		}
	}
}
