// Package memory keeps a store in memory: for tests, and for servers that keep
// nothing.
package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"examlink/server/store"
)

// Store implements store.Store. It is safe for concurrent use.
type Store struct {
	mu        sync.Mutex
	closed    bool
	exams     relation[store.Exam]
	roster    grouped[store.Student]
	connected grouped[time.Time] // of the roster
	receipts  grouped[store.Receipt]
	standing  grouped[store.Standing]
	examOf    map[string]string // of receipts
	heads     grouped[store.RecordHead]
	headOf    map[string]store.RecordHead // by session
	sessions  relation[store.LiveSession]
	tokens    grouped[store.Token]
	tokenExam map[string]string // of tokens
	signedIn  relation[signIn]
	audit     auditLog
	queues    map[string]*slot
	events    []store.LoggedEvent // in order
	logged    uint64              // the number of the latest event
	members   relation[store.Member]
	values    relation[store.Value]
	leader    string
	term      uint64
	parked    map[string]*Queue // what queues had when they were closed
}

// New makes an empty store.
func New() *Store {
	return &Store{
		roster: grouped[store.Student]{}, connected: grouped[time.Time]{}, receipts: grouped[store.Receipt]{}, standing: grouped[store.Standing]{}, examOf: map[string]string{},
		heads: grouped[store.RecordHead]{}, headOf: map[string]store.RecordHead{},
		tokens: grouped[store.Token]{}, tokenExam: map[string]string{}, queues: map[string]*slot{}, parked: map[string]*Queue{},
	}
}

// enter locks the store for a method; leave it with s.mu.Unlock unless there is an
// error.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return store.ErrClosed
	}
	return nil
}

// change makes a change, which fails or is whole. What the context's request has to
// write into the audit log is written with it.
func (s *Store) change(ctx context.Context, f func() error) error {
	pending, request := store.Pending(ctx)
	entries, err := cleanAudit(pending)
	if err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if err := f(); err != nil {
		return err
	}
	s.audit.append(entries)
	request.Written()
	return nil
}

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

// Audit implements store.Store.
func (s *Store) Audit() store.Audit { return audit{s} }

// slot is the place of an open queue. Closing it frees the place.
type slot struct {
	store.Queue
	store    *Store
	receiver string
}

// Close implements store.Queue.
func (q *slot) Close() error {
	q.store.mu.Lock()
	defer q.store.mu.Unlock()
	if q.store.queues[q.receiver] == q {
		delete(q.store.queues, q.receiver)
	}
	return q.Queue.Close()
}

// Queue implements store.Store.
func (s *Store) Queue(ctx context.Context, receiver string) (store.Queue, error) {
	if !store.ReceiverName.MatchString(receiver) {
		return nil, fmt.Errorf("queue of %q: expected a name of lower-case letters, digits and hyphens: %w", receiver, store.ErrInvalid)
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if s.queues[receiver] != nil {
		return nil, fmt.Errorf("queue of %s: open already: %w", receiver, store.ErrConflict)
	}
	of := &slot{s.reopenQueue(receiver), s, receiver}
	s.queues[receiver] = of
	return of, nil
}

// reopenQueue opens a queue with what it had when it was closed. Called locked.
func (s *Store) reopenQueue(receiver string) *Queue {
	q := NewQueue(receiver)
	if old := s.parked[receiver]; old != nil {
		q.next, q.waiting, q.lost = old.next, old.waiting, old.lost
	}
	s.parked[receiver] = q
	return q
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	queues := slices.Collect(maps.Values(s.queues))
	s.mu.Unlock()
	var errs []error
	for _, q := range queues {
		errs = append(errs, q.Close())
	}
	return errors.Join(errs...)
}
