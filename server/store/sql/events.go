package sql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"examlink/server/store"
)

type events struct{ *Store }

const (
	eventColumns = 7
	selectEvent  = "SELECT number, server, kind, exam, student, at, body FROM events "
)

func scanEvent(r row) (e store.LoggedEvent, err error) {
	var number, at int64
	err = r.Scan(&number, &e.Server, &e.Kind, &e.Exam, &e.Student, &at, (*[]byte)(&e.Body))
	e.Number, e.At = uint64(number), instant(at) //nolint:gosec // from 1
	return e, err
}

func (t events) Append(ctx context.Context, list []store.LoggedEvent) (last uint64, err error) {
	clean := make([]store.LoggedEvent, len(list))
	for i, e := range list {
		if clean[i], err = e.Clean(); err != nil {
			return 0, err
		}
	}
	err = t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// Others who append wait for this row until the transaction has ended.
		end, err := first(ctx, tx, "event log", func(r row) (n int64, err error) { err = r.Scan(&n); return n, err },
			"UPDATE event_log SET last = last + $1 WHERE one = 1 RETURNING last", len(clean))
		if err != nil {
			return err
		}
		last = uint64(end) //nolint:gosec // from 0
		next := end - int64(len(clean)) + 1
		for rest := clean; len(rest) > 0; {
			some := rest[:min(len(rest), t.dialect.rows)]
			rest = rest[len(some):]
			var args []any
			for _, e := range some {
				args = append(args, next, e.Server, e.Kind, e.Exam, e.Student, micros(e.At), blob(e.Body))
				next++
			}
			if _, err := execute(ctx, tx, "INSERT INTO events (number, server, kind, exam, student, at, body) VALUES "+places(len(some), eventColumns), args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return last, nil
}

func (t events) After(ctx context.Context, number uint64) ([]store.LoggedEvent, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	if number >= 1<<63 {
		return nil, nil
	}
	out, err := list(ctx, t.read, scanEvent, fmt.Sprintf(selectEvent+"WHERE number > $1 ORDER BY number LIMIT %d", store.MaxPage), int64(number))
	return out, t.failed(ctx, err)
}

func (t events) Trim(ctx context.Context, before time.Time, kinds ...string) (removed int64, err error) {
	statement, args := "DELETE FROM events WHERE at < $1", []any{micros(store.Instant(before))}
	for i, k := range kinds {
		if i == 0 {
			statement += " AND kind IN ("
		} else {
			statement += ", "
		}
		args = append(args, k)
		statement += fmt.Sprintf("$%d", len(args))
	}
	if len(kinds) > 0 {
		statement += ")"
	}
	err = t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		removed, err = execute(ctx, tx, statement, args...)
		return err
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}
