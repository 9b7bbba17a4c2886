//go:build !linux

package clock

// NewWaiter returns the most exact waiter this system has for a real clock.
// Windows' timers are high-resolution since Go 1.23, macOS' are exact enough.
func NewWaiter(c Clock) (Waiter, error) { return NewTimerWaiter(c), nil }
