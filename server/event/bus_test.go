package event_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"examlink/server/event"
)

func of(id string, p event.Payload) event.Event {
	return event.Event{Session: event.Session{ID: id, State: "live"}, Payload: p}
}

// take reads the events that wait.
func take(t *testing.T, s *event.Subscription, n int) (out []event.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range n {
		e, err := s.Next(ctx)
		if err != nil {
			t.Fatalf("after %d of %d events: %v", len(out), n, err)
		}
		out = append(out, e)
	}
	return out
}

func nothing(t *testing.T, s *event.Subscription) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if e, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v, want nothing", e, err)
	}
}

// Whenever a subscriber comes, the stream has no gap and no event twice.
func TestSubscribeFromAnyNumber(t *testing.T) {
	b := event.NewBus(8)
	for i := range 10 {
		b.Publish(of(fmt.Sprint(i), event.Admitted{}))
	}
	for from := uint64(3); from <= 11; from++ {
		s := b.Subscribe(from, 0)
		if s.Snapshot {
			t.Errorf("from %d: a snapshot, although the event is kept", from)
		}
		for i, e := range take(t, s, int(11-from)) {
			if e.Number != from+uint64(i) {
				t.Errorf("from %d: event %d is number %d", from, i, e.Number)
			}
		}
		nothing(t, s)
		s.Close()
	}
	if s := b.Subscribe(2, 0); !s.Snapshot {
		t.Error("from 2: no snapshot, although the event is kept no more")
	}
}

// A snapshot holds what is active, in order, and what follows follows at once.
func TestSnapshot(t *testing.T) {
	b := event.NewBus(1)
	b.Publish(of("gone", event.Admitted{}))
	b.Publish(of("a", event.Admitted{}))
	b.Publish(of("a", event.State{From: "connected"}))
	b.Publish(of("gone", event.Ended{Why: "goodbye"}))
	b.Publish(of("a", event.State{From: "live"}))
	b.Publish(of("a", event.Warning{ID: "w1", Active: true}))
	b.Publish(of("a", event.Warning{ID: "w2", Active: true}))
	b.Publish(of("a", event.Warning{ID: "w1"}))
	b.Publish(event.Event{Payload: event.Incident{ID: "i1", Active: true}})
	b.Publish(event.Event{Payload: event.Incident{ID: "i2", Active: true}})
	b.Publish(event.Event{Payload: event.Incident{ID: "i1"}})
	b.Publish(of("", event.Refused{}))
	s := b.Subscribe(0, 0)
	b.Publish(of("b", event.Admitted{}))
	var got []uint64
	for _, e := range take(t, s, 5) {
		got = append(got, e.Number)
	}
	if want := "[2 5 7 10 13]"; fmt.Sprint(got) != want || !s.Snapshot {
		t.Errorf("events %v, want %s", got, want)
	}
	nothing(t, s)
}

func TestSlowSubscriberIsCutOff(t *testing.T) {
	b := event.NewBus(100)
	slow, fast := b.Subscribe(1, 3), b.Subscribe(1, 0)
	for range 5 {
		b.Publish(of("a", event.Admitted{}))
	}
	take(t, slow, 3)
	if _, err := slow.Next(t.Context()); !errors.Is(err, event.ErrSlow) {
		t.Errorf("%v, want ErrSlow", err)
	}
	take(t, fast, 5)
	again := b.Subscribe(4, 0)
	if e := take(t, again, 2); e[0].Number != 4 || again.Snapshot {
		t.Errorf("subscribed again, began with %d", e[0].Number)
	}
}

func TestManyPublishersAndSubscribers(t *testing.T) {
	b := event.NewBus(0)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 250 {
				b.Publish(of("a", event.Admitted{}))
			}
		})
		wg.Go(func() {
			s := b.Subscribe(1, 0)
			defer s.Close()
			for i, e := range take(t, s, 1000) {
				if e.Number != uint64(i+1) {
					t.Errorf("event %d is number %d", i+1, e.Number)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkPublish(b *testing.B) {
	bus := event.NewBus(0)
	bus.Handle(func(event.Event) {})
	b.ReportAllocs()
	for b.Loop() {
		bus.Publish(of("a", event.State{From: "live"}))
	}
}
