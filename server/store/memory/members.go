package memory

import (
	"context"
	"fmt"

	"examlink/server/store"
)

type members struct{ *Store }

func (t members) Beat(ctx context.Context, m store.Member) (all store.Membership, err error) {
	m, err = m.Clean()
	if err != nil {
		return all, err
	}
	if err := t.enter(ctx); err != nil {
		return all, err
	}
	defer t.mu.Unlock()
	before, _ := t.members.get(m.ID)
	m.Beats = before.Beats + 1
	t.members.put(m.ID, m)
	t.members.all(func(m store.Member) { all.Members = append(all.Members, m) })
	all.Leader, all.Term = t.leader, t.term
	return all, nil
}

func (t members) Lead(ctx context.Context, id string, term uint64) error {
	if id == "" {
		return fmt.Errorf("leader: expected an identifier and a term: %w", store.ErrInvalid)
	}
	if err := t.enter(ctx); err != nil {
		return err
	}
	defer t.mu.Unlock()
	if term != t.term {
		return fmt.Errorf("leader of term %d: another came first: %w", term+1, store.ErrConflict)
	}
	t.leader, t.term = id, term+1
	return nil
}

func (t members) Leave(ctx context.Context, id string) error {
	if err := t.enter(ctx); err != nil {
		return err
	}
	defer t.mu.Unlock()
	t.members.remove(id)
	return nil
}
