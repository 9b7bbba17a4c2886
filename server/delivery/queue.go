package delivery

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"examlink/server/alert"
	"examlink/server/store"
)

// overhead is how many bytes a message has beside its texts, about. Chosen by us.
const overhead = 120

// message is one notice on its way to one receiver. Its body is the same in every
// attempt. Its number is 0 when the store does not have it. The queue's lock guards it.
type message struct {
	store.Message
	size    int64
	fate    fate
	reason  store.Reason  // why it was given up
	dirty   bool          // in queue.dirty
	tried   bool          // the store may have it without our knowing
	settled chan struct{} // closed when the store has had it
}

func newMessage(m store.Message) *message {
	return &message{Message: m, size: int64(len(m.ID) + len(m.Lane) + len(m.Kind) + len(m.Body) + overhead), settled: make(chan struct{})}
}

// settle says that the store has had the message.
func (m *message) settle() {
	select {
	case <-m.settled:
	default:
		close(m.settled)
	}
}

// about reports whether a message is about a student.
func (m *message) about(exam, student string) bool {
	return m.Exam == exam && m.Student == student
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

	exam, student string // whom it is about
}

// queue is the working copy of a store's queue, within a bound, and lists the
// latest notices that were given up. It is safe for concurrent use. What changes is
// brought into the store by a goroutine (see keep), so that no notice waits for a store
// that fails or hangs.
type queue struct {
	receiver string
	max      int64
	wake     chan struct{}
	writes   *Writes
	failed   func(error) // takes the first of consecutive errors of the store; nil: nobody does
	closing  chan struct{}
	kept     store.Queue

	mu      sync.Mutex
	waiting []*message // in order
	lost    []Undelivered
	bytes   int64 // of waiting

	dirty   []*message    // what the store does not know yet, in order
	keeping bool          // keep runs
	busy    *message      // of the access under way
	access  chan struct{} // closed, and replaced, when an access has ended
	idle    chan struct{} // closed when keep has ended
	behind  bool          // the store fails or hangs
	failing bool          // the latest access failed
	closed  bool

	stale bool            // the latest refresh failed
	gone  map[uint64]bool // removed from waiting since refresh began to read; nil: it does not run
}

// openQueue takes up what an earlier run has left in a store's queue.
func openQueue(receiver string, kept store.Queue, most int64, writes *Writes) (*queue, error) {
	q := &queue{receiver: receiver, max: most, wake: make(chan struct{}, 1), writes: writes, kept: kept, closing: make(chan struct{}), access: make(chan struct{})}
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
		q.lost = append(q.lost, undeliveredOf(u))
	}
	return q, nil
}

func undeliveredOf(u store.Undelivered) Undelivered {
	return Undelivered{u.Receiver, u.ID, alert.Kind(u.Kind), u.At, u.GivenUp, u.Why, u.Sentence, u.Exam, u.Student}
}

// bound changes the bound; a queue beyond it gives up its oldest notices with the next
// one that is put.
func (q *queue) bound(most int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.max = most
}

// put adds a notice. To make room it gives up the oldest ones and returns them; so it
// does with a notice that is too large.
func (q *queue) put(n alert.Notice, now time.Time) (lost []Undelivered, err error) {
	body, err := json.Marshal(n.Event())
	if err != nil {
		return nil, fmt.Errorf("queue of %s: %w", q.receiver, err)
	}
	m := newMessage(store.Message{ID: n.ID, Lane: laneOf(n), Kind: string(n.Kind), Exam: n.Exam, Student: n.Student, At: n.At, Body: body})
	if len(body) > store.MaxBody {
		q.mu.Lock()
		defer q.mu.Unlock()
		u := q.lose(m, fmt.Sprintf("%d bytes, expected at most %d", len(body), store.MaxBody), now)
		m.Body = json.RawMessage("null") // so that the list of undelivered notices has it
		return []Undelivered{u}, nil
	}
	q.mu.Lock()
	q.waiting = append(q.waiting, m)
	q.bytes += m.size
	for q.bytes > q.max && len(q.waiting) > 1 {
		lost = append(lost, q.lose(q.waiting[0], "the queue is full", now))
	}
	q.changed(m)
	q.mu.Unlock()
	q.await(m)
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return lost, nil
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
func (q *queue) delivered(m *message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.remove(m) {
		m.fate = isDelivered
		q.changed(m)
	}
}

// giveUp moves a message to the list of undelivered ones; false if it is not in the
// queue any more.
func (q *queue) giveUp(m *message, why string, now time.Time) (Undelivered, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !slices.Contains(q.waiting, m) {
		return Undelivered{}, false
	}
	return q.lose(m, why, now), true
}

// lose moves a message to the undelivered ones. Called locked.
func (q *queue) lose(m *message, why string, now time.Time) Undelivered {
	u := Undelivered{Receiver: q.receiver, ID: m.ID, Kind: alert.Kind(m.Kind), At: m.At, GivenUp: now.Round(0), Why: why, exam: m.Exam, student: m.Student}
	var e alert.Event
	if json.Unmarshal(m.Body, &e) == nil {
		u.Sentence = e.Data.Sentence
	}
	q.lost = append(q.lost, u)
	q.lost = q.lost[max(len(q.lost)-store.KeepUndelivered, 0):]
	q.remove(m)
	m.fate, m.reason = isGivenUp, store.Reason{Why: why, Sentence: u.Sentence, At: now}
	q.changed(m)
	q.boundLost()
	return u
}

// remove takes a message out of the working copy, if it is in there. Called locked.
func (q *queue) remove(m *message) bool {
	i := slices.Index(q.waiting, m)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.bytes -= m.size
	if q.gone != nil {
		q.gone[m.Number] = true
	}
	return true
}
