package exam

import (
	"context"
	"errors"
	"fmt"

	"examlink/server/store"
)

// Erased says what was removed about a student.
type Erased struct {
	Roster   bool `json:"roster"` // the student was on it
	Receipts int  `json:"receipts"`
	Records  int  `json:"records"`
	Tokens   int  `json:"tokens"` // revoked; they no longer name the student
}

// Erase removes all that the store has about a student of an exam, and revokes the
// student's join tokens. It is no error when there is nothing.
func (m *Manager) Erase(ctx context.Context, id, student string) (Erased, error) {
	if _, err := m.Get(ctx, id); err != nil {
		return Erased{}, err
	}
	m.rosters.Lock()
	defer m.rosters.Unlock()
	s := m.o.Store
	e, err := m.held(ctx, id, student)
	if err != nil {
		return e, err
	}
	// Sessions end first, so that nothing new is written.
	if _, err := m.Revoke(ctx, id, Selection{Students: []string{student}}); err != nil {
		return e, err
	}
	for _, remove := range []func() error{
		func() error { return s.Tokens().Erase(ctx, id, student) },
		func() error { return s.Receipts().Erase(ctx, id, student) },
		func() error { return s.Records().Erase(ctx, id, student) },
		func() error { return s.Roster().Remove(ctx, id, student) },
	} {
		if err := remove(); err != nil {
			return e, fmt.Errorf("not all was removed, try again: %w", err)
		}
	}
	return e, nil
}

// held says what the store has about a student.
func (m *Manager) held(ctx context.Context, id, student string) (Erased, error) {
	s := m.o.Store
	_, err := s.Roster().Get(ctx, id, student)
	e := Erased{Roster: err == nil}
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	count := func(n *int, err error, students []string) error {
		for _, x := range students {
			if x == student {
				*n++
			}
		}
		return err
	}
	tokens, failed := m.Tokens(ctx, id)
	err = errors.Join(err, count(&e.Tokens, failed, names(tokens, func(t store.Token) string { return t.Student })))
	receipts, failed := everything(ctx, func(r store.Receipt) string { return r.ID }, of(id, s.Receipts().List))
	err = errors.Join(err, count(&e.Receipts, failed, names(receipts, func(r store.Receipt) string { return r.Student })))
	heads, failed := everything(ctx, func(h store.RecordHead) string { return h.Session }, of(id, s.Records().List))
	return e, errors.Join(err, count(&e.Records, failed, names(heads, func(h store.RecordHead) string { return h.Student })))
}

func names[T any](list []T, of func(T) string) (out []string) {
	for _, x := range list {
		out = append(out, of(x))
	}
	return out
}
