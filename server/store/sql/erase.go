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
	expireAtOnce = 1000             // rows, so that other changes do not wait for long
	forgetWithin = 30 * time.Second // for readers that keep the log of SQLite
	forgetAgain  = 50 * time.Millisecond
)

// eraseFrom removes a student's rows from one table.
func (s *Store) eraseFrom(ctx context.Context, table, exam, student string) error {
	if !storable([]any{exam, student}) {
		return s.enter(ctx)
	}
	err := s.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := execute(ctx, tx, "DELETE FROM "+table+" WHERE exam = $1 AND student = $2", exam, student)
		return err
	})
	if err != nil {
		return err
	}
	return s.forget(ctx)
}

// Erase implements store.Store. With SQLite the bytes are gone from the file and its
// log, for which the whole file is written anew: other changes wait meanwhile. What
// is removed in other ways is overwritten too, but copies that SQLite made when it
// moved rows from page to page may stay until then. PostgreSQL keeps them until it reuses their place, or until
// VACUUM FULL, and in what is archived of its log.
func (s *Store) Erase(ctx context.Context, exam, student string) (r store.Removed, err error) {
	if !storable([]any{exam, student}) {
		return r, s.enter(ctx)
	}
	err = s.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, t := range []struct {
			table string
			count *int64
		}{{"roster", &r.Students}, {"receipts", &r.Receipts}, {"records", &r.Records}, {"sessions", &r.Sessions}, {"messages", &r.Messages}, {"undelivered", &r.Messages}, {"events", &r.Events}} {
			n, err := execute(ctx, tx, "DELETE FROM "+t.table+" WHERE exam = $1 AND student = $2", exam, student)
			if err != nil {
				return err
			}
			*t.count += n
		}
		if r.Tokens, err = eraseTokens(ctx, tx, exam, student); err != nil {
			return err
		}
		r.Audit, err = eraseFromAudit(ctx, tx, exam, student)
		return err
	})
	if err != nil {
		return store.Removed{}, err
	}
	if s.dialect.log {
		if _, err := s.write.ExecContext(ctx, "VACUUM"); err != nil {
			return r, s.failed(ctx, err)
		}
	}
	return r, s.forget(ctx)
}

// Expire implements store.Store.
func (s *Store) Expire(ctx context.Context, now time.Time, keep store.Retention) (r store.Removed, err error) {
	for _, t := range []struct {
		kept          time.Duration
		count         *int64
		table, id, by string
	}{
		{keep.Rosters, &r.Students, "roster", "exam, student", "exam IN (SELECT id FROM exams WHERE ends < $1)"},
		{keep.Receipts, &r.Receipts, "receipts", "id", "at < $1"},
		{keep.Records, &r.Records, "records", "session", "at < $1"},
		{keep.Sessions, &r.Sessions, "sessions", "id", "last_packet < $1"},
		{keep.Undelivered, &r.Messages, "undelivered", "receiver, place", "given_up < $1"},
	} {
		if t.kept <= 0 {
			continue
		}
		statement := fmt.Sprintf("DELETE FROM %s WHERE (%s) IN (SELECT %s FROM %[1]s WHERE %[4]s LIMIT %d)", t.table, t.id, t.id, t.by, expireAtOnce)
		for n := int64(expireAtOnce); n == expireAtOnce; *t.count += n {
			err := s.change(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
				n, err = execute(ctx, tx, statement, micros(store.Instant(now.Add(-t.kept))))
				return err
			})
			if err != nil {
				return r, err
			}
		}
	}
	err = s.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := execute(ctx, tx, "DELETE FROM sign_ins WHERE ends < $1", micros(store.Instant(now)))
		return err
	})
	if err != nil {
		return r, err
	}
	for n := int64(expireAtOnce); keep.Audit > 0 && n == expireAtOnce; r.Audit += n {
		err := s.change(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			n, err = expireAudit(ctx, tx, store.Instant(now.Add(-keep.Audit)))
			return err
		})
		if err != nil {
			return r, err
		}
	}
	if r == (store.Removed{}) {
		return r, s.enter(ctx)
	}
	return r, s.forget(ctx)
}

// forget takes what was removed out of the files of the database.
func (s *Store) forget(ctx context.Context) error {
	if !s.dialect.log {
		return nil
	}
	return s.failed(ctx, truncateLog(ctx, s.write))
}

// truncateLog moves SQLite's log into the database and empties it, once no reader
// needs it any more.
func truncateLog(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeoutCause(ctx, forgetWithin, errors.New("removed, but the log keeps it for somebody who reads the database: try again"))
	defer cancel()
	for {
		var busy, pages, moved int
		if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
			return err
		}
		if busy == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(forgetAgain):
		}
	}
}
