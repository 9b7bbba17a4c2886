package clock

import (
	"context"
	"time"
)

// Waiter waits for moments of one clock. It belongs to one goroutine.
type Waiter interface {
	// Wait returns at t, at once if t has passed, or with the context's error if
	// that ends first.
	Wait(ctx context.Context, t time.Duration) error
	// Close frees the waiter's resources.
	Close() error
}

// TimerWaiter waits with package time's timers: exact inside a synctest bubble, up to
// a millisecond late on a real host, more on Windows before 10 version 1803.
type TimerWaiter struct{ clock Clock }

// NewTimerWaiter returns a waiter on c with package time's timers.
func NewTimerWaiter(c Clock) *TimerWaiter { return &TimerWaiter{clock: c} }

// Wait implements Waiter. Package time's timers use a clock of their own, which may
// be coarser than w's or run at another rate, so Wait continues until w's clock
// reaches t.
func (w *TimerWaiter) Wait(ctx context.Context, t time.Duration) error {
	d := t - w.clock.Now()
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if d = t - w.clock.Now(); d <= 0 {
			return nil
		}
		timer.Reset(d)
	}
}

// Close implements Waiter.
func (w *TimerWaiter) Close() error { return nil }
