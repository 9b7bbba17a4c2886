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
		s := &Server{o: Options{Store: kept, Clock: clock.NewSystem(), Log: slog.New(slog.NewTextHandler(&log, nil))}}
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
		time.Sleep(170 * time.Minute)
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
