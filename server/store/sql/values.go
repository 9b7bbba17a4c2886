package sql

import (
	"context"
	"database/sql"
	"fmt"

	"examlink/server/store"
)

type values struct{ *Store }

// Values implements store.Store.
func (s *Store) Values() store.Values { return values{s} }

func scanValue(r row) (v store.Value, err error) {
	var version int64
	err = r.Scan(&v.Name, &version, &v.Body)
	v.Version = uint64(version) //nolint:gosec // from 1
	return v, err
}

func (t values) Get(ctx context.Context, name string) (store.Value, error) {
	return get(ctx, t.Store, "value "+name, scanValue, "SELECT name, version, body FROM shared_values WHERE name = $1", name)
}

func (t values) Put(ctx context.Context, name string, body []byte, over uint64) (version uint64, err error) {
	v, err := store.Value{Name: name, Version: over, Body: body}.Clean()
	if err != nil {
		return 0, err
	}
	err = t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		question, args := "UPDATE shared_values SET body = $1, version = version + 1 WHERE name = $2 AND version = $3", []any{blob(v.Body), v.Name, int64(v.Version)} //nolint:gosec // Clean bounds it
		if over == 0 {
			question, args = "INSERT INTO shared_values (name, version, body) VALUES ($1, 1, $2) ON CONFLICT (name) DO NOTHING", []any{v.Name, blob(v.Body)}
		}
		n, err := execute(ctx, tx, question, args...)
		if err == nil && n == 0 {
			err = fmt.Errorf("value %s: another version than %d is there: %w", name, over, store.ErrConflict)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return over + 1, nil
}
