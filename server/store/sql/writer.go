package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"examlink/server/store"
)

// Chosen by us.
const (
	maxBatch      = 256              // changes in one transaction of SQLite
	changeTimeout = 30 * time.Second // for a transaction, so that a server that hangs is an error
)

// job is a change that waits for its transaction.
type job struct {
	ctx  context.Context
	make func(context.Context, *sql.Tx) error
	done chan error
}

// change makes a change in a transaction, which it may share with others. What the
// context's request has to write into the audit log comes first.
func (s *Store) change(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	pending, request := store.Pending(ctx)
	entries, err := cleanAudit(pending)
	if err != nil {
		return err
	}
	j := &job{ctx, f, make(chan error, 1)}
	if len(entries) > 0 {
		j.make = func(ctx context.Context, tx *sql.Tx) error {
			if err := appendAudit(ctx, tx, entries); err != nil {
				return fmt.Errorf("audit: %w", err)
			}
			return f(ctx, tx)
		}
	}
	select {
	case s.jobs <- j: // a writer has it and will answer
		err := <-j.done
		if err == nil {
			request.Written()
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.quit:
		return store.ErrClosed
	}
}

// enter checks whether a method can begin.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return store.ErrClosed
	}
	return nil
}

// writeChanges takes changes until the store is closed. All that wait share one
// transaction, as far as the dialect permits it.
func (s *Store) writeChanges() {
	for {
		var batch []*job
		select {
		case <-s.quit:
			return
		case j := <-s.jobs:
			batch = append(batch, j)
		}
		for more := true; more && len(batch) < s.dialect.batch; {
			select {
			case j := <-s.jobs:
				batch = append(batch, j)
			default:
				more = false
			}
		}
		for i, err := range s.commit(batch) {
			batch[i].done <- err
		}
	}
}

// commit makes changes in one transaction. A change that fails is undone and
// leaves the others alone; if the transaction fails, they all have its error.
func (s *Store) commit(batch []*job) []error {
	errs := make([]error, len(batch))
	fail := func(err error) []error {
		for i := range errs {
			if errs[i] == nil {
				errs[i] = s.failed(batch[i].ctx, err)
			}
		}
		return errs
	}
	ctx, cancel := context.WithTimeout(context.Background(), changeTimeout)
	defer cancel()
	stop := func() bool { return true }
	if s.dialect.abandon {
		stop = context.AfterFunc(batch[0].ctx, cancel)
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fail(err)
	}
	made := 0
	for i, j := range batch {
		if errs[i], err = s.attempt(ctx, tx, j, len(batch) > 1); err != nil {
			_ = tx.Rollback()
			return fail(err)
		}
		if errs[i] == nil {
			made++
		}
	}
	if made == 0 {
		_ = tx.Rollback()
		return errs
	}
	if !stop() {
		_ = tx.Rollback()
		return fail(context.Canceled)
	}
	if err := tx.Commit(); err != nil {
		s.undo()
		return fail(err)
	}
	return errs
}

// attempt makes one change. With others it has a savepoint of its own; broken is
// the error of a transaction that cannot go on.
func (s *Store) attempt(ctx context.Context, tx *sql.Tx, j *job, shared bool) (failed, broken error) {
	if err := j.ctx.Err(); err != nil {
		return err, nil
	}
	if !shared {
		return s.failed(j.ctx, j.make(ctx, tx)), nil
	}
	if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
		return nil, err
	}
	if failed = s.failed(j.ctx, j.make(ctx, tx)); failed != nil {
		// SQLite undoes the whole transaction when the disk is full or fails: then
		// there is no savepoint any more.
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO one"); err != nil {
			return failed, errors.Join(failed, err)
		}
	}
	_, broken = tx.ExecContext(ctx, "RELEASE one")
	return failed, broken
}

// undo ends the transaction of a commit that failed, in which SQLite's connection
// may still be.
func (s *Store) undo() {
	if s.dialect.batch > 1 {
		_, _ = s.write.ExecContext(context.Background(), "ROLLBACK")
	}
}

// failed is an error of the database as callers see it: their context's, if that
// has ended, and store.ErrClosed after Close.
func (s *Store) failed(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case s.closed.Load():
		return store.ErrClosed
	case isOurs(err):
		return err
	}
	return fmt.Errorf("store: %w", err)
}

// isOurs reports whether callers branch on an error.
func isOurs(err error) bool {
	for _, e := range []error{store.ErrNotFound, store.ErrExists, store.ErrConflict, store.ErrInvalid, store.ErrTooLarge} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
