package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"examlink/server/alert"
	"examlink/server/store"
)

// Chosen by us.
const (
	storeTimeout = 5 * time.Second // for one access to the store
	overhead     = 120             // bytes of a message beside its texts, about
)

// message is one notice on its way to one receiver. Its body is the same in every
// attempt. Its number is 0 when the store does not have it.
type message struct {
	store.Message
	size int64
}

func newMessage(m store.Message) *message {
	return &message{m, int64(len(m.ID) + len(m.Lane) + len(m.Kind) + len(m.Body) + overhead)}
}

// Undelivered is a notice that was given up. All times are the server's clock.
type Undelivered struct {
	Receiver string     `json:"receiver"`
	ID       string     `json:"id"`
	Kind     alert.Kind `json:"kind"`
	At       time.Time  `json:"at"` // of the notice
	GivenUp  time.Time  `json:"given_up"`
	Why      string     `json:"why"`
	Sentence string     `json:"sentence"`
}

// queue is the working copy of a store's queue, within a bound, and lists the
// latest notices that were given up. It is safe for concurrent use. While its store
// fails it goes on in memory, and returns the error once.
type queue struct {
	receiver string
	max      int64
	wake     chan struct{}
	writes   *Writes

	mu      sync.Mutex
	kept    store.Queue
	failing bool       // the latest access to kept failed
	waiting []*message // in order
	lost    []Undelivered
	bytes   int64 // of waiting
}

// openQueue takes up what an earlier run has left in a store's queue.
func openQueue(receiver string, kept store.Queue, most int64, writes *Writes) (*queue, error) {
	q := &queue{receiver: receiver, max: most, wake: make(chan struct{}, 1), writes: writes, kept: kept}
	ctx, cancel := accessStore()
	defer cancel()
	waiting, err := kept.Waiting(ctx)
	if err != nil {
		return nil, fmt.Errorf("queue of %s: %w", receiver, err)
	}
	lost, err := kept.Undelivered(ctx)
	if err != nil {
		return nil, fmt.Errorf("queue of %s: %w", receiver, err)
	}
	for _, m := range waiting {
		x := newMessage(m)
		q.waiting = append(q.waiting, x)
		q.bytes += x.size
	}
	for _, u := range lost {
		q.lost = append(q.lost, Undelivered{u.Receiver, u.ID, alert.Kind(u.Kind), u.At, u.GivenUp, u.Why, u.Sentence})
	}
	return q, nil
}

// bound changes the bound; a queue beyond it gives up its oldest notices with the next
// one that is put.
func (q *queue) bound(most int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.max = most
}

// accessStore is the context of an access to the store.
func accessStore() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), storeTimeout)
}

// put adds a notice. To make room it gives up the oldest ones and returns them; so it
// does with a notice that is too large.
func (q *queue) put(n alert.Notice, now time.Time) (lost []Undelivered, err error) {
	body, err := json.Marshal(n.Event())
	if err != nil {
		return nil, fmt.Errorf("queue of %s: %w", q.receiver, err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	ctx, cancel := accessStore()
	defer cancel()
	m := newMessage(store.Message{ID: n.ID, Lane: laneOf(n), Kind: string(n.Kind), Exam: n.Exam, Student: n.Student, At: n.At, Body: body})
	m.Number, err = q.kept.Put(ctx, m.Message)
	if errors.Is(err, store.ErrTooLarge) {
		listed := m.Message // without its body, so that the list of undelivered notices has it
		listed.Body = json.RawMessage("null")
		m.Number, err = q.kept.Put(ctx, listed)
		u, e := q.lose(m, fmt.Sprintf("%d bytes, expected at most %d", len(body), store.MaxBody), now)
		return []Undelivered{u}, errors.Join(q.once(err), e)
	}
	err = q.once(err)
	q.waiting = append(q.waiting, m)
	q.bytes += m.size
	for q.bytes > q.max && len(q.waiting) > 1 {
		u, e := q.lose(q.waiting[0], "the queue is full", now)
		lost, err = append(lost, u), errors.Join(err, e)
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return lost, err
}

// laneOf names the lane of a notice: its session, or the warning of an incident.
func laneOf(n alert.Notice) string {
	if n.Session != "" {
		return n.Session
	}
	return n.Warning
}

// list returns the messages, oldest first.
func (q *queue) list() []*message {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.waiting)
}

func (q *queue) count() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// undelivered lists the notices that were given up, the latest last.
func (q *queue) undelivered() []Undelivered {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.lost)
}

// delivered removes a message.
func (q *queue) delivered(m *message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.remove(m) || m.Number == 0 {
		return nil
	}
	ctx, cancel := accessStore()
	defer cancel()
	return q.once(known(q.kept.Delivered(ctx, m.Number)))
}

// giveUp moves a message to the list of undelivered ones; false if it is not in the
// queue any more.
func (q *queue) giveUp(m *message, why string, now time.Time) (Undelivered, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !slices.Contains(q.waiting, m) {
		return Undelivered{}, false, nil
	}
	u, err := q.lose(m, why, now)
	return u, true, err
}

// lose moves a message to the undelivered ones. Called locked.
func (q *queue) lose(m *message, why string, now time.Time) (Undelivered, error) {
	u := Undelivered{Receiver: q.receiver, ID: m.ID, Kind: alert.Kind(m.Kind), At: m.At, GivenUp: now.Round(0), Why: why}
	var e alert.Event
	if json.Unmarshal(m.Body, &e) == nil {
		u.Sentence = e.Data.Sentence
	}
	q.lost = append(q.lost, u)
	q.lost = q.lost[max(len(q.lost)-store.KeepUndelivered, 0):]
	q.remove(m)
	if m.Number == 0 {
		return u, nil
	}
	ctx, cancel := accessStore()
	defer cancel()
	return u, q.once(known(q.kept.GiveUp(ctx, m.Number, store.Reason{Why: why, Sentence: u.Sentence, At: now})))
}

// remove takes a message out of the working copy, if it is in there. Called locked.
func (q *queue) remove(m *message) bool {
	i := slices.Index(q.waiting, m)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.bytes -= m.size
	return true
}

// known is an error of an access to a message, except that the store has erased it.
func known(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// once notes the end of an access to the store and passes its error on, unless the
// access before failed too.
func (q *queue) once(err error) error {
	q.writes.Done(q.receiver, err)
	before := q.failing
	if q.failing = err != nil; before {
		return nil
	}
	return err
}

// close ends the use of the store's queue. Its messages are there for the next run.
func (q *queue) close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.kept.Close()
}
