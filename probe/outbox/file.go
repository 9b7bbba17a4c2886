package outbox

import (
	"encoding/json"
	"slices"

	"examlink/probe/journal"
	"examlink/probe/wire"
)

// maxLine exceeds the longest line: contents, their frame, a line break.
const maxLine = wire.MaxReport + 1024

// maxNumber exceeds the numbers in any file of ours.
const maxNumber = 1 << 62

// line is one line of the file: the owner, a report (which replaces an earlier
// one of its number), or the number of a removed report.
type line struct {
	Origin  string        `json:"origin,omitempty"`
	Of      string        `json:"of,omitempty"`
	Next    uint64        `json:"next,omitempty"` // first unused number
	Dropped *wire.Dropped `json:"dropped,omitempty"`
	Report  *wire.Report  `json:"report,omitempty"`
	Gone    uint64        `json:"gone,omitempty"`
}

// append writes a line and returns its size, even without a file.
func (q *Queue) append(l line) int64 {
	b, err := json.Marshal(l)
	if err != nil {
		return 0 // contents were marshalled before
	}
	return q.file.Append(b)
}

// load opens the file and loads its contents.
func (q *Queue) load(name string) error {
	reports := map[uint64]wire.Report{}
	var gone []uint64
	mine := false // set by the first line of a file if its owner is this outbox's
	take := func(b []byte) bool {
		var l line
		if json.Unmarshal(b, &l) != nil {
			return false // torn
		}
		if l.Origin != "" {
			if mine = l.Of == q.of && len(l.Origin) <= wire.MaxOrigin; mine {
				q.origin = l.Origin
				q.next = max(q.next, min(l.Next, maxNumber))
				if l.Dropped != nil {
					q.dropped = *l.Dropped
				}
			}
		}
		if !mine {
			return true
		}
		if r := l.Report; r != nil && r.Origin == q.origin && 0 < r.Number && r.Number < maxNumber && slices.Contains(wire.ReportKinds(), r.Kind) && len(r.Contents) <= wire.MaxReport {
			reports[r.Number] = *r
			q.next = max(q.next, r.Number+1)
		}
		if l.Gone != 0 {
			gone = append(gone, l.Gone)
		}
		return true
	}
	file, _, err := journal.Open(name, maxLine, take)
	if err != nil {
		return err
	}
	for _, n := range gone {
		delete(reports, n)
	}
	for _, r := range reports {
		q.items = append(q.items, item{report: r})
	}
	slices.SortFunc(q.items, func(a, b item) int { return int(int64(a.report.Number) - int64(b.report.Number)) })
	q.stats.LeftByAnEarlierRun = len(q.items)
	q.file = file
	q.rewrite()
	if err := q.file.Err(); err != nil {
		return err
	}
	if len(q.items) > 0 {
		q.wake <- struct{}{}
		q.bound(q.items[0].report.At) // the bound may be smaller than before
	}
	return nil
}

// compact rewrites the file when it has grown since the last rewrite by more
// than the queued reports and slackBytes, or by more than half the bound.
func (q *Queue) compact() {
	if grown := q.file.Grown(); grown > q.max/2 || grown > max(slackBytes, q.bytes) {
		q.rewrite()
	}
}

// rewrite rewrites the file. A report that was read twice is written once.
func (q *Queue) rewrite() {
	all, _ := json.Marshal(line{Origin: q.origin, Of: q.of, Next: q.next, Dropped: &q.dropped}) // never fails
	all = append(all, '\n')
	q.bytes = 0
	for i := range q.items {
		b, err := json.Marshal(line{Report: &q.items[i].report})
		if err != nil {
			continue // contents were marshalled before
		}
		all = append(append(all, b...), '\n')
		q.items[i].size = int64(len(b)) + 1
		q.bytes += q.items[i].size
	}
	q.file.Rewrite(all)
}
