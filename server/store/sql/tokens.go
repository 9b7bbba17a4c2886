package sql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"examlink/server/store"
)

type tokens struct{ *Store }

const selectToken = "SELECT id, exam, student, begins, ends, revoked, opened FROM tokens "

func scanToken(r row) (t store.Token, err error) {
	var from, until int64
	var opened sql.NullInt64
	err = r.Scan(&t.ID, &t.Exam, &t.Student, &from, &until, &t.Revoked, &opened)
	t.From, t.Until = instant(from), instant(until)
	if opened.Valid {
		t.Opened = instant(opened.Int64)
	}
	return t, err
}

// maybe returns a time that may be zero, as it is stored.
func maybe(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: micros(t), Valid: !t.IsZero()}
}

func (t tokens) Add(ctx context.Context, list []store.Token) error {
	clean, err := store.CleanTokens(list)
	if err != nil {
		return err
	}
	const columns = 7
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for some := range slices.Chunk(clean, t.dialect.rows) {
			var args []any
			for _, v := range some {
				args = append(args, v.ID, v.Exam, v.Student, micros(v.From), micros(v.Until), v.Revoked, maybe(v.Opened))
			}
			n, err := execute(ctx, tx, "INSERT INTO tokens (id, exam, student, begins, ends, revoked, opened) VALUES "+
				places(len(some), columns)+" ON CONFLICT (id) DO NOTHING", args...)
			switch {
			case err != nil:
				return err
			case n < int64(len(some)):
				return fmt.Errorf("join tokens: an identifier: %w", store.ErrExists)
			}
		}
		return nil
	})
}

func (t tokens) Get(ctx context.Context, id string) (store.Token, error) {
	return get(ctx, t.Store, "join token "+id, scanToken, selectToken+"WHERE id = $1", id)
}

func (t tokens) List(ctx context.Context, exam string, p store.Page) ([]store.Token, error) {
	return page(ctx, t.Store, p, scanToken, selectToken+"WHERE exam = $1 AND id > $2 ORDER BY id LIMIT $3", exam)
}

func (t tokens) Revoke(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		if !storable([]any{id}) {
			return fmt.Errorf("join token %q: %w", id, store.ErrNotFound)
		}
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, id := range ids {
			n, err := execute(ctx, tx, "UPDATE tokens SET revoked = $1 WHERE id = $2", true, id)
			switch {
			case err != nil:
				return err
			case n == 0:
				return fmt.Errorf("join token %s: %w", id, store.ErrNotFound)
			}
		}
		return nil
	})
}

func (t tokens) Open(ctx context.Context, id string, at time.Time) error {
	at, err := store.CleanOpened(at)
	if err != nil {
		return err
	}
	if !storable([]any{id}) {
		return t.enter(ctx)
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := execute(ctx, tx, "UPDATE tokens SET opened = $1 WHERE id = $2 AND opened IS NULL AND student <> ''", micros(at), id)
		return err
	})
}

func (t tokens) Erase(ctx context.Context, exam, student string) error {
	if !storable([]any{exam, student}) || student == "" {
		return t.enter(ctx)
	}
	err := t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := eraseTokens(ctx, tx, exam, student)
		return err
	})
	if err != nil {
		return err
	}
	return t.forget(ctx)
}

// eraseTokens removes a student from the tokens.
func eraseTokens(ctx context.Context, tx *sql.Tx, exam, student string) (int64, error) {
	return execute(ctx, tx, "UPDATE tokens SET student = '', revoked = $1, opened = NULL WHERE exam = $2 AND student = $3 AND student <> ''", true, exam, student)
}
