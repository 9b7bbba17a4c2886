package memory

import (
	"context"
	"fmt"

	"examlink/server/store"
)

type values struct{ *Store }

// Values implements store.Store.
func (s *Store) Values() store.Values { return values{s} }

func (t values) Get(ctx context.Context, name string) (store.Value, error) {
	if err := t.enter(ctx); err != nil {
		return store.Value{}, err
	}
	defer t.mu.Unlock()
	v, ok := t.values.get(name)
	if !ok {
		return v, fmt.Errorf("value %s: %w", name, store.ErrNotFound)
	}
	return v.Clean()
}

func (t values) Put(ctx context.Context, name string, body []byte, over uint64) (version uint64, err error) {
	v, err := store.Value{Name: name, Version: over, Body: body}.Clean()
	if err != nil {
		return 0, err
	}
	err = t.change(ctx, func() error {
		if is, _ := t.values.get(name); is.Version != over {
			return fmt.Errorf("value %s: version %d, not %d: %w", name, is.Version, over, store.ErrConflict)
		}
		v.Version++
		t.values.put(name, v)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return v.Version, nil
}
