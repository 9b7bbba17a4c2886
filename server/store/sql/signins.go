package sql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"examlink/server/store"
)

type signIns struct{ *Store }

func scanSignIn(r row) (v store.SignIn, err error) {
	var from, until int64
	var exams string
	if err = r.Scan(&v.ID, &v.Identity, &v.Role, &exams, &v.Link, &from, &until); err != nil {
		return v, err
	}
	v.From, v.Until = instant(from), instant(until)
	return v, json.Unmarshal([]byte(exams), &v.Exams)
}

func (t signIns) Open(ctx context.Context, v store.SignIn) error {
	v, err := v.Clean()
	if err != nil {
		return err
	}
	exams, err := json.Marshal(v.Exams)
	if err != nil {
		return err
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := execute(ctx, tx, `INSERT INTO sign_ins (id, identity, role, exams, link, begins, ends, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT DO NOTHING`, v.ID, v.Identity, v.Role, string(exams), v.Link, micros(v.From), micros(v.Until), false)
		if err != nil || n > 0 {
			return err
		}
		same, err := list(ctx, tx, scanSignIn, selectSignIn+"WHERE id = $1", v.ID)
		switch {
		case err != nil:
			return err
		case len(same) > 0:
			return fmt.Errorf("sign-in: %w", store.ErrExists)
		}
		return fmt.Errorf("link %s was used already: %w", v.Link, store.ErrConflict)
	})
}

const selectSignIn = "SELECT id, identity, role, exams, link, begins, ends FROM sign_ins "

func (t signIns) Get(ctx context.Context, id string) (store.SignIn, error) {
	return get(ctx, t.Store, "sign-in", scanSignIn, selectSignIn+"WHERE id = $1 AND ended = $2", id, false)
}

func (t signIns) End(ctx context.Context, identity string) error {
	if !storable([]any{identity}) {
		return t.enter(ctx)
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := execute(ctx, tx, "UPDATE sign_ins SET ended = $1 WHERE identity = $2", true, identity)
		return err
	})
}
