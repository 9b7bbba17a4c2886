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

// String gives the hash in hex.
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

// Head is where a chain ends: the number and hash of its last line. The zero
// value is the chain without a line.
type Head struct {
	Seq  uint64 `json:"seq"`
	Hash Hash   `json:"hash"`
}

// next is the head after one more line, given without its line feed.
func (h Head) next(line []byte) Head { return Head{Seq: h.Seq + 1, Hash: sha256.Sum256(line)} }

// LineError is what is wrong with one line.
type LineError struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line"` // from 1
	Problem string `json:"problem"`
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem) }

// Chain is what reading a record to its end has shown of it.
type Chain struct {
	Lines  int        `json:"lines"` // that were read, without a torn one
	Bytes  int64      `json:"bytes"` // of those lines
	Head   Head       `json:"head"`
	Ended  bool       `json:"ended"`           // the last line is an end: it was closed in good order
	Torn   int64      `json:"torn,omitempty"`  // bytes after the last whole line
	Breaks int        `json:"breaks"`          // lines that do not fit
	Break  *LineError `json:"break,omitempty"` // the first of them
}

// Whole says whether every line is there and as it was written.
func (c Chain) Whole() bool { return c.Breaks == 0 && c.Lines > 0 }

// Verify reads a record to its end and says whether it is whole. The error is
// about reading alone.
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
