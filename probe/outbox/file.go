package outbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"examlink/probe/lockfile"
	"examlink/probe/wire"
)

// spareSuffix is the name of the copy that is kept while a file is written anew.
const spareSuffix = ".new"

// maxLine is more than a line can have: contents, their frame, a line break.
const maxLine = wire.MaxReport + 1024

// maxNumber is a number that no file of ours reaches.
const maxNumber = 1 << 62

// line is one line of the file: who it belongs to, a report (in place of an
// earlier one of its number), or the number of one that is gone. It is written
// with one write, unbuffered, so that it outlives the process.
type line struct {
	Origin  string        `json:"origin,omitempty"`
	Of      string        `json:"of,omitempty"`
	Next    uint64        `json:"next,omitempty"` // first number not used yet
	Dropped *wire.Dropped `json:"dropped,omitempty"`
	Report  *wire.Report  `json:"report,omitempty"`
	Gone    uint64        `json:"gone,omitempty"`
}

// append writes a line and returns its size, also where there is no file.
func (q *Queue) append(l line) int64 {
	b, err := json.Marshal(l)
	if err != nil {
		return 0 // contents were marshalled before
	}
	b = append(b, '\n')
	if q.file != nil {
		n, err := q.file.Write(b)
		q.written += int64(n)
		q.fail(err)
	}
	return int64(len(b))
}

// fail gives the file up.
func (q *Queue) fail(err error) {
	if err == nil || q.file == nil {
		return
	}
	q.err = fmt.Errorf("outbox %s: %w; what cannot be delivered is kept in memory alone", q.name, err)
	_ = q.file.Close()
	q.file = nil
}

// load opens the file and takes up what is in it.
func (q *Queue) load(name string) error {
	f, err := lockfile.Open(name)
	if err != nil {
		return err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return errors.Join(err, errors.New("expected a regular file"))
	}
	reports := map[uint64]wire.Report{}
	var gone []uint64
	read := func(r io.Reader) {
		mine := false
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			var l line
			if json.Unmarshal(lines.Bytes(), &l) != nil {
				continue // torn
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
				continue
			}
			if r := l.Report; r != nil && r.Origin == q.origin && 0 < r.Number && r.Number < maxNumber && slices.Contains(wire.ReportKinds(), r.Kind) && len(r.Contents) <= wire.MaxReport {
				reports[r.Number] = *r
				q.next = max(q.next, r.Number+1)
			}
			if l.Gone != 0 {
				gone = append(gone, l.Gone)
			}
		}
	}
	if spare, err := os.Open(name + spareSuffix); err == nil { // we did not get to the end of rewrite
		read(spare)
		_ = spare.Close()
	} else if !errors.Is(err, fs.ErrNotExist) {
		_ = f.Close()
		return err
	}
	read(f)
	for _, n := range gone {
		delete(reports, n)
	}
	for _, r := range reports {
		q.items = append(q.items, item{report: r})
	}
	slices.SortFunc(q.items, func(a, b item) int { return int(int64(a.report.Number) - int64(b.report.Number)) })
	q.stats.LeftByAnEarlierRun = len(q.items)
	q.file, q.name = f, name
	q.rewrite()
	if err := q.err; err != nil {
		q.told = true
		return err
	}
	if len(q.items) > 0 {
		q.wake <- struct{}{}
		q.bound(q.items[0].report.At) // the bound may be smaller now
	}
	return nil
}

// compact writes the file anew when much of it no longer counts.
func (q *Queue) compact() {
	if slack := q.written - q.bytes; q.file != nil && (slack > q.max/2 || slack > slackBytes && slack > q.bytes) {
		q.rewrite()
	}
}

// rewrite writes the file anew: first a copy beside it, so that nothing is lost
// if the process ends meanwhile. A report that was read from both is one.
func (q *Queue) rewrite() {
	lines := []line{{Origin: q.origin, Of: q.of, Next: q.next, Dropped: &q.dropped}}
	for i := range q.items {
		lines = append(lines, line{Report: &q.items[i].report})
	}
	var all []byte
	q.bytes = 0
	for i, l := range lines {
		b, err := json.Marshal(l)
		if err != nil {
			continue
		}
		b = append(b, '\n')
		all = append(all, b...)
		if i > 0 {
			q.items[i-1].size = int64(len(b))
			q.bytes += int64(len(b))
		}
	}
	spare := q.name + spareSuffix
	err := os.WriteFile(spare, all, 0o600)
	if err == nil {
		err = q.file.Truncate(0)
	}
	if err == nil {
		_, err = q.file.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = q.file.Write(all)
	}
	if err == nil {
		err = os.Remove(spare)
	}
	q.written = int64(len(all))
	q.fail(err)
}
