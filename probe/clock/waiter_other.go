//go:build !linux && !windows

package clock

// NewWaiter returns the most exact waiter this system has for a real clock: package
// time's timers. On macOS Go sets them to the nanosecond, but by its published source
// the kernel may delay them by an eighth of the wait, at most 1 ms, to wake less
// often, and by far more where it throttles a background process. This is untested on
// a real Mac. The pacing error that is exported beside the results shows the actual
// lateness.
func NewWaiter(c Clock) (Waiter, error) { return NewTimerWaiter(c), nil }
