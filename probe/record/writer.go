package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"examlink/probe/warning"
)

// Chosen by us.
const (
	defaultBytes = 64e6
	leastBytes   = 64 << 10
	// reserveShare: this fraction of the bound, at most reserveMost, is reserved
	// for lines more important than minutes, floor tests and countersignatures.
	reserveShare = 4
	reserveMost  = 1 << 20
	endRoom      = 4 << 10 // of the reserve, for the end line and its countersignature
	syncEvery    = time.Second
	wordsMost    = 1000 // bytes of text in one line
)

// Options bounds a record.
type Options struct {
	// MaxBytes bounds the file; 0 means 64 MB, some weeks. Near the bound, minutes,
	// floor tests and countersignatures are left out; other lines continue for a while.
	MaxBytes int64
}

// storage is what a record is written to.
type storage interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// Writer writes a record. Append passes each line to the system before it
// returns, so that the line outlives the process; a goroutine flushes the file
// to disk at most once a second and at Close. It is not safe for concurrent
// use.
type Writer struct {
	name string
	f    storage
	live *live   // nil: there is no live file
	sync *syncer // nil: nothing is flushed

	head    Head
	first   Hash   // of the first line
	news    uint64 // the last line that is no countersignature
	signed  uint64 // the last line that was countersigned
	size    int64
	max     int64
	reserve int64
	full    bool   // the note has been written
	leftOut uint64 // lines omitted for lack of room

	failed uint64 // lines not written since the last success
	broken error  // the file cannot be repaired

	ended    bool // only countersignatures follow the last end
	dirty    bool
	lastSync time.Time
}

// Append writes one line at t. If there is no room, it writes nothing and the
// record notes that. After an error the next call tries again, and the record
// notes how many lines are missing.
func (w *Writer) Append(t time.Time, e Entry) error {
	if w.broken != nil {
		return w.broken
	}
	if w.failed > 0 {
		err := w.write(t, Note{About: "unwritten", Words: fmt.Sprintf("lines that could not be written: %d", w.failed)})
		switch {
		case errors.Is(err, errFull):
			w.leftOut += w.failed
		case err != nil:
			w.failed++
			return err
		}
		w.failed = 0
	}
	if end, ok := e.(End); ok {
		end.LeftOut = w.leftOut
		e = end
	}
	err := w.write(t, e)
	if errors.Is(err, errFull) {
		w.leftOut++
		if !w.full {
			w.full = true
			return w.write(t, Note{About: "full", Words: fmt.Sprintf(
				"the record has reached its bound of %d bytes: minutes, floor tests and countersignatures are left out from here on", w.max)})
		}
		return nil
	}
	if err != nil {
		w.failed++
	}
	w.due(t)
	return err
}

// errFull means that there is no room for a line of its type.
var errFull = errors.New("no room left")

// room returns the maximum file size after a line of a type.
func (w *Writer) room(t Type) int64 {
	switch {
	case t == TypeEnd, t == TypeCountersignature && w.ended:
		return w.max
	case t == TypeMinute, t == TypeFloor, t == TypeCountersignature:
		return w.max - w.reserve
	default:
		return w.max - endRoom
	}
}

func (w *Writer) write(t time.Time, e Entry) error {
	l := Line{T: At(t), Seq: w.head.Seq + 1, Prev: w.head.Hash}
	e.put(&l)
	l.clip()
	line, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("record %s: line %d: %w", w.name, l.Seq, err)
	}
	if len(line) >= MaxLine {
		return fmt.Errorf("record %s: line %d: %d bytes, expected fewer than %d", w.name, l.Seq, len(line), MaxLine)
	}
	head := w.head.next(line)
	line = append(line, '\n')
	if w.size+int64(len(line)) > w.room(l.Type) {
		return errFull
	}
	n, err := w.f.WriteAt(line, w.size)
	if err != nil {
		if n > 0 {
			if cut := w.f.Truncate(w.size); cut != nil {
				w.broken = fmt.Errorf("record %s: line %d is torn: %w", w.name, l.Seq, cut)
			}
		}
		return fmt.Errorf("record %s: line %d: %w", w.name, l.Seq, err)
	}
	w.head, w.size, w.dirty = head, w.size+int64(n), true
	if l.Seq == 1 {
		w.first = head.Hash
	}
	if c := l.Countersignature; c != nil {
		w.signed = max(w.signed, c.Line)
		return nil
	}
	w.news, w.ended = l.Seq, l.Type == TypeEnd
	return nil
}

// clip truncates text from outside.
func (l *Line) clip() {
	cut := func(s *string) {
		if len(*s) > wordsMost {
			*s = (*s)[:wordsMost] + "..."
		}
	}
	switch {
	case l.Session != nil:
		cut(&l.Session.Words)
	case l.Gap != nil:
		cut(&l.Gap.Words)
	case l.Floor != nil:
		cut(&l.Floor.Why)
	case l.Warning != nil:
		cut(&l.Warning.Evidence)
		if c := string(l.Warning.Cause); len(c) > wordsMost {
			cut(&c)
			l.Warning.Cause = warning.Cause(c)
		}
	case l.Note != nil:
		cut(&l.Note.Words)
	case l.End != nil:
		cut(&l.End.Words)
	}
}

// Live stores, in the live file, what is not a line yet: the current minute and
// an open gap; either may be nil. It is called once a second, which bounds what
// a killed client loses, and dates the last sign of life for the next start.
func (w *Writer) Live(t time.Time, m *Minute, g *Gap) error {
	if w.live == nil {
		return nil
	}
	err := w.live.write(Pending{T: At(t), After: w.head, Minute: m, Gap: g})
	w.due(t)
	return err
}

// Head returns the head of the chain.
func (w *Writer) Head() Head { return w.head }

// Unsigned returns the head and the hash of the first line; false if every line but
// countersignatures has been countersigned.
func (w *Writer) Unsigned() (first Hash, head Head, ok bool) {
	return w.first, w.head, w.news > w.signed
}

// due flushes the file to disk at most once a second.
func (w *Writer) due(t time.Time) {
	if since := t.Sub(w.lastSync); w.sync != nil && w.dirty && (since >= syncEvery || since < 0) { // negative: the clock was set
		w.dirty, w.lastSync = false, t
		w.sync.ask()
	}
}

// Close flushes everything to disk. Without a preceding End the record reads as
// that of a killed client.
func (w *Writer) Close() error {
	if w.sync != nil {
		w.sync.end()
	}
	err := errors.Join(w.f.Sync(), w.f.Close())
	if w.live != nil {
		err = errors.Join(err, w.live.close(w.ended))
	}
	if err != nil {
		return fmt.Errorf("record %s: %w", w.name, err)
	}
	return nil
}
