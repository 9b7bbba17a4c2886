package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"examlink/probe/journal"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// Queue implements store.Queue in one file. After an error of the file it fails
// until it is opened again.
type Queue struct {
	receiver string
	skipped  int

	mu    sync.Mutex
	mem   *memory.Queue
	file  *journal.Journal
	sizes map[uint64]int64 // bytes of the lines of messages that wait
	bytes int64            // their sum
	err   error            // what ended the use of the file
}

// entry is one line of the file: a message, the number of one that has left the
// queue, or a message that was given up.
type entry struct {
	Next uint64             `json:"next,omitempty"` // number of the next message
	Put  *store.Message     `json:"put,omitempty"`
	Gone uint64             `json:"gone,omitempty"`
	Lost *store.Undelivered `json:"lost,omitempty"`
}

// OpenQueue opens the queue of an earlier run or a new one.
func OpenQueue(receiver, name string) (*Queue, error) {
	q := &Queue{receiver: receiver, mem: memory.NewQueue(receiver)}
	if err := q.load(name); err != nil {
		return nil, fmt.Errorf("queue of %s: %s: %w", receiver, name, errors.Join(err, q.file.Close(false)))
	}
	return q, nil
}

// Skipped is how many lines of the file could not be read.
func (q *Queue) Skipped() int { return q.skipped }

// load reads the file. A line that occurs twice, since an earlier run ended while it
// rewrote the file, counts once.
func (q *Queue) load(name string) (err error) {
	var c content
	q.file, q.skipped, err = journal.Open(name, maxLine, c.take)
	if err != nil {
		return err
	}
	q.mem.Restore(c.next, c.waiting(), c.undelivered())
	q.rewrite()
	return q.check()
}

// Put implements store.Queue.
func (q *Queue) Put(ctx context.Context, m store.Message) (uint64, error) {
	m, err := m.Clean()
	if err != nil {
		return 0, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	m.Number = q.mem.Next()
	b, err := json.Marshal(entry{Put: &m})
	if err != nil {
		return 0, fmt.Errorf("queue of %s: %w", q.receiver, err)
	}
	if len(b) >= maxLine { // it could not be read back
		return 0, fmt.Errorf("queue of %s: %d bytes, expected at most %d: %w", q.receiver, len(b), maxLine-1, store.ErrTooLarge)
	}
	if err := q.commit(ctx, b); err != nil {
		return 0, err
	}
	q.bytes += int64(len(b)) + 1
	q.sizes[m.Number] = int64(len(b)) + 1
	number, err := q.mem.Put(context.WithoutCancel(ctx), m)
	q.compact()
	return number, err
}

// Waiting implements store.Queue.
func (q *Queue) Waiting(ctx context.Context) ([]store.Message, error) { return q.mem.Waiting(ctx) }

// Undelivered implements store.Queue.
func (q *Queue) Undelivered(ctx context.Context) ([]store.Undelivered, error) {
	return q.mem.Undelivered(ctx)
}

// Delivered implements store.Queue.
func (q *Queue) Delivered(ctx context.Context, number uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, err := q.mem.Get(ctx, number); err != nil {
		return err
	}
	if err := q.commitEntries(ctx, entry{Gone: number}); err != nil {
		return err
	}
	err := q.mem.Delivered(context.WithoutCancel(ctx), number)
	q.left(number)
	return err
}

// GiveUp implements store.Queue.
func (q *Queue) GiveUp(ctx context.Context, number uint64, r store.Reason) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	m, err := q.mem.Get(ctx, number)
	if err != nil {
		return err
	}
	u := m.GiveUp(q.receiver, r)
	if err := q.commitEntries(ctx, entry{Lost: &u}, entry{Gone: number}); err != nil {
		return err
	}
	err = q.mem.GiveUp(context.WithoutCancel(ctx), number, r)
	q.left(number)
	return err
}

// left takes that a message has left the queue.
func (q *Queue) left(number uint64) {
	q.bytes -= q.sizes[number]
	delete(q.sizes, number)
	q.compact()
}

// commitEntries writes entries in one write.
func (q *Queue) commitEntries(ctx context.Context, list ...entry) error {
	var lines []byte
	for i, e := range list {
		b, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("queue of %s: %w", q.receiver, err)
		}
		if i > 0 {
			lines = append(lines, '\n')
		}
		lines = append(lines, b...)
	}
	return q.commit(ctx, lines)
}

// commit writes lines.
func (q *Queue) commit(ctx context.Context, lines []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if q.err != nil {
		return q.err
	}
	q.file.Append(lines)
	return q.check()
}

// compact rewrites the file once more has been added than the messages in the queue
// take up; before that it would gain little. A failure is the error of the next
// change: this one is committed.
func (q *Queue) compact() {
	if q.file.Grown() > max(slackBytes, q.bytes) {
		q.rewrite()
		_ = q.check()
	}
}

// rewrite writes the file with the present messages only.
func (q *Queue) rewrite() {
	ctx := context.Background()
	waiting, _ := q.mem.Waiting(ctx)  // fails only when it is closed
	lost, _ := q.mem.Undelivered(ctx) // as well
	var all []byte
	add := func(e entry) int64 {
		b, _ := json.Marshal(e) // never fails: the body is valid JSON
		all = append(append(all, b...), '\n')
		return int64(len(b)) + 1
	}
	add(entry{Next: q.mem.Next()})
	for i := range lost {
		add(entry{Lost: &lost[i]})
	}
	q.sizes, q.bytes = map[uint64]int64{}, 0
	for i := range waiting {
		n := add(entry{Put: &waiting[i]})
		q.sizes[waiting[i].Number] = n
		q.bytes += n
	}
	q.file.Rewrite(all)
}

// check keeps an error of the file.
func (q *Queue) check() error {
	if err := q.file.Err(); err != nil && q.err == nil {
		q.err = fmt.Errorf("queue of %s: %w", q.receiver, err)
	}
	return q.err
}

// Close implements store.Queue.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = store.ErrClosed
	return errors.Join(q.mem.Close(), q.file.Close(false))
}
