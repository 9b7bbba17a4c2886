// Package outbox keeps what a student's program has to tell the server until
// the server has taken it: in memory and, where it is given a file, on disk, so
// that neither an outage nor the end of the program loses it.
//
// It is bounded: minutes go first, the oldest before the others, warnings last,
// and what went is counted and told as a report of its own. It refuses to know
// how reports are delivered.
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
	// DefaultBytes bounds an outbox that is given no bound: some days of
	// minutes.
	DefaultBytes = 4e6
	// LeastBytes is the least bound that makes sense.
	LeastBytes = 64 << 10
	// slackBytes are added to the file at least before it is written anew.
	slackBytes = 32 << 10
)

// Options says where an outbox is kept and how large it gets.
type Options struct {
	// File is its file, for one process alone; empty: memory only.
	File string
	// Of says whose reports they are. A file of somebody else's is begun anew.
	Of string
	// MaxBytes bounds memory and file, each; 0 is DefaultBytes.
	MaxBytes int64
}

// Stats counts what became of reports since the outbox was opened.
type Stats struct {
	Waiting            int // now, those an earlier run left included
	Bytes              int64
	Taken              uint64
	Refused            uint64 // for good
	DroppedMinutes     uint64 // for want of room
	DroppedWarnings    uint64
	LeftByAnEarlierRun int
}

// Queue is an outbox. It is safe for concurrent use. What goes wrong with its
// file is an error once; it goes on in memory.
type Queue struct {
	max  int64
	wake chan struct{}

	mu      sync.Mutex
	origin  string
	of      string
	next    uint64
	items   []item // by number
	bytes   int64
	dropped wire.Dropped
	stats   Stats
	name    string
	file    *journal.Journal // nil: there is none
}

type item struct {
	report wire.Report
	size   int64 // of its line
}

// Open makes an outbox and takes up what an earlier run left in its file. On an
// error the outbox works in memory alone.
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

// Put adds a report. Contents that are too large are cut down to nothing but
// the count of what was dropped.
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

// bound drops what there is no room for. At half the bound: the file holds
// lines that no longer count, too.
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

// victim is the oldest minute, or else the oldest warning.
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

// drop counts a report that is gone and sees to it that the count is told.
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

// Next returns the report to deliver next; false when there is none. It comes
// again until it is taken or refused.
func (q *Queue) Next() (wire.Report, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return wire.Report{}, false
	}
	return q.items[0].report, true
}

// Taken forgets a report that the server has, and all before it.
func (q *Queue) Taken(number uint64) { q.settle(number, &q.stats.Taken) }

// Refused forgets a report that the server does not want, and all before it.
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

// Wake is sent to when there is a report that was not there before.
func (q *Queue) Wake() <-chan struct{} { return q.wake }

// Stats says how things stand.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stats
	s.Waiting, s.Bytes = len(q.items), q.bytes
	return s
}

// Err says, once, what went wrong with the file.
func (q *Queue) Err() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.file.Err(); err != nil {
		return fmt.Errorf("outbox %s: %w", q.name, err)
	}
	return nil
}

// Close ends the writing of the file. What waits is there for the next run; a
// file in which nothing waits is removed.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.file.Close(len(q.items) == 0)
}
