package store

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"time"
)

// Hash is that of a line of a record. It encodes as hexadecimal digits.
type Hash [32]byte

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("%d digits, expected %d", len(b), hex.EncodedLen(len(h)))
	}
	_, err := hex.Decode(h[:], b)
	return err
}

// RecordHead is how far the record of a session has come. Since each line's hash
// covers the line before, it vouches for all lines up to its own.
type RecordHead struct {
	Session string    `json:"session"`
	Exam    string    `json:"exam"`
	Student string    `json:"student"`
	Record  Hash      `json:"record"` // hash of the first line, which identifies the record
	Line    uint64    `json:"line"`   // the first one is 1; below 2^63
	Hash    Hash      `json:"hash"`   // of that line
	At      time.Time `json:"at"`     // by the server's clock
}

// Clean checks a head and returns it as it is stored. The error is ErrInvalid.
func (h RecordHead) Clean() (RecordHead, error) {
	h.At = Instant(h.At)
	err := cmp.Or(
		checkIDs(text{"session", h.Session}, text{"exam", h.Exam}, text{"student", h.Student}),
		checkTime("time", h.At),
	)
	if err == nil && (h.Line == 0 || h.Line >= 1<<63) {
		err = fmt.Errorf("line %d, expected 1 to 2^63-1: %w", h.Line, ErrInvalid)
	}
	if err != nil {
		return RecordHead{}, fmt.Errorf("record: %w", err)
	}
	return h, nil
}

// Follows says whether a head may come after the latest one of its session. Another
// is true when it adds nothing: the latest was reported again. The error is
// ErrConflict.
func (h RecordHead) Follows(latest RecordHead) (again bool, err error) {
	switch {
	case h.Exam != latest.Exam || h.Student != latest.Student:
		return false, fmt.Errorf("record of session %s: another exam or student: %w", h.Session, ErrConflict)
	case h.Record != latest.Record:
		return false, fmt.Errorf("record of session %s: another record: %w", h.Session, ErrConflict)
	case h.Line == latest.Line && h.Hash == latest.Hash:
		return true, nil
	case h.Line <= latest.Line:
		return false, fmt.Errorf("record of session %s: line %d after line %d: %w", h.Session, h.Line, latest.Line, ErrConflict)
	}
	return false, nil
}

// Records keeps the latest head of each session's record.
type Records interface {
	// Append takes a head that is further than the latest one; the latest one again
	// changes nothing. Errors: ErrInvalid; ErrConflict for a line that is not
	// further, or another record, exam or student.
	Append(ctx context.Context, h RecordHead) error
	// Head returns the latest head of a session. Errors: ErrNotFound.
	Head(ctx context.Context, session string) (RecordHead, error)
	// List returns the latest heads of an exam by session.
	List(ctx context.Context, exam string, p Page) ([]RecordHead, error)
	// Erase removes all heads of a student for good. It is no error when there are
	// none.
	Erase(ctx context.Context, exam, student string) error
}
