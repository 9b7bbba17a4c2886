package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Hash is a SHA-256, written in hex.
type Hash [sha256.Size]byte

// String returns the hash in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("a hash of %d characters, expected %d in hex", len(b), hex.EncodedLen(len(h)))
	}
	_, err := hex.Decode(h[:], b)
	return err
}

// Head is the end of a chain: the number and hash of its last line. The zero
// value is the empty chain.
type Head struct {
	Seq  uint64 `json:"seq"`
	Hash Hash   `json:"hash"`
}

// next returns the head after one more line, passed without its line feed.
func (h Head) next(line []byte) Head { return Head{Seq: h.Seq + 1, Hash: sha256.Sum256(line)} }

// BreakKind is the way in which a line breaks the chain.
type BreakKind string

// The ways.
const (
	Unreadable BreakKind = "unreadable"   // no line of a record
	Missing    BreakKind = "missing"      // lines before it are not there
	Misplaced  BreakKind = "misplaced"    // it is there twice, or in the wrong place
	Changed    BreakKind = "line-changed" // the line before it was changed, or it was
)

// LineError is the error in one line.
type LineError struct {
	Kind    BreakKind `json:"-"`
	File    string    `json:"file,omitempty"`
	Line    int       `json:"line"` // from 1
	Problem string    `json:"problem"`
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem) }

// Chain is the result of reading a record to its end.
type Chain struct {
	Lines  int        `json:"lines"` // lines read, without a torn one
	Bytes  int64      `json:"bytes"` // of those lines
	Head   Head       `json:"head"`
	Ended  bool       `json:"ended"`           // only countersignatures follow the last end: the record was closed properly
	Torn   int64      `json:"torn,omitempty"`  // bytes after the last whole line
	Breaks int        `json:"breaks"`          // lines that break the chain
	Break  *LineError `json:"break,omitempty"` // the first break
}

// Whole reports whether all lines are present and unchanged.
func (c Chain) Whole() bool { return c.Breaks == 0 && c.Lines > 0 }

// Verify reads a record to its end and checks its chain. The error covers
// reading only.
func Verify(r io.Reader, name string) (Chain, error) {
	in := NewReader(r, name)
	for {
		var bad *LineError
		switch _, err := in.Next(); {
		case errors.Is(err, io.EOF):
			return in.Chain(), nil
		case err != nil && !errors.As(err, &bad):
			return in.Chain(), err
		}
	}
}
