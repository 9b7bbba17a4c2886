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
	slackBytes = 64 << 10  // a file grows by at least so much before it is rewritten
	keepLost   = 200       // undelivered notices that are listed
	maxLine    = 256 << 10 // bytes with the line's end; a longer line is neither written nor read
)

// message is one notice on its way to one receiver. Its body is the same in every
// attempt.
type message struct {
	Number uint64          `json:"number"`
	ID     string          `json:"id"`
	Lane   string          `json:"lane"` // messages of a lane are delivered in order
	Kind   alert.Kind      `json:"kind"`
	At     time.Time       `json:"at"`
	Body   json.RawMessage `json:"body"`

	size int64
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

// queue keeps the messages still to be delivered to one receiver, in memory and on
// disk, within a bound, and lists the latest that were given up. It is safe for
// concurrent use. It returns an error of its file once and goes on in memory.
type queue struct {
	receiver string
	max      int64
	wake     chan struct{}

	mu      sync.Mutex
	next    uint64
	waiting []*message // by number
	lost    []Undelivered
	bytes   int64            // of waiting
	file    *journal.Journal // nil: none
	skipped int              // lines of the file that could not be read
}

// entry is one line of the file: a message, the number of one that has left the
// queue, or a message that was given up.
type entry struct {
	Next uint64       `json:"next,omitempty"` // number of the next message
	Put  *message     `json:"put,omitempty"`
	Gone uint64       `json:"gone,omitempty"`
	Lost *Undelivered `json:"lost,omitempty"`
}

// openQueue opens the queue of an earlier run or a new one; without a file, "", it is
// in memory only.
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

// load reads the file. A line that occurs twice, since an earlier run ended while it
// rewrote the file, counts once.
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

// put adds a notice. To make room it gives up the oldest ones and returns them; so it
// does with a notice that is too long for a line.
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
	if len(line) >= maxLine { // it could not be read back
		return []Undelivered{q.lose(m, fmt.Sprintf("%d bytes, expected at most %d", len(line), maxLine-1), now)}, q.fileErr()
	}
	m.size = q.file.Append(line)
	q.waiting = append(q.waiting, m)
	q.bytes += m.size
	for q.bytes > q.max && len(q.waiting) > 1 {
		lost = append(lost, q.lose(q.waiting[0], "the queue is full", now))
	}
	q.compact()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return lost, q.fileErr()
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
	q.remove(m)
	q.compact()
	return q.fileErr()
}

// giveUp moves a message to the list of undelivered ones; false if it is not in the
// queue any more.
func (q *queue) giveUp(m *message, why string, now time.Time) (Undelivered, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !slices.Contains(q.waiting, m) {
		return Undelivered{}, false, nil
	}
	u := q.lose(m, why, now)
	q.compact()
	return u, true, q.fileErr()
}

// lose moves a message to the undelivered ones. Called locked.
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

// remove takes a message out of the queue, if it is in there. Called locked.
func (q *queue) remove(m *message) {
	i := slices.Index(q.waiting, m)
	if i < 0 {
		return
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.bytes -= m.size
	q.append(entry{Gone: m.Number})
}

// append adds a line to the file.
func (q *queue) append(e entry) {
	if b, err := json.Marshal(e); err == nil { // never fails: the body is valid JSON
		q.file.Append(b)
	}
}

// compact rewrites the file once more has been added than the messages in the queue
// take up; before that it would gain little.
func (q *queue) compact() {
	if q.file.Grown() > max(slackBytes, q.bytes) {
		q.rewrite()
	}
}

// rewrite writes the file with the present messages only.
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

// fileErr returns an error of the file, once.
func (q *queue) fileErr() error {
	if err := q.file.Err(); err != nil {
		return fmt.Errorf("queue of %s: %w", q.receiver, err)
	}
	return nil
}

// close closes the file. Its messages are there for the next run.
func (q *queue) close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.file.Close(false)
}
