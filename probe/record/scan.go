package record

import (
	"errors"
	"io"
)

// scan holds what a pass through a record collects, to continue the record or
// to interpret its live file.
type scan struct {
	chain  Chain
	start  *Start // the first
	last   Line
	first  Hash   // of the first line
	news   uint64 // the last line that is no countersignature
	signed uint64 // the last line that was countersigned
	full   bool   // a note marks the record as full
	minute uint64
	knows  bool // the line that precedes pending is in the record
}

// pass reads a record to its end, calling each with every readable line and bad
// with every unreadable one.
func pass(r io.Reader, name string, pending *Pending, each func(Line), bad func(*LineError)) (scan, error) {
	var s scan
	in := NewReader(r, name)
	for {
		l, err := in.Next()
		var wrong *LineError
		switch {
		case errors.Is(err, io.EOF):
			s.chain, s.first = in.Chain(), in.First()
			return s, nil
		case errors.As(err, &wrong):
			bad(wrong)
			continue
		case err != nil:
			s.chain = in.Chain()
			return s, err
		}
		s.last = l
		if l.Type != TypeCountersignature {
			s.news = l.Seq
		}
		s.knows = s.knows || pending != nil && in.Chain().Head == pending.After
		switch l.Type {
		case TypeStart:
			if s.start == nil {
				s.start = l.Start
			}
		case TypeMinute:
			s.minute = l.Seq
		case TypeCountersignature:
			s.signed = max(s.signed, l.Countersignature.Line)
		case TypeNote:
			s.full = s.full || l.Note.About == "full"
		}
		each(l)
	}
}

// keeps reports which parts of pending still apply to this record: it must have
// been written by the client that wrote the record's last lines, and minute
// must not have become a line since.
func (s scan) keeps(p *Pending) (minute, alive bool) {
	alive = p != nil && s.knows && !s.chain.Ended
	return alive && p.Minute != nil && s.minute <= p.After.Seq, alive
}
