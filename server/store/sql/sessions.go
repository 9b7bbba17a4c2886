package sql

import (
	"context"
	"database/sql"

	"examlink/server/store"
)

type sessions struct{ *Store }

const selectSession = "SELECT id, exam, student, token, purpose, transport, state, last_packet FROM sessions "

func scanSession(r row) (s store.LiveSession, err error) {
	var last int64
	err = r.Scan(&s.ID, &s.Exam, &s.Student, &s.Token, &s.Purpose, &s.Transport, &s.State, &last)
	s.LastPacket = instant(last)
	return s, err
}

func (t sessions) Put(ctx context.Context, v store.LiveSession) error {
	v, err := v.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := execute(ctx, tx, `INSERT INTO sessions (id, exam, student, token, purpose, transport, state, last_packet)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (id) DO UPDATE SET exam = excluded.exam, student = excluded.student, token = excluded.token, purpose = excluded.purpose,
				transport = excluded.transport, state = excluded.state, last_packet = excluded.last_packet`,
			v.ID, v.Exam, v.Student, v.Token, v.Purpose, v.Transport, v.State, micros(v.LastPacket))
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
