package sql

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"

	"examlink/server/store"
)

// queue implements store.Queue.
type queue struct {
	*Store
	receiver string
	ended    atomic.Bool
}

// Queue implements store.Store.
func (s *Store) Queue(ctx context.Context, receiver string) (store.Queue, error) {
	if !store.ReceiverName.MatchString(receiver) {
		return nil, fmt.Errorf("queue of %q: expected a name of lower-case letters, digits and hyphens: %w", receiver, store.ErrInvalid)
	}
	err := s.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := execute(ctx, tx, "INSERT INTO queues (receiver, next, given_up) VALUES ($1, 1, 0) ON CONFLICT (receiver) DO NOTHING", receiver)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[receiver] != nil {
		return nil, fmt.Errorf("queue of %s: open already: %w", receiver, store.ErrConflict)
	}
	q := &queue{Store: s, receiver: receiver}
	s.queues[receiver] = q
	return q, nil
}

// alter changes the queue, which is locked meanwhile: its row is changed first.
func (q *queue) alter(ctx context.Context, counter string, f func(ctx context.Context, tx *sql.Tx, count int64) error) error {
	if q.ended.Load() {
		return store.ErrClosed
	}
	return q.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		count, err := first(ctx, tx, "queue of "+q.receiver, func(r row) (n int64, err error) { err = r.Scan(&n); return n, err },
			"UPDATE queues SET "+counter+" = "+counter+" + 1 WHERE receiver = $1 RETURNING "+counter, q.receiver)
		if err != nil {
			return err
		}
		return f(ctx, tx, count)
	})
}

func (q *queue) notFound(number uint64) error {
	return fmt.Errorf("queue of %s: message %d: %w", q.receiver, number, store.ErrNotFound)
}

// Put implements store.Queue.
func (q *queue) Put(ctx context.Context, m store.Message) (number uint64, err error) {
	m, err = m.Clean()
	if err != nil {
		return 0, err
	}
	err = q.alter(ctx, "next", func(ctx context.Context, tx *sql.Tx, next int64) error {
		number = uint64(next - 1) //nolint:gosec // from 1
		_, err := execute(ctx, tx, "INSERT INTO messages (receiver, number, id, lane, kind, exam, student, at, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			q.receiver, next-1, m.ID, m.Lane, m.Kind, m.Exam, m.Student, micros(m.At), blob(m.Body))
		return err
	})
	if err != nil {
		return 0, err
	}
	return number, nil
}

const (
	selectMessage     = "SELECT number, id, lane, kind, exam, student, at, body FROM messages "
	selectUndelivered = "SELECT receiver, id, kind, exam, student, at, given_up, why, sentence FROM undelivered "
)

func scanMessage(r row) (m store.Message, err error) {
	var number, at int64
	err = r.Scan(&number, &m.ID, &m.Lane, &m.Kind, &m.Exam, &m.Student, &at, (*[]byte)(&m.Body))
	m.Number, m.At = uint64(number), instant(at) //nolint:gosec // from 1
	return m, err
}

func scanUndelivered(r row) (u store.Undelivered, err error) {
	var at, givenUp int64
	err = r.Scan(&u.Receiver, &u.ID, &u.Kind, &u.Exam, &u.Student, &at, &givenUp, &u.Why, &u.Sentence)
	u.At, u.GivenUp = instant(at), instant(givenUp)
	return u, err
}

// Waiting implements store.Queue.
func (q *queue) Waiting(ctx context.Context) ([]store.Message, error) {
	if q.ended.Load() {
		return nil, store.ErrClosed
	}
	if err := q.enter(ctx); err != nil {
		return nil, err
	}
	out, err := list(ctx, q.read, scanMessage, selectMessage+"WHERE receiver = $1 ORDER BY number", q.receiver)
	return out, q.failed(ctx, err)
}

// Delivered implements store.Queue.
func (q *queue) Delivered(ctx context.Context, number uint64) error {
	if q.ended.Load() {
		return store.ErrClosed
	}
	return q.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := execute(ctx, tx, "DELETE FROM messages WHERE receiver = $1 AND number = $2", q.receiver, int64(number)) //nolint:gosec // no message has a negative number
		if err == nil && n == 0 {
			err = q.notFound(number)
		}
		return err
	})
}

// GiveUp implements store.Queue.
func (q *queue) GiveUp(ctx context.Context, number uint64, r store.Reason) error {
	return q.alter(ctx, "given_up", func(ctx context.Context, tx *sql.Tx, place int64) error {
		gone, err := list(ctx, tx, func(r row) (m store.Message, err error) {
			var at int64
			err = r.Scan(&m.ID, &m.Kind, &m.Exam, &m.Student, &at)
			m.At = instant(at)
			return m, err
		}, "DELETE FROM messages WHERE receiver = $1 AND number = $2 RETURNING id, kind, exam, student, at", q.receiver, int64(number)) //nolint:gosec // as above
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			return q.notFound(number)
		}
		u := gone[0].GiveUp(q.receiver, r)
		if _, err := execute(ctx, tx, "INSERT INTO undelivered (receiver, place, id, kind, exam, student, at, given_up, why, sentence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
			u.Receiver, place, u.ID, u.Kind, u.Exam, u.Student, micros(u.At), micros(u.GivenUp), u.Why, u.Sentence); err != nil {
			return err
		}
		_, err = execute(ctx, tx, "DELETE FROM undelivered WHERE receiver = $1 AND place <= $2", q.receiver, place-store.KeepUndelivered)
		return err
	})
}

// Undelivered implements store.Queue.
func (q *queue) Undelivered(ctx context.Context) ([]store.Undelivered, error) {
	if q.ended.Load() {
		return nil, store.ErrClosed
	}
	if err := q.enter(ctx); err != nil {
		return nil, err
	}
	out, err := list(ctx, q.read, scanUndelivered, selectUndelivered+"WHERE receiver = $1 ORDER BY place", q.receiver)
	return out, q.failed(ctx, err)
}

// Close implements store.Queue.
func (q *queue) Close() error {
	q.ended.Store(true)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.queues[q.receiver] == q {
		delete(q.queues, q.receiver)
	}
	return nil
}
