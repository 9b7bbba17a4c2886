package clock

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// fakeAlarm rings by package time, early where its script says so.
type fakeAlarm struct {
	early       []time.Duration // by how much, for successive armings
	slow        time.Duration   // duration of an interrupt
	armErr      error
	waitErr     error
	armed       []time.Duration
	rings       <-chan time.Time
	interrupted chan struct{} // like an event that is reset by the wait it ends
	closed      bool
	late        bool // interrupted after close
}

func (a *fakeAlarm) arm(d time.Duration) error {
	a.armed = append(a.armed, d)
	if n := len(a.armed); n <= len(a.early) {
		d -= a.early[n-1]
	}
	a.rings = time.After(d)
	return a.armErr
}

func (a *fakeAlarm) wait() error {
	select {
	case <-a.rings:
	case <-a.interrupted:
	}
	return a.waitErr
}

func (a *fakeAlarm) interrupt() {
	time.Sleep(a.slow)
	a.late = a.late || a.closed
	select {
	case a.interrupted <- struct{}{}:
	default:
	}
}

func (a *fakeAlarm) close() error { a.closed = true; return nil }

// inBubble runs f with a waiter on a bubble's clock.
func inBubble(t *testing.T, a *fakeAlarm, f func(*testing.T, *System, Waiter)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a.interrupted = make(chan struct{}, 1)
		c := &System{base: time.Now()}
		f(t, c, &alarmWaiter{clock: c, alarm: a})
	})
}

func TestAlarmWaiterIsExact(t *testing.T) {
	a := &fakeAlarm{}
	inBubble(t, a, func(t *testing.T, c *System, w Waiter) {
		for _, at := range []time.Duration{70 * ms, 70*ms + 1, 60 * ms, time.Hour} {
			want := max(at, c.Now())
			if err := w.Wait(t.Context(), at); err != nil || c.Now() != want {
				t.Errorf("woke at %v, want %v: %v", c.Now(), want, err)
			}
		}
		if want := []time.Duration{70 * ms, 1, time.Hour - 70*ms - 1}; !slices.Equal(a.armed, want) {
			t.Errorf("armed for %v, want %v", a.armed, want)
		}
	})
}

func TestAlarmWaiterNeverWakesEarly(t *testing.T) {
	a := &fakeAlarm{early: []time.Duration{15 * ms, 2 * ms, 0, ms}}
	inBubble(t, a, func(t *testing.T, c *System, w Waiter) {
		for _, at := range []time.Duration{50 * ms, 60 * ms} {
			if err := w.Wait(t.Context(), at); err != nil || c.Now() != at {
				t.Errorf("woke at %v, want %v: %v", c.Now(), at, err)
			}
		}
		if want := []time.Duration{50 * ms, 15 * ms, 2 * ms, 10 * ms, ms}; !slices.Equal(a.armed, want) {
			t.Errorf("armed for %v, want %v", a.armed, want)
		}
	})
}

func TestAlarmWaiterObeysItsContext(t *testing.T) {
	inBubble(t, &fakeAlarm{}, func(t *testing.T, c *System, w Waiter) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*ms)
		defer cancel()
		if err := w.Wait(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || c.Now() != 10*ms {
			t.Errorf("cancelled at %v: %v", c.Now(), err)
		}
		for _, at := range []time.Duration{time.Hour, 0} {
			if err := w.Wait(ctx, at); !errors.Is(err, context.DeadlineExceeded) || c.Now() != 10*ms {
				t.Errorf("wait until %v after the context's end, at %v: %v", at, c.Now(), err)
			}
		}
		if err := w.Wait(t.Context(), 20*ms); err != nil || c.Now() != 20*ms {
			t.Errorf("the next wait woke at %v: %v", c.Now(), err)
		}
	})
}

func TestAlarmWaiterSurvivesAStaleInterrupt(t *testing.T) {
	a := &fakeAlarm{}
	inBubble(t, a, func(t *testing.T, c *System, w Waiter) {
		a.interrupt()
		if err := w.Wait(t.Context(), 20*ms); err != nil || c.Now() != 20*ms {
			t.Errorf("woke at %v, want 20ms: %v", c.Now(), err)
		}
	})
}

func TestAlarmIsNotInterruptedOnceClosed(t *testing.T) {
	a := &fakeAlarm{slow: 5 * ms}
	inBubble(t, a, func(t *testing.T, _ *System, w Waiter) {
		// The context ends just before the moment, so that the interrupt is running when
		// the wait is over.
		ctx, cancel := context.WithTimeout(t.Context(), 9*ms)
		defer cancel()
		if err := w.Wait(ctx, 10*ms); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := w.Close(); err != nil || !a.closed {
			t.Errorf("closed %v: %v", a.closed, err)
		}
		time.Sleep(time.Second)
		if a.late {
			t.Error("interrupted a closed alarm")
		}
	})
}

func TestAlarmWaiterReportsItsAlarm(t *testing.T) {
	broken := errors.New("broken")
	for _, a := range []*fakeAlarm{{armErr: broken}, {waitErr: broken}} {
		inBubble(t, a, func(t *testing.T, _ *System, w Waiter) {
			if err := w.Wait(t.Context(), ms); !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestUnitsUp(t *testing.T) {
	const unit = 100 * time.Nanosecond
	for d, want := range map[time.Duration]int64{1: 1, 99: 1, 100: 1, 101: 2, ms: 10_000, ms + 1: 10_001, 24 * time.Hour: 864_000_000_000} {
		if got := unitsUp(d, unit); got != want {
			t.Errorf("%v: %d units, want %d", d, got, want)
		}
	}
}
