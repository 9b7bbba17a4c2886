package clock

import (
	"context"
	"fmt"
	"time"
)

// alarm is a system's timer that can be waited for and interrupted. Only
// interrupt may be called while another call is under way.
type alarm interface {
	// arm sets the alarm to ring once after d, above zero, in place of what it
	// was set to.
	arm(d time.Duration) error
	// wait returns when the alarm rings or is interrupted. It may return for
	// less.
	wait() error
	// interrupt ends the wait under way or else the next one.
	interrupt()
	// close frees the alarm.
	close() error
}

// alarmWaiter waits with an alarm. It trusts its clock and its context alone: a
// return of the alarm only makes it look at them. So an alarm that rings early,
// by a clock of its own, or an interrupt left over from an earlier wait cost
// another round and nothing else.
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

// unitsUp returns how many units d is, rounded up so that a timer set to them
// does not ring before d has passed.
func unitsUp(d, unit time.Duration) int64 {
	n := int64(d / unit)
	if d%unit > 0 {
		n++
	}
	return n
}
