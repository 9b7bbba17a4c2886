package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"examlink/server/store"
)

// Chosen by us.
const (
	storeTimeout = 5 * time.Second // for one access to the store
	// storeWait is how long a notice waits at most for the store before it is sent: a
	// warning is late by no more when the store hangs.
	storeWait      = 200 * time.Millisecond
	storeRetry     = time.Second // doubled with each try
	storeRetryMost = 10 * time.Second
)

// fate is what has become of a message.
type fate int

const (
	isWaiting fate = iota
	isDelivered
	isGivenUp
	isErased
)

// accessStore is the context of an access to the store.
func accessStore() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), storeTimeout)
}

// changed notes that the store does not know yet what has become of a message. Called
// locked.
func (q *queue) changed(m *message) {
	if !m.dirty {
		m.dirty = true
		q.dirty = append(q.dirty, m)
	}
	if !q.keeping && !q.closed {
		q.keeping, q.idle = true, make(chan struct{})
		go q.keep() // ends when the store knows everything, or with close
	}
}

// keep brings the store up to date. While it fails or hangs, everything goes on in
// memory.
func (q *queue) keep() {
	q.mu.Lock()
	defer q.mu.Unlock()
	pause := storeRetry
	for len(q.dirty) > 0 {
		m := q.dirty[0]
		x, is, reason, tried := m.Message, m.fate, m.reason, m.tried
		q.busy = m
		q.mu.Unlock()
		number, err := q.bring(x, is, reason, tried)
		q.mu.Lock()
		q.busy = nil
		close(q.access)
		q.access = make(chan struct{})
		q.note(err)
		m.Number, m.tried = number, err != nil
		switch {
		case err == nil || errors.Is(err, store.ErrInvalid):
			pause = storeRetry
			m.settle()
			if m.fate == is || number == 0 && m.fate != isGivenUp {
				m.dirty = false
				q.dirty = q.dirty[1:]
			}
		case q.closed:
			q.dirty = nil
		default:
			q.behind = true
			q.mu.Unlock()
			select {
			case <-time.After(pause):
			case <-q.closing:
			}
			q.mu.Lock()
			pause = min(2*pause, storeRetryMost)
		}
	}
	q.keeping, q.behind = false, false
	close(q.idle)
}

// bring tells the store what has become of a message, and returns its number there; 0:
// it is not there. After a failure the store may have it all the same.
func (q *queue) bring(m store.Message, is fate, r store.Reason, tried bool) (number uint64, err error) {
	ctx, cancel := accessStore()
	defer cancel()
	number = m.Number
	if number == 0 && tried {
		list, err := q.kept.Waiting(ctx)
		if err != nil {
			return 0, err
		}
		if i := slices.IndexFunc(list, func(x store.Message) bool { return x.ID == m.ID }); i >= 0 {
			number = list[i].Number
		}
	}
	if number == 0 && (is == isWaiting || is == isGivenUp) {
		if number, err = q.kept.Put(ctx, m); err != nil {
			return 0, err
		}
	}
	switch {
	case number == 0:
	case is == isDelivered:
		err = known(q.kept.Delivered(ctx, number))
	case is == isGivenUp:
		err = known(q.kept.GiveUp(ctx, number, r))
	}
	return number, err
}

// known is an error of an access to a message, except that the store has erased it.
func known(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// note notes the end of an access to the store, and reports its error unless the access
// before failed too. Called locked.
func (q *queue) note(err error) {
	q.writes.Done(q.receiver, err)
	before := q.failing
	if q.failing = err != nil; q.failing && !before && q.failed != nil {
		q.failed(err)
	}
}

// await waits until the store has a message, but only as long as a notice may wait, and
// not while the store is behind anyway.
func (q *queue) await(m *message) {
	timer := time.NewTimer(storeWait)
	defer timer.Stop()
	for {
		q.mu.Lock()
		behind, access := q.behind, q.access
		q.mu.Unlock()
		if behind {
			return
		}
		select {
		case <-m.settled:
			return
		case <-access: // it may have failed
		case <-timer.C:
			q.mu.Lock()
			defer q.mu.Unlock()
			q.behind = q.keeping
			return
		}
	}
}

// boundLost bounds the messages that were given up and have never been in the store.
// Called locked.
func (q *queue) boundLost() {
	lost := func(m *message) bool { return m.fate == isGivenUp && m.Number == 0 && m != q.busy }
	most := store.KeepUndelivered
	for _, m := range slices.Backward(slices.Clone(q.dirty)) {
		if !lost(m) {
			continue
		}
		if most--; most < 0 {
			m.dirty = false
			q.dirty = slices.DeleteFunc(q.dirty, func(x *message) bool { return x == m })
		}
	}
}

// close ends the use of the store's queue, once it has been tried once more what the
// store does not know yet. Its messages are there for the next run.
func (q *queue) close() error {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.closing)
	}
	idle, keeping := q.idle, q.keeping
	q.mu.Unlock()
	if keeping {
		select {
		case <-idle:
		case <-time.After(2 * storeTimeout):
		}
	}
	q.mu.Lock()
	n := 0
	for _, m := range q.waiting {
		if m.Number == 0 {
			n++
		}
	}
	if n > 0 && q.failed != nil {
		q.failed(fmt.Errorf("%d notices that wait are not in the store, and end with this process", n))
	}
	q.mu.Unlock()
	return q.kept.Close()
}
