package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"examlink/server/store"
)

// Queue implements store.Queue.
type Queue struct {
	receiver string

	mu      sync.Mutex
	closed  bool
	next    uint64
	waiting []store.Message // by number
	lost    []store.Undelivered
}

// NewQueue makes the empty queue of a receiver.
func NewQueue(receiver string) *Queue { return &Queue{receiver: receiver, next: 1} }

func (q *Queue) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return store.ErrClosed
	}
	return nil
}

// find returns the place of a message. Called locked.
func (q *Queue) find(number uint64) (int, error) {
	i, ok := slices.BinarySearchFunc(q.waiting, number, func(m store.Message, n uint64) int { return cmp.Compare(m.Number, n) })
	if !ok {
		return 0, fmt.Errorf("queue of %s: message %d: %w", q.receiver, number, store.ErrNotFound)
	}
	return i, nil
}

// Put implements store.Queue.
func (q *Queue) Put(ctx context.Context, m store.Message) (uint64, error) {
	m, err := m.Clean()
	if err != nil {
		return 0, err
	}
	if err := q.enter(ctx); err != nil {
		return 0, err
	}
	defer q.mu.Unlock()
	m.Number = q.next
	q.next++
	q.waiting = append(q.waiting, m)
	return m.Number, nil
}

// Waiting implements store.Queue.
func (q *Queue) Waiting(ctx context.Context) ([]store.Message, error) {
	if err := q.enter(ctx); err != nil {
		return nil, err
	}
	defer q.mu.Unlock()
	out := slices.Clone(q.waiting)
	for i := range out {
		out[i].Body = bytes.Clone(out[i].Body)
	}
	return out, nil
}

// Delivered implements store.Queue.
func (q *Queue) Delivered(ctx context.Context, number uint64) error {
	if err := q.enter(ctx); err != nil {
		return err
	}
	defer q.mu.Unlock()
	i, err := q.find(number)
	if err == nil {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return err
}

// GiveUp implements store.Queue.
func (q *Queue) GiveUp(ctx context.Context, number uint64, r store.Reason) error {
	if err := q.enter(ctx); err != nil {
		return err
	}
	defer q.mu.Unlock()
	i, err := q.find(number)
	if err != nil {
		return err
	}
	q.lost = append(q.lost, q.waiting[i].GiveUp(q.receiver, r))
	q.lost = q.lost[max(len(q.lost)-store.KeepUndelivered, 0):]
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return nil
}

// Undelivered implements store.Queue.
func (q *Queue) Undelivered(ctx context.Context) ([]store.Undelivered, error) {
	if err := q.enter(ctx); err != nil {
		return nil, err
	}
	defer q.mu.Unlock()
	return slices.Clone(q.lost), nil
}

// Close implements store.Queue.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	return nil
}
