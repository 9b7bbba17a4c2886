package clock

import (
	"math"
	"math/bits"
	"sync"
	"time"
)

// counter is a system's performance counter, for systems whose package time
// counts too coarsely. Its users keep to one call at a time.
type counter interface {
	// read returns the count. It never falls.
	read() int64
	// frequency returns the counts in a second, above zero and fixed.
	frequency() int64
	// worked returns how long the system has run, sleep left out. It may be
	// behind by a tick of the system's timer, up to 16 ms.
	worked() time.Duration
}

// Chosen by us.
const (
	// leastSleep is the least sleep that is told from the two readings' noise:
	// well above a timer tick, below what Divergence calls a suspend.
	leastSleep = 250 * time.Millisecond
	// driftShare bounds how far counter and working time drift apart, as a part
	// of the time between two readings: ten times what crystals do.
	driftShare = 1000
)

// counterClock is a monotonic clock out of a counter: the counter gives the
// fine time, the working time the coarse one. So it leaves out the time the
// system slept whether the counter went on meanwhile or stood still, and a
// suspend looks on every system as it does on Linux. Safe for concurrent use.
type counterClock struct {
	frequency int64

	mu      sync.Mutex
	counter counter
	first   int64         // the count at the epoch
	asleep  time.Duration // what was counted beyond the working time
	worked  time.Duration // at the last look
	lead    time.Duration // what was counted by then, less worked
	last    time.Duration
}

// newCounterClock returns a clock with its epoch now.
func newCounterClock(c counter) *counterClock {
	k := &counterClock{frequency: c.frequency(), counter: c, first: c.read(), worked: c.worked()}
	k.lead = -k.worked
	return k
}

// now returns the time since the epoch. Over a sleep it goes on by the working
// time instead of the counter's: never back, ahead by a timer tick at most. It
// does not go back for a counter that falls either, as some broken ones do.
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

// look notices what the counter has counted beyond the working time.
func (k *counterClock) look(counted time.Duration) {
	worked := k.counter.worked()
	lead := counted - worked
	gained, noise := lead-k.lead, leastSleep+(worked-k.worked)/driftShare
	if gained.Abs() > noise {
		if k.counted()-counted > leastSleep/2 {
			return // held up between the two readings, which do not belong together
		}
		k.asleep += gained
	}
	k.worked, k.lead = worked, lead
}

// tickTime converts counts at a frequency per second, rounding down. It goes
// through 128 bits: the product overflows 64 within minutes, and a quotient of
// a second and the frequency taken first is wrong by 1.6 % at 24 MHz. It stops
// at the longest Duration, 292 years.
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
