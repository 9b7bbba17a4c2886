package clock

import (
	"math"
	"math/bits"
	"sync"
	"time"
)

// counter is a system's performance counter, for systems whose package time is too
// coarse. Callers make one call at a time.
type counter interface {
	// read returns the count. It never decreases.
	read() int64
	// frequency returns the counts per second, above zero and fixed.
	frequency() int64
	// worked returns how long the system has run, without sleep. It may lag by a tick
	// of the system's timer, up to 16 ms.
	worked() time.Duration
}

// Chosen by us.
const (
	// leastSleep is the shortest sleep that stands out from the noise of two
	// readings: well above a timer tick, below Divergence's limit for a suspend.
	leastSleep = 250 * time.Millisecond
	// driftShare bounds the drift between counter and working time, as a part of the
	// time between two readings: ten times that of crystals.
	driftShare = 1000
)

// counterClock is a monotonic clock based on a counter: the counter gives the fine
// time, the working time the coarse one. It therefore excludes the time the system
// slept, whether or not the counter continued meanwhile, and a suspend looks on
// every system as it does on Linux. Safe for concurrent use.
type counterClock struct {
	frequency int64

	mu      sync.Mutex
	counter counter
	first   int64         // the count at the epoch
	asleep  time.Duration // counted time beyond the working time
	worked  time.Duration // at the last look
	lead    time.Duration // counted time by then, less worked
	last    time.Duration
}

// newCounterClock returns a clock with its epoch now.
func newCounterClock(c counter) *counterClock {
	k := &counterClock{frequency: c.frequency(), counter: c, first: c.read(), worked: c.worked()}
	k.lead = -k.worked
	return k
}

// now returns the time since the epoch. Over a sleep it advances by the working time
// instead of the counter's: never back, ahead by at most a timer tick. It does not go
// back when the counter decreases either, as some broken ones do.
func (k *counterClock) now() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	counted := k.counted()
	k.look(counted)
	k.last = max(k.last, counted-k.asleep)
	return k.last
}

func (k *counterClock) counted() time.Duration {
	return tickTime(k.counter.read()-k.first, k.frequency)
}

// look detects counted time beyond the working time.
func (k *counterClock) look(counted time.Duration) {
	worked := k.counter.worked()
	lead := counted - worked
	gained, noise := lead-k.lead, leastSleep+(worked-k.worked)/driftShare
	if gained.Abs() > noise {
		if k.counted()-counted > leastSleep/2 {
			return // delayed between the two readings, which do not belong together
		}
		k.asleep += gained
	}
	k.worked, k.lead = worked, lead
}

// tickTime converts counts at a frequency per second, rounding down. It uses 128
// bits: the product overflows 64 within minutes, and dividing a second by the
// frequency first is wrong by 1.6 % at 24 MHz. It saturates at the longest Duration,
// 292 years.
func tickTime(ticks, frequency int64) time.Duration {
	if ticks <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(ticks), uint64(time.Second))
	if hi >= uint64(frequency) {
		return math.MaxInt64
	}
	ns, _ := bits.Div64(hi, lo, uint64(frequency))
	return time.Duration(min(ns, math.MaxInt64))
}
