package server

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/clock"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// Data goes when its retention is over, by the settings then in force.
func TestExpiredDataIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		kept := memory.New()
		s := &Server{o: Options{Store: kept, Clock: clock.NewSystem(), Log: slog.New(slog.NewTextHandler(&log, nil))}, clocks: newPeerClocks(slog.New(slog.DiscardHandler))}
		s.settings.Store(&Settings{Retention: store.Retention{Receipts: 3 * time.Hour}})
		err := kept.Receipts().Append(t.Context(), store.Receipt{ID: "r", Exam: "e", Student: "s", At: time.Now(), Outcome: "ready"})
		if err != nil {
			t.Fatal(err)
		}
		there := func() bool {
			_, err := kept.Receipts().Get(t.Context(), "r")
			return err == nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.expire(ctx) }()
		time.Sleep(170 * time.Minute) // the retention is 180
		if synctest.Wait(); !there() {
			t.Error("removed too early")
		}
		s.settings.Store(&Settings{})
		time.Sleep(30 * time.Hour)
		if synctest.Wait(); !there() || log.Len() > 0 {
			t.Errorf("removed, though it is kept for ever: %s", log.String())
		}
		s.settings.Store(&Settings{Retention: store.Retention{Receipts: 3 * time.Hour}})
		time.Sleep(expireEvery)
		if synctest.Wait(); there() || !strings.Contains(log.String(), "receipts=1") {
			t.Errorf("not removed: %s", log.String())
		}
		if err := kept.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(expireEvery)
		if synctest.Wait(); strings.Count(log.String(), "level=ERROR") != 1 {
			t.Errorf("an error is not logged: %s", log.String())
		}
		cancel()
		<-done
	})
}

// steppedClock is a clock whose wall time can be set.
type steppedClock struct {
	clock.Clock
	step time.Duration
}

func (c *steppedClock) Wall() time.Time { return c.Clock.Wall().Add(c.step) }

// A clock that is set makes nothing old, in either direction.
func TestClockStepExpiresNothingYoung(t *testing.T) {
	for _, step := range []time.Duration{2 * time.Hour, -2 * time.Hour, 10 * 365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			c := &steppedClock{Clock: clock.NewSystem()}
			age := newAgeClock(c)
			time.Sleep(30 * time.Minute)
			c.step = step
			time.Sleep(30 * time.Minute)
			want := began.Add(time.Hour + min(step, 0))
			if got := age.now(); !got.Equal(want) {
				t.Errorf("after a step of %v: %v, want %v", step, got.Sub(began), want.Sub(began))
			}
		})
	}
}

// A server whose clock is wrong by most others' clocks removes nothing until it is right.
func TestWrongClockExpiresNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept, c := memory.New(), &steppedClock{Clock: clock.NewSystem(), step: 2 * time.Hour}
		s := &Server{o: Options{Store: kept, Clock: c, Log: slog.New(slog.DiscardHandler)}, clocks: newPeerClocks(slog.New(slog.DiscardHandler))}
		s.settings.Store(&Settings{Retention: store.Retention{Receipts: time.Hour}})
		if err := kept.Receipts().Append(t.Context(), store.Receipt{ID: "r", Exam: "e", Student: "s", At: time.Now(), Outcome: "ready"}); err != nil {
			t.Fatal(err)
		}
		tell := func() {
			for _, name := range []string{"a", "b", "c"} {
				s.clocks.note(peerClients, name, time.Now(), c.Wall())
			}
		}
		tell()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.expire(ctx) }()
		time.Sleep(expireFirst + time.Second)
		synctest.Wait()
		if _, err := kept.Receipts().Get(t.Context(), "r"); err != nil {
			t.Errorf("removed by a wrong clock: %v", err)
		}
		c.step = 0
		tell()
		time.Sleep(2 * expireEvery)
		synctest.Wait()
		if _, err := kept.Receipts().Get(t.Context(), "r"); err == nil {
			t.Error("not removed once the clock is right")
		}
		cancel()
		<-done
	})
}
