// Package clock reads time, relates the clocks of two hosts, notices when one
// host's own clocks part ways, and waits for a moment.
//
// It refuses to compare stamps of different hosts without an offset estimate,
// and to give an absolute one-way delay without its error bound.
package clock

import "time"

// Clock is one host's time. Implementations are safe for concurrent use.
type Clock interface {
	// Now reads the monotonic clock: nanoseconds since an epoch of the
	// clock's own. It says nothing about any other host.
	Now() time.Duration
	// Wall reads the wall clock; it may step.
	Wall() time.Time
	// Awake reads a clock that, unlike Now, goes on while the host is
	// suspended. ok is false where the system has none.
	Awake() (d time.Duration, ok bool)
}

// System is the clock of this host. Its epoch is the moment it was made.
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

// at returns this clock's time now, for which the caller has read package time.
func (s *System) at(now time.Time) time.Duration {
	if s.fine != nil {
		return s.fine.now()
	}
	return now.Sub(s.base)
}

// Wall implements Clock. The reading carries no monotonic part. On Windows it
// is as coarse as the timer interrupt.
func (s *System) Wall() time.Time { return time.Now().Round(0) }

// Awake implements Clock.
func (s *System) Awake() (time.Duration, bool) { return bootTime() }

// maxStampAge bounds how old a kernel receive stamp can be when user code
// reads it; an older or future one was spoilt by a step of the wall clock.
const maxStampAge = time.Second

// FromWall turns a wall-clock stamp taken a moment ago, as a kernel puts on
// received packets, into this clock's monotonic time. A stamp that cannot be
// right becomes now. The result is as fine as the wall clock.
func (s *System) FromWall(stamp time.Time) time.Duration {
	now := time.Now()
	age := now.Round(0).Sub(stamp)
	if age < 0 || age > maxStampAge {
		age = 0
	}
	return s.at(now) - age
}
