// Package sql keeps a store in a SQL database: SQLite, in a file that one process
// uses at a time, or PostgreSQL. Both run the same statements.
//
// A change is committed when its method returns: it outlives the process and, as
// far as the disk keeps its promises, a loss of power. Changes wait for the disk
// together: those that arrive while a transaction is being written make up the
// next one.
//
// With PostgreSQL several processes may use a database, but a receiver's queue
// should be open in one of them only: another would not be refused.
package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"examlink/server/store"
)

// Options select the database.
type Options struct {
	// File is the SQLite database, made if it is not there. It and the files beside
	// it can be read by their owner only.
	File string
	// URL is a PostgreSQL database, as postgres://user:password@host/name. If it is
	// set, File is not used.
	URL string
}

// Store implements store.Store. It is safe for concurrent use.
type Store struct {
	*database
	jobs    chan *job
	quit    chan struct{} // closed by Close
	writers sync.WaitGroup
	closed  atomic.Bool

	mu     sync.Mutex
	queues map[string]*queue // those that are open
}

// database is an open database.
type database struct {
	read, write *sql.DB // the same for PostgreSQL
	dialect     dialect
	release     func() error // after both are closed
}

// dialect is where the databases differ.
type dialect struct {
	name        string
	text, bytes string // column types
	migrating   string // locks out others who migrate; empty: not necessary
	writers     int    // transactions at the same time
	batch       int    // changes in a transaction
	rows        int    // that a statement puts or removes: SQLite looks each parameter up in a list
	log         bool   // its log keeps what was removed
	shared      bool   // several processes may use a database
	// abandon makes an open transaction end when the caller's context does.
	// SQLite's transactions are too short for that.
	abandon bool
}

// Open opens a store, with the newest version of its tables. Errors:
// lockfile.ErrInUse while another process has a SQLite database open.
func Open(ctx context.Context, o Options) (*Store, error) {
	open := func() (*database, error) { return openSQLite(ctx, o.File) }
	if o.URL != "" {
		open = func() (*database, error) { return openPostgres(ctx, o.URL) }
	}
	db, err := open()
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := db.migrate(ctx); err != nil {
		return nil, fmt.Errorf("store: %w", errors.Join(err, db.close()))
	}
	s := &Store{database: db, jobs: make(chan *job), quit: make(chan struct{}), queues: map[string]*queue{}}
	for range db.dialect.writers {
		s.writers.Go(s.writeChanges) // ends with Close
	}
	return s, nil
}

// close closes the database.
func (d *database) close() error {
	errs := []error{d.read.Close()}
	if d.write != d.read {
		errs = append(errs, d.write.Close())
	}
	return errors.Join(append(errs, d.release())...)
}

// Database says what the store is in: SQLite or PostgreSQL.
func (s *Store) Database() string { return s.dialect.name }

// Exams implements store.Store.
func (s *Store) Exams() store.Exams { return exams{s} }

// Roster implements store.Store.
func (s *Store) Roster() store.Roster { return roster{s} }

// Attendances implements store.Store.
func (s *Store) Attendances() store.Attendances { return attendances{s} }

// Receipts implements store.Store.
func (s *Store) Receipts() store.Receipts { return receipts{s} }

// Records implements store.Store.
func (s *Store) Records() store.Records { return records{s} }

// Tokens implements store.Store.
func (s *Store) Tokens() store.Tokens { return tokens{s} }

// SignIns implements store.Store.
func (s *Store) SignIns() store.SignIns { return signIns{s} }

// Sessions implements store.Store.
func (s *Store) Sessions() store.Sessions { return sessions{s} }

// Events implements store.Store.
func (s *Store) Events() store.Events { return events{s} }

// Members implements store.Store.
func (s *Store) Members() store.Members { return members{s} }

// Shared reports whether other processes may use the store at the same time.
func (s *Store) Shared() bool { return s.dialect.shared }

// Close implements store.Store.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	close(s.quit)
	s.writers.Wait()
	return s.close()
}
