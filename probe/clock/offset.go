package clock

import (
	"slices"
	"time"
)

// Chosen by us.
const (
	// offsetSlot is the time from which one sample is kept, the one with the lowest
	// round-trip delay.
	offsetSlot = 2 * time.Second
	// offsetSlots is how many slots the estimate looks back: four minutes.
	offsetSlots = 120
	// skewSpan is the least time the samples must cover before a skew is
	// fitted; below it the noise of the delays outweighs any real skew.
	skewSpan = 30 * time.Second
)

// Exchange is one probe and its echo: student sends (T1), server receives
// (T2), server sends (T3), student receives (T4); T1 and T4 by the student's
// clock, T2 and T3 by the server's.
type Exchange struct{ T1, T2, T3, T4 time.Duration }

// RoundTrip returns the round-trip delay without the server's processing time.
func (e Exchange) RoundTrip() time.Duration { return (e.T4 - e.T1) - (e.T3 - e.T2) }

// Offset returns the server's clock minus the student's, if both directions took
// equally long. Its error is at most half the round-trip delay.
func (e Exchange) Offset() time.Duration { return ((e.T2 - e.T1) + (e.T3 - e.T4)) / 2 }

type offsetSample struct {
	at, offset, roundTrip time.Duration
}

// Offset estimates the offset and the drift between the student's and the server's
// clock from exchanges: it fits a line through the lowest-delay third of recent
// slots. The zero value is ready. Not safe for concurrent use.
type Offset struct {
	slots   []offsetSample // oldest first
	current offsetSample
	open    bool

	base   time.Duration // student's clock at which the line has value
	value  time.Duration
	skew   float64 // server seconds gained per student second
	lowest time.Duration
	known  bool
}

// Add adds one exchange.
func (o *Offset) Add(e Exchange) {
	s := offsetSample{at: e.T4, offset: e.Offset(), roundTrip: e.RoundTrip()}
	if s.roundTrip < 0 {
		return
	}
	switch {
	case !o.open:
		o.current, o.open = s, true
	case s.at-o.current.at >= offsetSlot:
		o.slots = append(o.slots, o.current)
		if len(o.slots) > offsetSlots {
			o.slots = slices.Delete(o.slots, 0, len(o.slots)-offsetSlots)
		}
		o.current = s
	case s.roundTrip < o.current.roundTrip:
		o.current = s
	default:
		if o.known {
			return
		}
	}
	o.fit()
}

// Reset discards everything: a clock stepped, or the peer changed.
func (o *Offset) Reset() { *o = Offset{} }

func (o *Offset) fit() {
	all := append(slices.Clone(o.slots), o.current)
	slices.SortFunc(all, func(a, b offsetSample) int { return int(a.roundTrip - b.roundTrip) })
	best := all[:(len(all)+2)/3]
	o.lowest = best[0].roundTrip
	first, last := best[0].at, best[0].at
	var meanAt, meanOff float64
	for _, s := range best {
		first, last = min(first, s.at), max(last, s.at)
		meanAt += float64(s.at-best[0].at) / float64(len(best))
		meanOff += float64(s.offset-best[0].offset) / float64(len(best))
	}
	o.skew = 0
	if last-first >= skewSpan {
		var sxx, sxy float64
		for _, s := range best {
			dx := float64(s.at-best[0].at) - meanAt
			sxx += dx * dx
			sxy += dx * (float64(s.offset-best[0].offset) - meanOff)
		}
		o.skew = sxy / sxx
	}
	o.base = best[0].at + time.Duration(meanAt)
	o.value = best[0].offset + time.Duration(meanOff)
	o.known = true
}

// At returns the server's clock minus the student's at the student's time t, and its
// error bound: half the lowest round-trip delay, since its split is unknown. ok is
// false before the first exchange.
func (o *Offset) At(t time.Duration) (offset, bound time.Duration, ok bool) {
	if !o.known {
		return 0, 0, false
	}
	return o.value + time.Duration(o.skew*float64(t-o.base)), o.lowest / 2, true
}

// Skew returns how much faster the server's clock runs, in seconds per
// second; ok is false until the samples cover half a minute.
func (o *Offset) Skew() (perSecond float64, ok bool) { return o.skew, o.skew != 0 }

// OneWay is a pair of one-way delays (RFC 7679) of one exchange. Both have the same
// error bound with opposite signs: if one is too high, the other is too low by as
// much.
type OneWay struct{ Up, Down, Bound time.Duration }

// Split divides an exchange into its one-way delays. ok is false before the
// first exchange.
func (o *Offset) Split(e Exchange) (w OneWay, ok bool) {
	offset, bound, ok := o.At(e.T4)
	if !ok {
		return OneWay{}, false
	}
	return OneWay{Up: e.T2 - e.T1 - offset, Down: e.T4 - e.T3 + offset, Bound: bound}, true
}
