package sql

import (
	"context"
	"database/sql"
	"fmt"

	"examlink/server/store"
)

type members struct{ *Store }

func scanMember(r row) (m store.Member, err error) {
	var beats int64
	err = r.Scan(&m.ID, &m.Name, &m.Version, &m.Draining, &beats)
	m.Beats = uint64(beats) //nolint:gosec // from 1
	return m, err
}

func (t members) Beat(ctx context.Context, m store.Member) (all store.Membership, err error) {
	m, err = m.Clean()
	if err != nil {
		return all, err
	}
	err = t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := execute(ctx, tx, `INSERT INTO members (id, name, version, draining, beats) VALUES ($1, $2, $3, $4, 1)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version, draining = excluded.draining, beats = members.beats + 1`,
			m.ID, m.Name, m.Version, m.Draining); err != nil {
			return err
		}
		if all, err = first(ctx, tx, "leader", func(r row) (v store.Membership, err error) {
			var term int64
			err = r.Scan(&v.Leader, &term)
			v.Term = uint64(term) //nolint:gosec // from 0
			return v, err
		}, "SELECT member, term FROM leader WHERE one = 1"); err != nil {
			return err
		}
		all.Members, err = list(ctx, tx, scanMember, "SELECT id, name, version, draining, beats FROM members ORDER BY id")
		return err
	})
	if err != nil {
		return store.Membership{}, err
	}
	return all, nil
}

func (t members) Lead(ctx context.Context, id string, term uint64) error {
	if !storable([]any{id}) || id == "" || term >= 1<<63-1 {
		return fmt.Errorf("leader: expected an identifier and a term: %w", store.ErrInvalid)
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := execute(ctx, tx, "UPDATE leader SET member = $1, term = term + 1 WHERE one = 1 AND term = $2", id, int64(term))
		if err == nil && n == 0 {
			err = fmt.Errorf("leader of term %d: another came first: %w", term+1, store.ErrConflict)
		}
		return err
	})
}

func (t members) Leave(ctx context.Context, id string) error {
	if !storable([]any{id}) {
		return t.enter(ctx)
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := execute(ctx, tx, "DELETE FROM members WHERE id = $1", id)
		return err
	})
}
