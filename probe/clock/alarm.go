package clock

import (
	"context"
	"fmt"
	"time"
)

// alarm is a system timer that can be waited for and interrupted. Only interrupt may
// be called during another call.
type alarm interface {
	// arm sets the alarm to ring once after d, above zero, and replaces its previous
	// setting.
	arm(d time.Duration) error
	// wait returns when the alarm rings or is interrupted. It may also return
	// earlier.
	wait() error
	// interrupt ends the current wait or else the next one.
	interrupt()
	// close frees the alarm.
	close() error
}

// alarmWaiter waits with an alarm. It relies only on its clock and its context: when
// the alarm returns, it checks both. An alarm that rings early, by a clock of its
// own, or an interrupt left over from an earlier wait therefore costs only another
// round.
type alarmWaiter struct {
	clock Clock
	alarm alarm
}

// Wait implements Waiter.
func (w *alarmWaiter) Wait(ctx context.Context, t time.Duration) error {
	if err := ctx.Err(); err != nil || t <= w.clock.Now() {
		return err
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		w.alarm.interrupt()
	})
	defer func() {
		if !stop() {
			<-interrupted // or it could meet an alarm already closed
		}
	}()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		d := t - w.clock.Now()
		if d <= 0 {
			return nil
		}
		if err := w.alarm.arm(d); err != nil {
			return fmt.Errorf("arm timer: %w", err)
		}
		if err := w.alarm.wait(); err != nil {
			return fmt.Errorf("wait for timer: %w", err)
		}
	}
}

// Close implements Waiter.
func (w *alarmWaiter) Close() error { return w.alarm.close() }

// unitsUp returns d in units, rounded up so that a timer set to it does not ring
// before d has passed.
func unitsUp(d, unit time.Duration) int64 {
	n := int64(d / unit)
	if d%unit > 0 {
		n++
	}
	return n
}
