package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"examlink/probe/journal"
	"examlink/server/alert"
)

// Chosen by us.
const (
	slackBytes = 64 << 10  // that are added at least, before a file is written anew
	keepLost   = 200       // entries of the list of what could not be delivered
	maxLine    = 256 << 10 // bytes, its end included; a longer one is neither written nor read
)

// message is one notice on its way to one receiver. Its body is signed and sent
// as it is, each time the same.
type message struct {
	Number uint64          `json:"number"`
	ID     string          `json:"id"`
	Lane   string          `json:"lane"` // delivered in order of
	Kind   alert.Kind      `json:"kind"`
	At     time.Time       `json:"at"`
	Body   json.RawMessage `json:"body"`

	size int64
}

// Undelivered is a notice that was given up.
type Undelivered struct {
	Receiver string     `json:"receiver"`
	ID       string     `json:"id"`
	Kind     alert.Kind `json:"kind"`
	At       time.Time  `json:"at"`       // of the notice
	GivenUp  time.Time  `json:"given_up"` // when
	Why      string     `json:"why"`
	Sentence string     `json:"sentence"`
}

// queue keeps what one receiver has not got yet, in memory and on disk, within
// a bound, and the latest of what it will never get. It is safe for concurrent
// use. What goes wrong with its file is an error once; it goes on in memory.
type queue struct {
	receiver string
	max      int64
	wake     chan struct{}

	mu      sync.Mutex
	next    uint64
	waiting []*message // by number
	lost    []Undelivered
	bytes   int64            // of waiting
	file    *journal.Journal // nil: there is none
	skipped int              // lines of the file that could not be read
}

// entry is one line of the file: a message, the number of one that is gone, or
// what was given up.
type entry struct {
	Next uint64       `json:"next,omitempty"` // first number not used yet
	Put  *message     `json:"put,omitempty"`
	Gone uint64       `json:"gone,omitempty"`
	Lost *Undelivered `json:"lost,omitempty"`
}

// openQueue takes up what an earlier run left in the file; "" keeps it in memory
// alone.
func openQueue(receiver, file string, most int64) (*queue, error) {
	q := &queue{receiver: receiver, max: most, next: 1, wake: make(chan struct{}, 1)}
	if file == "" {
		return q, nil
	}
	err := q.load(file)
	if err != nil {
		return nil, fmt.Errorf("queue of %s: %s: %w", receiver, file, errors.Join(err, q.file.Close(false)))
	}
	return q, nil
}

