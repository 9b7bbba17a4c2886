package record

import (
	"fmt"
	"io"
	"os"
	"time"

	"examlink/probe/lockfile"
)

// ErrInUse means that another process is writing the record.
var ErrInUse = lockfile.ErrInUse

// Open creates a record, or continues the existing one of the same exam, at
// now. It first repairs what a killed client left: it removes a torn last line
// and writes the pending minute and the gap until now. A record of another
// exam, or one that is not whole, is left untouched and is an error.
func Open(name string, s Start, now time.Time, o Options) (_ *Writer, err error) {
	w, err := newWriter(name, o)
	if err != nil {
		return nil, err
	}
	f, err := lockfile.Open(name)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", name, err)
	}
	w.f = f
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	if info, err := f.Stat(); err != nil {
		return nil, fmt.Errorf("record %s: %w", name, err)
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("record %s: %v, expected a regular file", name, info.Mode().Type())
	}
	var pending *Pending
	if p, ok := loadPending(name); ok {
		pending = &p
	}
	was, err := pass(f, name, pending, func(Line) {}, func(*LineError) {})
	if err != nil {
		return nil, err
	}
	if was.chain.Break != nil {
		return nil, was.chain.Break
	}
	if was.start != nil && was.start.Exam != s.Exam {
		return nil, fmt.Errorf("%s:1: a record of exam %q, expected %q", name, was.start.Exam, s.Exam)
	}
	if was.start != nil && was.start.Student != "" && was.start.Student != s.Student {
		return nil, fmt.Errorf("%s:1: a record of another student", name)
	}
	w.head, w.size, w.full = was.chain.Head, was.chain.Bytes, was.full
	w.first, w.news, w.signed = was.first, was.news, was.signed
	if was.chain.Torn > 0 {
		if err := w.f.Truncate(w.size); err != nil {
			return nil, fmt.Errorf("record %s: after line %d: %w", name, was.chain.Lines, err)
		}
	}
	if w.live, err = openLive(name + LiveSuffix); err != nil {
		return nil, fmt.Errorf("record %s: %w", name, err)
	}
	w.sync = newSyncer(f, w.live.f)
	s.Schema = Schema
	if err := w.begin(was, pending, s, now); err != nil {
		_ = w.Close()
		return nil, err
	}
	return w, nil
}

// newWriter returns a writer that has no storage yet.
func newWriter(name string, o Options) (*Writer, error) {
	w := &Writer{name: name, max: o.MaxBytes}
	if w.max == 0 {
		w.max = defaultBytes
	}
	if w.max < leastBytes {
		return nil, fmt.Errorf("record %s: a bound of %d bytes, expected %d or more", name, w.max, leastBytes)
	}
	w.reserve = min(w.max/reserveShare, reserveMost)
	return w, nil
}

// begin writes this client's first lines: the leftovers of the previous client,
// then the start.
func (w *Writer) begin(was scan, pending *Pending, s Start, now time.Time) error {
	var out []Entry
	if was.chain.Torn > 0 && was.chain.Lines > 0 {
		out = append(out, Note{About: "torn", Words: fmt.Sprintf("the last line was torn: its %d bytes were taken away", was.chain.Torn)})
	}
	if was.chain.Lines > 0 {
		out = append(out, was.leftovers(pending, now)...)
	}
	for _, e := range out {
		if err := w.Append(now, e); err != nil {
			return err
		}
	}
	if err := w.write(now, s); err != nil {
		return fmt.Errorf("record %s, bounded at %d bytes: %w", w.name, w.max, err)
	}
	w.due(now)
	return nil
}

// leftovers returns the lines that the previous client could not write.
func (s scan) leftovers(pending *Pending, now time.Time) (out []Entry) {
	gap := Gap{From: s.last.T, To: At(now), Cause: ClientStopped, Words: "the client was killed or crashed"}
	if s.chain.Ended {
		gap.Words = "the client was stopped and started again"
	}
	minute, alive := s.keeps(pending)
	if minute {
		m := *pending.Minute
		m.Folded = true
		out = append(out, m)
	}
	if alive {
		if pending.T.After(gap.From.Time) {
			gap.From = pending.T
		}
		if g := pending.Gap; g != nil && s.news <= pending.After.Seq {
			g.To = gap.From
			out = append(out, *g)
		}
	}
	if gap.From.After(gap.To.Time) {
		gap.From = gap.To
		gap.Words += "; the clock was set back meanwhile"
	}
	return append(out, gap)
}

// Record is a whole record in memory.
type Record struct {
	Name  string
	Lines []Line       // readable lines, in order
	Bad   []*LineError // the first few unreadable lines
	Chain Chain
	// Pending is not written as a line yet: the client is running, or was killed.
	// Its Minute is nil once that has become a line.
	Pending *Pending
}

const badMost = 20

// Load reads a record. Lines that do not fit are listed in the result; an error
// means that the file is unreadable or not a record.
func Load(name string) (*Record, error) {
	pending, ok := loadPending(name) // read before the record, so that it is not newer
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	defer f.Close()
	out := &Record{Name: name}
	p := &pending
	if !ok {
		p = nil
	}
	s, err := pass(f, name, p, func(l Line) { out.Lines = append(out.Lines, l) }, func(e *LineError) {
		if len(out.Bad) < badMost {
			out.Bad = append(out.Bad, e)
		}
	})
	out.Chain = s.chain
	switch {
	case err != nil:
		return nil, err
	case s.start == nil && len(out.Bad) > 0:
		return nil, out.Bad[0]
	case s.start == nil:
		return nil, fmt.Errorf("%s:1: %w, expected a record's first line", name, io.ErrUnexpectedEOF)
	}
	if minute, alive := s.keeps(p); alive {
		if !minute {
			p.Minute = nil
		}
		out.Pending = p
	}
	return out, nil
}
