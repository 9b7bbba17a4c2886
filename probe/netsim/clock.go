package netsim

import (
	"sync"
	"time"
)

// Clock is a simulated host's clock: it runs at its own rate from its own
// epoch, can be stepped, and can be made to have slept. It implements
// clock.Clock and is safe for concurrent use.
type Clock struct {
	base   time.Time
	offset time.Duration
	skew   float64

	mu     sync.Mutex
	slept  time.Duration
	step   time.Duration
	jumped time.Duration
	stalls time.Duration // of jumped: the wall clock went on, too
	asleep time.Duration // of slept: package time went on, too
	frozen time.Time     // since when whoever reads this clock does not run; zero: he does
}

// NewClock makes a clock that reads offset now and gains skew seconds a second.
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

// Step sets the wall clock ahead by d.
func (c *Clock) Step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step += d
}

// Jump sets the monotonic clock ahead by d, as the other hosts' clocks are when
// one host wakes from a suspend that its own clock did not count.
func (c *Clock) Jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jumped += d
}

// Stall pretends that the host's programs did not run for d just now, as when
// they are stopped: all its clocks went on.
func (c *Clock) Stall(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jumped += d
	c.stalls += d
}

// Sleep pretends the host was suspended for d just now.
func (c *Clock) Sleep(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept += d
}

// Freeze stops the host's programs, or the host: until Thaw or Wake whoever
// reads this clock reads the same.
func (c *Clock) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = time.Now()
}

// Thaw lets programs that were stopped go on: all clocks went on meanwhile.
func (c *Clock) Thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = time.Time{}
}

// Wake ends a suspend that Freeze began: the monotonic clock stood still.
func (c *Clock) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := time.Since(c.frozen)
	c.slept, c.asleep, c.frozen = c.slept+d, c.asleep+d, time.Time{}
}
