package memory

import (
	"bytes"
	"context"
	"slices"
	"time"

	"examlink/server/store"
)

type events struct{ *Store }

func (t events) Append(ctx context.Context, list []store.LoggedEvent) (last uint64, err error) {
	clean := make([]store.LoggedEvent, len(list))
	for i, e := range list {
		if clean[i], err = e.Clean(); err != nil {
			return 0, err
		}
	}
	if err := t.enter(ctx); err != nil {
		return 0, err
	}
	defer t.mu.Unlock()
	for _, e := range clean {
		t.logged++
		e.Number = t.logged
		t.events = append(t.events, e)
	}
	return t.logged, nil
}

func (t events) After(ctx context.Context, number uint64) ([]store.LoggedEvent, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	from, _ := slices.BinarySearchFunc(t.events, number, func(e store.LoggedEvent, n uint64) int {
		if e.Number > n {
			return 1
		}
		return -1
	})
	out := slices.Clone(t.events[from:min(from+store.MaxPage, len(t.events))])
	for i := range out {
		out[i].Body = bytes.Clone(out[i].Body)
	}
	return out, nil
}

func (t events) Trim(ctx context.Context, before time.Time, kinds ...string) (removed int64, err error) {
	if err := t.enter(ctx); err != nil {
		return 0, err
	}
	defer t.mu.Unlock()
	return t.removeEvents(func(e store.LoggedEvent) bool {
		return e.At.Before(store.Instant(before)) && (len(kinds) == 0 || slices.Contains(kinds, e.Kind))
	}), nil
}

// removeEvents removes some events. Called locked.
func (s *Store) removeEvents(which func(store.LoggedEvent) bool) int64 {
	n := len(s.events)
	s.events = slices.DeleteFunc(s.events, which)
	return int64(n - len(s.events))
}
