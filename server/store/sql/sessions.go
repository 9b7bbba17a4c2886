package sql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"examlink/server/store"
)

type sessions struct{ *Store }

const selectSession = "SELECT id, exam, student, token, purpose, transport, state, last_packet, server FROM sessions "

func scanSession(r row) (s store.LiveSession, err error) {
	var last int64
	err = r.Scan(&s.ID, &s.Exam, &s.Student, &s.Token, &s.Purpose, &s.Transport, &s.State, &last, &s.Server)
	s.LastPacket = instant(last)
	return s, err
}

func (t sessions) Put(ctx context.Context, v store.LiveSession) error {
	v, err := v.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := execute(ctx, tx, `INSERT INTO sessions (id, exam, student, token, purpose, transport, state, last_packet, server)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (id) DO UPDATE SET exam = excluded.exam, student = excluded.student, token = excluded.token, purpose = excluded.purpose,
				transport = excluded.transport, state = excluded.state, last_packet = excluded.last_packet, server = excluded.server`,
			v.ID, v.Exam, v.Student, v.Token, v.Purpose, v.Transport, v.State, micros(v.LastPacket), v.Server)
		return err
	})
}

func (t sessions) Remove(ctx context.Context, id string) error {
	if !storable([]any{id}) {
		return t.enter(ctx)
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := execute(ctx, tx, "DELETE FROM sessions WHERE id = $1", id)
		return err
	})
}

func (t sessions) List(ctx context.Context, p store.Page) ([]store.LiveSession, error) {
	return page(ctx, t.Store, p, scanSession, selectSession+"WHERE id > $1 ORDER BY id LIMIT $2")
}

func (t sessions) Adopt(ctx context.Context, server string, others []string) (adopted []store.LiveSession, err error) {
	if !storable([]any{server}) || server == "" {
		return nil, fmt.Errorf("server: expected an identifier: %w", store.ErrInvalid)
	}
	args, keep := []any{server}, "$1"
	for _, o := range others {
		if storable([]any{o}) {
			args = append(args, o)
			keep += fmt.Sprintf(", $%d", len(args))
		}
	}
	err = t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		adopted, err = list(ctx, tx, scanSession, "UPDATE sessions SET server = $1 WHERE server NOT IN ("+keep+") RETURNING id, exam, student, token, purpose, transport, state, last_packet, server", args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(adopted, func(a, b store.LiveSession) int { return strings.Compare(a.ID, b.ID) })
	return adopted, nil
}
