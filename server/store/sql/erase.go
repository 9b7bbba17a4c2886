package sql

import (
	"context"
	"database/sql"
)

// eraseFrom removes a student's rows from one table.
func (s *Store) eraseFrom(ctx context.Context, table, exam, student string) error {
	if !storable([]any{exam, student}) {
		return s.enter(ctx)
	}
	return s.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := execute(ctx, tx, "DELETE FROM "+table+" WHERE exam = $1 AND student = $2", exam, student)
		return err
	})
}
