package netsim

import (
	"sync"
	"time"
)

// Clock is a simulated host's clock: it runs at its own rate from its own
// epoch, can be stepped, and can be suspended. It implements clock.Clock and is
// safe for concurrent use.
type Clock struct {
	base   time.Time
	offset time.Duration
	skew   float64

	mu     sync.Mutex
	slept  time.Duration
	step   time.Duration
	jumped time.Duration
	stalls time.Duration // of jumped: the wall clock advanced, too
	asleep time.Duration // of slept: package time advanced, too
	frozen time.Time     // when readers of this clock were stopped; zero: they run
}

// NewClock makes a clock that reads offset now and gains skew seconds per
// second.
func NewClock(offset time.Duration, skew float64) *Clock {
	return &Clock{base: time.Now(), offset: offset, skew: skew}
}

// Now reads the monotonic clock.
func (c *Clock) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Duration {
	d := c.time().Sub(c.base) - c.asleep
	return c.offset + c.jumped + d + time.Duration(c.skew*float64(d))
}

// Wall reads the wall clock.
func (c *Clock) Wall() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time().Round(0).Add(c.step + c.slept - c.asleep + c.stalls)
}

func (c *Clock) time() time.Time {
	if !c.frozen.IsZero() {
		return c.frozen
	}
	return time.Now()
}

// Awake reads the clock that runs through suspends.
func (c *Clock) Awake() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now() + c.slept, true
}

// Step advances the wall clock by d.
func (c *Clock) Step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step += d
}

// Jump advances the monotonic clock by d, as the other hosts' clocks appear to
// when one host wakes from a suspend that its own clock did not count.
func (c *Clock) Jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jumped += d
}

// Stall simulates that the host's programs were just stopped for d: all its
// clocks advanced.
func (c *Clock) Stall(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jumped += d
	c.stalls += d
}

// Sleep simulates that the host was just suspended for d.
func (c *Clock) Sleep(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept += d
}

// Freeze stops the host's programs, or the host: the clock reads the same until
// Thaw or Wake.
func (c *Clock) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = time.Now()
}

// Thaw resumes stopped programs: all clocks advanced meanwhile.
func (c *Clock) Thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = time.Time{}
}

// Wake ends a suspend that began with Freeze: the monotonic clock did not
// advance.
func (c *Clock) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := time.Since(c.frozen)
	c.slept, c.asleep, c.frozen = c.slept+d, c.asleep+d, time.Time{}
}