func (q *queue) load(name string) (err error) {
	found := map[uint64]*message{}
	var gone []uint64
	lost := map[string]Undelivered{}
	q.file, q.skipped, err = journal.Open(name, maxLine, func(line []byte) bool {
		var e entry
		if json.Unmarshal(line, &e) != nil {
			return false // torn, or damaged
		}
		q.next = max(q.next, e.Next)
		if m := e.Put; m != nil && m.Number > 0 && m.ID != "" {
			found[m.Number] = m
			q.next = max(q.next, m.Number+1)
		}
		if e.Gone != 0 {
			gone = append(gone, e.Gone)
		}
		if e.Lost != nil {
			lost[e.Lost.ID] = *e.Lost
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, n := range gone {
		delete(found, n)
	}
	for _, m := range found {
		q.waiting = append(q.waiting, m)
	}
	slices.SortFunc(q.waiting, func(a, b *message) int { return int(int64(a.Number) - int64(b.Number)) })
	for _, l := range lost {
		q.lost = append(q.lost, l)
	}
	slices.SortFunc(q.lost, func(a, b Undelivered) int { return a.GivenUp.Compare(b.GivenUp) })
	q.lost = q.lost[max(len(q.lost)-keepLost, 0):]
	q.rewrite()
	return q.file.Err()
}

// put adds a notice. What there is no room for any more is given up, the oldest
// first, and returned; so is a notice that is too long for a line.
func (q *queue) put(n alert.Notice, now time.Time) (lost []Undelivered, err error) {
	body, err := json.Marshal(n.Event())
	if err != nil {
		return nil, fmt.Errorf("queue of %s: %w", q.receiver, err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	m := &message{Number: q.next, ID: n.ID, Lane: laneOf(n), Kind: n.Kind, At: n.At, Body: body}
	q.next++
	line, err := json.Marshal(entry{Put: m})
	if err != nil {
		return nil, fmt.Errorf("queue of %s: %w", q.receiver, err)
	}
	if len(line) >= maxLine { // it could not be read again
		return []Undelivered{q.lose(m, fmt.Sprintf("%d bytes, expected at most %d", len(line), maxLine-1), now)}, q.trouble()
	}
	m.size = q.file.Append(line)
	q.waiting = append(q.waiting, m)
	q.bytes += m.size
	for q.bytes > q.max && len(q.waiting) > 1 {
		lost = append(lost, q.lose(q.waiting[0], "no room is left in the queue", now))
	}
	q.compact()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return lost, q.trouble()
}

// laneOf names what notices must be delivered in order of.
func laneOf(n alert.Notice) string {
	if n.Session != "" {
		return n.Session
	}
	return n.Warning
}

// list is what waits, oldest first.
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

// undelivered is what was given up, the latest last.
func (q *queue) undelivered() []Undelivered {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.lost)
}

// delivered forgets a message.
func (q *queue) delivered(m *message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remove(m)
	q.compact()
	return q.trouble()
}

// giveUp moves a message to the list of what could not be delivered; false when
// it has been there.
func (q *queue) giveUp(m *message, why string, now time.Time) (Undelivered, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !slices.Contains(q.waiting, m) {
		return Undelivered{}, false, nil
	}
	u := q.lose(m, why, now)
	q.compact()
	return u, true, q.trouble()
}

func (q *queue) lose(m *message, why string, now time.Time) Undelivered {
	u := Undelivered{Receiver: q.receiver, ID: m.ID, Kind: m.Kind, At: m.At, GivenUp: now.Round(0), Why: why}
	var e alert.Event
	if json.Unmarshal(m.Body, &e) == nil {
		u.Sentence = e.Data.Sentence
	}
	q.lost = append(q.lost, u)
	q.lost = q.lost[max(len(q.lost)-keepLost, 0):]
	q.append(entry{Lost: &u})
	q.remove(m)
	return u
}

func (q *queue) remove(m *message) {
	i := slices.Index(q.waiting, m)
	if i < 0 {
		return
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.bytes -= m.size
	q.append(entry{Gone: m.Number})
}

// append writes a line of the file.
func (q *queue) append(e entry) {
	if b, err := json.Marshal(e); err == nil { // never fails: bodies were marshalled before
		q.file.Append(b)
	}
}

// compact writes the file anew when much has been added since it last was: more
// than what waits, else nothing much would be gained.
func (q *queue) compact() {
	if q.file.Grown() > max(slackBytes, q.bytes) {
		q.rewrite()
	}
}

// rewrite writes the file anew. A message that was read twice is one.
func (q *queue) rewrite() {
	all, _ := json.Marshal(entry{Next: q.next}) // never fails
	all = append(all, '\n')
	line := func(e entry) int64 {
		b, err := json.Marshal(e)
		if err != nil {
			return 0
		}
		all = append(append(all, b...), '\n')
		return int64(len(b)) + 1
	}
	for i := range q.lost {
		line(entry{Lost: &q.lost[i]})
	}
	q.bytes = 0
	for _, m := range q.waiting {
		m.size = line(entry{Put: m})
		q.bytes += m.size
	}
	q.file.Rewrite(all)
}

// trouble says, once, what went wrong with the file.
func (q *queue) trouble() error {
	if err := q.file.Err(); err != nil {
		return fmt.Errorf("queue of %s: %w", q.receiver, err)
	}
	return nil
}

// close ends the writing of the file. What waits is there for the next run.
func (q *queue) close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.file.Close(false)
}
