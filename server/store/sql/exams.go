package sql

import (
	"context"
	"database/sql"
	"fmt"

	"examlink/server/store"
)

type exams struct{ *Store }

const selectExam = "SELECT id, title, starts, ends, zone, policy, closed FROM exams "

func scanExam(r row) (e store.Exam, err error) {
	var start, end int64
	err = r.Scan(&e.ID, &e.Title, &start, &end, &e.Zone, &e.Policy, &e.Closed)
	e.Start, e.End = instant(start), instant(end)
	return e, err
}

func (t exams) Create(ctx context.Context, e store.Exam) error {
	e, err := e.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := execute(ctx, tx, `INSERT INTO exams (id, title, starts, ends, zone, policy, closed)
			VALUES ($1, $2, $3, $4, $5, $6, FALSE) ON CONFLICT (id) DO NOTHING`,
			e.ID, e.Title, micros(e.Start), micros(e.End), e.Zone, e.Policy)
		if err == nil && n == 0 {
			err = fmt.Errorf("exam %s: %w", e.ID, store.ErrExists)
		}
		return err
	})
}

func (t exams) Get(ctx context.Context, id string) (store.Exam, error) {
	return get(ctx, t.Store, "exam "+id, scanExam, selectExam+"WHERE id = $1", id)
}

func (t exams) Update(ctx context.Context, e store.Exam) error {
	e, err := e.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := lockExam(ctx, tx, e.ID); err != nil {
			return err
		}
		_, err := execute(ctx, tx, "UPDATE exams SET title = $1, starts = $2, ends = $3, zone = $4, policy = $5 WHERE id = $6",
			e.Title, micros(e.Start), micros(e.End), e.Zone, e.Policy, e.ID)
		return err
	})
}

func (t exams) List(ctx context.Context, p store.Page) ([]store.Exam, error) {
	return page(ctx, t.Store, p, scanExam, selectExam+"WHERE id > $1 ORDER BY id LIMIT $2")
}

func (t exams) Close(ctx context.Context, id string) error {
	missing := fmt.Errorf("exam %s: %w", id, store.ErrNotFound)
	if !storable([]any{id}) {
		return missing
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := execute(ctx, tx, "UPDATE exams SET closed = TRUE WHERE id = $1", id)
		if err == nil && n == 0 {
			err = missing
		}
		return err
	})
}

// lockExam keeps an exam as it is until the transaction ends. Errors: ErrNotFound;
// ErrConflict when it is closed. The update locks the row in PostgreSQL, and both
// databases understand it.
func lockExam(ctx context.Context, tx *sql.Tx, id string) error {
	closed, err := first(ctx, tx, "exam "+id, func(r row) (closed bool, err error) {
		err = r.Scan(&closed)
		return closed, err
	}, "UPDATE exams SET closed = closed WHERE id = $1 RETURNING closed", id)
	if err == nil && closed {
		err = fmt.Errorf("exam %s is closed: %w", id, store.ErrConflict)
	}
	return err
}
