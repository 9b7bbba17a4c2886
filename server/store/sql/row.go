package sql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"examlink/server/store"
)

// Statements use $1, $2 … in the order in which they first occur: SQLite numbers
// them so, whatever their digits say.

// row is one row of an answer.
type row interface{ Scan(into ...any) error }

// querier is a database or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// list reads all rows of an answer.
func list[T any](ctx context.Context, q querier, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// first reads the only row of an answer. The error is store.ErrNotFound, with what,
// when there is none.
func first[T any](ctx context.Context, q querier, what string, scan func(row) (T, error), query string, args ...any) (v T, err error) {
	some, err := list(ctx, q, scan, query, args...)
	if err == nil && len(some) == 0 {
		err = fmt.Errorf("%s: %w", what, store.ErrNotFound)
	}
	if err != nil {
		return v, err
	}
	return some[0], nil
}

// execute runs a statement and says how many rows it changed.
func execute(ctx context.Context, q querier, query string, args ...any) (int64, error) {
	r, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// get reads the one row of an answer for a method of the store.
func get[T any](ctx context.Context, s *Store, what string, scan func(row) (T, error), query string, args ...any) (v T, err error) {
	if err := s.enter(ctx); err != nil {
		return v, err
	}
	if !storable(args) {
		return v, fmt.Errorf("%s: %w", what, store.ErrNotFound)
	}
	v, err = first(ctx, s.read, what, scan, query, args...)
	return v, s.failed(ctx, err)
}

// page reads a page for a method of the store. The query's last arguments are those
// of the page.
func page[T any](ctx context.Context, s *Store, p store.Page, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	if !storable([]any{p.After}) {
		return nil, fmt.Errorf("page: expected an identifier: %w", store.ErrInvalid)
	}
	if !storable(args) {
		return nil, nil
	}
	out, err := list(ctx, s.read, scan, query, append(args, p.After, p.Size())...)
	return out, s.failed(ctx, err)
}

// storable reports whether texts can be in the database: PostgreSQL refuses others
// in questions too.
func storable(args []any) bool {
	for _, a := range args {
		if s, ok := a.(string); ok && (!utf8.ValidString(s) || strings.Contains(s, "\x00")) {
			return false
		}
	}
	return true
}

// places are n groups of parameters, ($1, $2), ($3, $4) …
func places(groups, each int) string {
	var b strings.Builder
	for i := range groups * each {
		switch {
		case i%each > 0:
			b.WriteString(", ")
		case i > 0:
			b.WriteString("), (")
		default:
			b.WriteString("(")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteString(")")
	return b.String()
}

func micros(t time.Time) int64 { return t.UnixMicro() }

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// blob is a body that is not null.
func blob(b []byte) []byte { return append([]byte{}, b...) }
