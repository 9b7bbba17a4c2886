// Package outbox queues a student program's reports until the server has
// accepted them: in memory and, if it is given a file, on disk, so that neither
// an outage nor the end of the program loses them.
//
// It is bounded: it drops the oldest minutes first and warnings last, and
// counts what it dropped in a report of its own. It does not know how reports
// are delivered.
package outbox

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"examlink/probe/journal"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// DefaultBytes is the default bound: some days of minutes.
	DefaultBytes = 4e6
	// LeastBytes is the smallest useful bound.
	LeastBytes = 64 << 10
	// slackBytes is the least growth of the file before it is rewritten.
	slackBytes = 32 << 10
)

// Options configures an outbox.
type Options struct {
	// File is the outbox's file, used by one process only; empty: memory only.
	File string
	// Of identifies the owner of the reports. The file of another owner is
	// discarded.
	Of string
	// MaxBytes bounds memory and file, each; 0 is DefaultBytes.
	MaxBytes int64
}

// Stats counts reports since the outbox was opened.
type Stats struct {
	Waiting            int // currently queued, including those of an earlier run
	Bytes              int64
	Taken              uint64
	Refused            uint64 // permanently
	DroppedMinutes     uint64 // for lack of room
	DroppedWarnings    uint64
	LeftByAnEarlierRun int
}

// Queue is an outbox. It is safe for concurrent use. A file error is reported
// once by Err; the queue continues in memory.
type Queue struct {
	max  int64
	wake chan struct{}

	mu      sync.Mutex
	origin  string
	of      string
	next    uint64
	items   []item // ordered by number
	bytes   int64
	dropped wire.Dropped
	stats   Stats
	name    string
	file    *journal.Journal // nil: there is none
}

type item struct {
	report wire.Report
	size   int64 // of its line in the file
}

// Open makes an outbox and loads the reports that an earlier run left in its
// file. On an error the outbox still works, in memory only.
func Open(o Options) (*Queue, error) {
	q := &Queue{max: o.MaxBytes, of: o.Of, origin: rand.Text(), next: 1, wake: make(chan struct{}, 1)}
	if q.max == 0 {
		q.max = DefaultBytes
	}
	if q.max < LeastBytes {
		return q, fmt.Errorf("outbox: a bound of %d bytes, expected %d or more", q.max, int64(LeastBytes))
	}
	if o.File == "" {
		return q, nil
	}
	q.name = o.File
	if err := q.load(o.File); err != nil {
		return q, fmt.Errorf("outbox %s: %w", o.File, err)
	}
	return q, nil
}

// Put adds a report. Contents that are too large are dropped and counted.
func (q *Queue) Put(kind wire.ReportKind, at time.Time, contents any) {
	body, err := json.Marshal(contents)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil || len(body) > wire.MaxReport {
		q.drop(kind, at)
		return
	}
	q.put(kind, at, body)
	q.bound(at)
	q.compact()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *Queue) put(kind wire.ReportKind, at time.Time, body []byte) {
	r := wire.Report{Origin: q.origin, Number: q.next, At: at.Round(0), Kind: kind, Contents: body}
	q.next++
	n := q.append(line{Report: &r})
	q.items = append(q.items, item{r, n})
	q.bytes += n
}

// bound drops reports until the queue takes half the bound, because the file
// also holds obsolete lines.
func (q *Queue) bound(at time.Time) {
	for q.bytes > q.max/2 {
		i := q.victim()
		if i < 0 {
			return
		}
		it := q.items[i]
		q.remove(i)
		q.drop(it.report.Kind, at)
	}
}

// victim returns the oldest minute, or else the oldest warning.
func (q *Queue) victim() int {
	for _, kind := range []wire.ReportKind{wire.ReportMinute, wire.ReportWarning} {
		for i, it := range q.items {
			if it.report.Kind == kind {
				return i
			}
		}
	}
	return -1
}

func (q *Queue) remove(i int) {
	q.bytes -= q.items[i].size
	q.append(line{Gone: q.items[i].report.Number})
	q.items = append(q.items[:i], q.items[i+1:]...)
}

// drop counts a dropped report and queues the new count.
func (q *Queue) drop(kind wire.ReportKind, at time.Time) {
	if kind == wire.ReportWarning {
		q.dropped.Warnings++
		q.stats.DroppedWarnings++
	} else {
		q.dropped.Minutes++
		q.stats.DroppedMinutes++
	}
	body, _ := json.Marshal(q.dropped) // never fails
	for i := range q.items {
		it := &q.items[i]
		if it.report.Kind != wire.ReportDropped {
			continue
		}
		it.report.Contents, it.report.At = body, at.Round(0)
		q.bytes -= it.size
		it.size = q.append(line{Report: &it.report})
		q.bytes += it.size
		return
	}
	q.put(wire.ReportDropped, at, body)
}

// Next returns the next report to deliver; false if there is none. It returns
// the same report until that is taken or refused.
func (q *Queue) Next() (wire.Report, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return wire.Report{}, false
	}
	return q.items[0].report, true
}

// Taken removes a report that the server accepted, and all before it.
func (q *Queue) Taken(number uint64) { q.settle(number, &q.stats.Taken) }

// Refused removes a report that the server refused, and all before it.
func (q *Queue) Refused(number uint64) { q.settle(number, &q.stats.Refused) }

func (q *Queue) settle(number uint64, count *uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) > 0 && q.items[0].report.Number <= number {
		q.remove(0)
		*count++
	}
	q.compact()
}

// Wake returns a channel that receives a value when a report is added.
func (q *Queue) Wake() <-chan struct{} { return q.wake }

// Stats returns the current counts.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stats
	s.Waiting, s.Bytes = len(q.items), q.bytes
	return s
}

// Err returns a file error once.
func (q *Queue) Err() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.file.Err(); err != nil {
		return fmt.Errorf("outbox %s: %w", q.name, err)
	}
	return nil
}

// Close closes the file. Queued reports stay in it for the next run; a file
// without queued reports is removed.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.file.Close(len(q.items) == 0)
}
