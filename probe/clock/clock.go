// Package clock reads time, relates the clocks of two hosts, detects when one host's
// own clocks diverge, and waits for a moment.
// It does not compare stamps of different hosts without an offset estimate, nor give
// an absolute one-way delay without its error bound.
package clock

import "time"

// Clock is one host's time. Implementations are safe for concurrent use.
type Clock interface {
	// Now reads the monotonic clock: nanoseconds since the clock's own epoch. It is
	// not comparable with any other host's.
	Now() time.Duration
	// Wall reads the wall clock; it may step.
	Wall() time.Time
	// Awake reads a clock that, unlike Now, continues while the host is suspended. ok
	// is false if the system has none.
	Awake() (d time.Duration, ok bool)
}

// System is the clock of this host. Its epoch is its creation.
type System struct {
	base time.Time
	fine *counterClock // nil where package time is fine enough
}

// NewSystem returns this host's clock with its epoch now. On Windows it reads
// the performance counter, in a synctest bubble too; elsewhere it is package
// time's clock, the bubble's inside one.
func NewSystem() *System { return &System{base: time.Now(), fine: newFineClock()} }

// Now implements Clock. It stands still while the host is suspended.
func (s *System) Now() time.Duration { return s.at(time.Now()) }

// at returns this clock's time at a current reading of package time.
func (s *System) at(now time.Time) time.Duration {
	if s.fine != nil {
		return s.fine.now()
	}
	return now.Sub(s.base)
}

// Wall implements Clock. The reading has no monotonic part. On Windows it is as
// coarse as the timer interrupt.
func (s *System) Wall() time.Time { return time.Now().Round(0) }

// Awake implements Clock.
func (s *System) Awake() (time.Duration, bool) { return bootTime() }

// maxStampAge bounds how old a kernel receive stamp can be when user code reads it;
// an older or future one was spoilt by a step of the wall clock.
const maxStampAge = time.Second

// FromWall converts a recent wall-clock stamp, such as a kernel puts on received
// packets, to this clock's monotonic time. An impossible stamp becomes now. The
// result is as fine as the wall clock.
func (s *System) FromWall(stamp time.Time) time.Duration {
	now := time.Now()
	age := now.Round(0).Sub(stamp)
	if age < 0 || age > maxStampAge {
		age = 0
	}
	return s.at(now) - age
}
