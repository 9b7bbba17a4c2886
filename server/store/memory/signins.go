package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"examlink/server/store"
)

type signIns struct{ *Store }

// signIn is one with its end.
type signIn struct {
	store.SignIn
	ended bool
}

func (t signIns) Open(ctx context.Context, v store.SignIn) error {
	v, err := v.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func() error {
		if _, ok := t.signedIn.get(v.ID); ok {
			return fmt.Errorf("sign-in: %w", store.ErrExists)
		}
		used := false
		t.signedIn.all(func(x signIn) { used = used || v.Link != "" && x.Link == v.Link })
		if used {
			return fmt.Errorf("link %s was used already: %w", v.Link, store.ErrConflict)
		}
		t.signedIn.put(v.ID, signIn{SignIn: v})
		return nil
	})
}

func (t signIns) Get(ctx context.Context, id string) (store.SignIn, error) {
	if err := t.enter(ctx); err != nil {
		return store.SignIn{}, err
	}
	defer t.mu.Unlock()
	v, ok := t.signedIn.get(id)
	if !ok || v.ended {
		return store.SignIn{}, fmt.Errorf("sign-in: %w", store.ErrNotFound)
	}
	v.Exams = slices.Clone(v.Exams)
	return v.SignIn, nil
}

func (t signIns) End(ctx context.Context, identity string) error {
	return t.change(ctx, func() error {
		t.signedIn.all(func(v signIn) {
			if v.Identity == identity {
				v.ended = true
				t.signedIn.of[v.ID] = v
			}
		})
		return nil
	})
}

// expireSignIns removes those that are over. Called locked.
func (s *Store) expireSignIns(now time.Time) {
	var over []string
	s.signedIn.all(func(v signIn) {
		if v.Until.Before(store.Instant(now)) {
			over = append(over, v.ID)
		}
	})
	for _, id := range over {
		s.signedIn.remove(id)
	}
}
