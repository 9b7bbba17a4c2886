package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/server/delivery"
	"examlink/server/event"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// flakySessions fails on demand and waits for permission to continue.
type flakySessions struct {
	store.Sessions
	mu   sync.Mutex // of err
	err  error
	hold chan struct{}
}

// fail makes accesses fail with an error; nil: they succeed.
func (f *flakySessions) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *flakySessions) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *flakySessions) Put(ctx context.Context, s store.LiveSession) error {
	if f.hold != nil {
		<-f.hold
	}
	if err := f.failure(); err != nil {
		return err
	}
	return f.Sessions.Put(ctx, s)
}

func (f *flakySessions) Remove(ctx context.Context, id string) error {
	if err := f.failure(); err != nil {
		return err
	}
	return f.Sessions.Remove(ctx, id)
}

func sessionEvent(id, state string, p event.Payload) event.Event {
	now := time.Now()
	return event.Event{At: now, Payload: p, Session: event.Session{
		ID: id, Exam: "e1", Student: "s-" + id, Token: "t", Purpose: "watch", Transport: "udp", State: state, LastPacket: now,
	}}
}

// flakyTokens fails with the table of sessions.
type flakyTokens struct {
	store.Tokens
	with *flakySessions
}

func (f flakyTokens) Open(ctx context.Context, id string, at time.Time) error {
	if err := f.with.failure(); err != nil {
		return err
	}
	return f.Tokens.Open(ctx, id, at)
}

// tableOf returns the store's table in one line.
func tableOf(t *testing.T, s store.Sessions) string {
	t.Helper()
	list, err := s.List(t.Context(), store.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, x := range list {
		words = append(words, x.ID+":"+x.State+":"+x.Token)
	}
	return strings.Join(words, " ")
}

// The table follows the sessions, even if the store is so slow that events are
// missed.
func TestLiveSessionsAreStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sessions := memory.New().Sessions()
		if err := sessions.Put(t.Context(), store.LiveSession{ID: "earlier", Exam: "e1", Student: "s", State: "live", LastPacket: time.Now()}); err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		flaky := &flakySessions{Sessions: sessions}
		tokens := memory.New().Tokens()
		if err := tokens.Add(t.Context(), []store.Token{{ID: "t", Exam: "e1", Student: "s", From: time.Now(), Until: time.Now().Add(time.Hour)}}); err != nil {
			t.Fatal(err)
		}
		bus := event.NewBus(4)
		var mu sync.Mutex
		here := map[string]event.Session{}
		l := &liveSessions{table: flaky, tokens: flakyTokens{tokens, flaky}, attended: memory.New().Attendances(), events: bus, log: slog.New(slog.NewTextHandler(&log, nil)), writes: delivery.NewWrites(delivery.PartSessions), put: map[string]event.Session{}, left: map[string]event.Session{}, unopened: map[string]time.Time{}, current: func() map[string]event.Session { mu.Lock(); defer mu.Unlock(); return maps.Clone(here) }}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); l.run(ctx, bus.Subscribe(0, 4)) }()
		synctest.Wait()
		expect := func(want string) {
			t.Helper()
			synctest.Wait()
			if v := tableOf(t, sessions); v != want {
				t.Errorf("%q, want %q", v, want)
			}
		}
		flaky.fail(errors.New("no space left"))
		first := time.Now()
		for range 2 {
			bus.Publish(sessionEvent("0", "connected", event.Admitted{}))
			time.Sleep(time.Second)
		}
		bus.Publish(sessionEvent("0", "ended", event.Ended{From: "connected", Why: "goodbye"}))
		synctest.Wait()
		flaky.fail(nil)
		time.Sleep(retryEvery)
		synctest.Wait()
		if x, err := tokens.Get(t.Context(), "t"); err != nil || !x.Opened.Equal(first) {
			t.Errorf("opened at %v, %v, expected %v: when it was used while the store failed", x.Opened, err, first)
		}
		log.Reset()

		for _, id := range []string{"a", "b", "c"} {
			bus.Publish(sessionEvent(id, "connected", event.Admitted{}))
			synctest.Wait()
		}
		bus.Publish(sessionEvent("a", "dropped", event.State{From: "live"}))
		expect("a:dropped:t b:connected:t c:connected:t earlier:live:")
		bus.Publish(sessionEvent("c", "ended", event.Ended{From: "connected", Why: "goodbye"}))
		bus.Publish(sessionEvent("a", "connected", event.Resumed{}))
		expect("a:connected:t b:connected:t earlier:live:")

		flaky.fail(errors.New("no space left"))
		bus.Publish(sessionEvent("b", "live", event.State{From: "connected"}))
		bus.Publish(sessionEvent("b", "suspect", event.State{From: "live"}))
		expect("a:connected:t b:connected:t earlier:live:")
		if n := strings.Count(log.String(), "not stored"); n != 1 {
			t.Errorf("logged %d times: %s", n, log.String())
		}

		flaky.fail(nil)
		flaky.hold = make(chan struct{})
		bus.Publish(sessionEvent("a", "live", event.State{From: "connected"})) // the store hangs
		synctest.Wait()
		for i := range 20 {
			bus.Publish(sessionEvent("a", "suspect", event.State{From: "live"}))
			if i == 10 { // too late for the store to catch up, too early to be kept
				bus.Publish(sessionEvent("b", "ended", event.Ended{From: "suspect", Why: "silent"}))
			}
		}
		mu.Lock()
		here["a"] = sessionEvent("a", "suspect", nil).Session
		mu.Unlock()
		close(flaky.hold)
		expect("a:suspect:t earlier:live:")
		bus.Publish(sessionEvent("d", "connected", event.Admitted{}))
		expect("a:suspect:t d:connected:t earlier:live:")

		flaky.fail(errors.New("no space left"))
		mu.Lock()
		delete(here, "a")
		mu.Unlock()
		bus.Publish(sessionEvent("a", "ended", event.Ended{From: "suspect", Why: "goodbye"}))
		expect("a:suspect:t d:connected:t earlier:live:")
		flaky.fail(nil)
		time.Sleep(retryEvery)
		expect("d:connected:t earlier:live:") // a goodbye is not forgotten
		cancel()
		<-done
		expect("d:connected:t earlier:live:")
	})
}
