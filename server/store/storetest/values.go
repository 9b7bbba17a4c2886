package storetest

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"examlink/server/store"
)

func testValues(t *testing.T, s store.Store) {
	x := s.Values()
	_, err := x.Get(bg(t), "v")
	wantErr(t, "get what is not there", err, store.ErrNotFound)
	_, err = x.Put(bg(t), "v", []byte("a"), 1)
	wantErr(t, "replace what is not there", err, store.ErrConflict)
	given := []byte{0, 0xff, 'a'}
	if v := got[uint64](t)(x.Put(bg(t), "v", given, 0)); v != 1 {
		t.Errorf("version %d, want 1", v)
	}
	given[0] = '!'
	got[store.Value](t)(x.Get(bg(t), "v")).Body[0] = '!'
	_, err = x.Put(bg(t), "v", []byte("b"), 0)
	wantErr(t, "put what is there", err, store.ErrConflict)
	if v := got[store.Value](t)(x.Get(bg(t), "v")); v.Name != "v" || v.Version != 1 || !bytes.Equal(v.Body, []byte{0, 0xff, 'a'}) {
		t.Errorf("%+v", v)
	}
	if v := got[uint64](t)(x.Put(bg(t), "v", nil, 1)); v != 2 {
		t.Errorf("version %d, want 2", v)
	}
	_, err = x.Put(bg(t), "v", []byte("c"), 1)
	wantErr(t, "replace an earlier version", err, store.ErrConflict)
	if v := got[store.Value](t)(x.Get(bg(t), "v")); v.Version != 2 || len(v.Body) > 0 {
		t.Errorf("%+v", v)
	}
	_, err = x.Get(bg(t), "V")
	wantErr(t, "get another", err, store.ErrNotFound)
}

func testInvalidValues(t *testing.T, s store.Store) {
	x := s.Values()
	for _, name := range []string{"", "\x00", "\xff", strings.Repeat("v", store.MaxText+1)} {
		_, err := x.Put(bg(t), name, nil, 0)
		wantErr(t, name, err, store.ErrInvalid)
	}
	_, err := x.Put(bg(t), "v", nil, 1<<63-1)
	wantErr(t, "the last version", err, store.ErrInvalid)
	_, err = x.Put(bg(t), "v", make([]byte, store.MaxBody+1), 0)
	wantErr(t, "a body that is too large", err, store.ErrTooLarge)
	must(t, func() error { _, err := x.Put(bg(t), "v", make([]byte, store.MaxBody), 0); return err }())
}

// testConcurrentValues sees that of several who replace a version one comes first.
func testConcurrentValues(t *testing.T, s store.Store) {
	var mu sync.Mutex
	won := map[uint64]int{}
	together(8, func(int) {
		for range 20 {
			v, err := s.Values().Get(bg(t), "v")
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
			next, err := s.Values().Put(bg(t), "v", []byte("x"), v.Version)
			if err != nil {
				wantErr(t, "put", err, store.ErrConflict)
				continue
			}
			mu.Lock()
			won[next]++
			mu.Unlock()
		}
	})
	for version, n := range won {
		if n != 1 || version != uint64(len(won)) && won[version+1] != 1 {
			t.Errorf("version %d was made %d times, the next %d times", version, n, won[version+1])
		}
	}
	if v := got[store.Value](t)(s.Values().Get(bg(t), "v")); v.Version != uint64(len(won)) {
		t.Errorf("version %d after %d changes", v.Version, len(won))
	}
}
