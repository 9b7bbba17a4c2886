package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxLine bounds a line, in bytes with its line feed. Lines we write are far
// shorter.
const MaxLine = 64 << 10

// Reader reads a record line by line, in constant memory, and verifies its
// chain. It is not safe for concurrent use.
type Reader struct {
	name   string
	b      *bufio.Reader
	number int // of the last line read
	chain  Chain
	first  Hash // of the first line
}

// NewReader makes a reader; name identifies the record in errors.
func NewReader(r io.Reader, name string) *Reader {
	return &Reader{name: name, b: bufio.NewReaderSize(r, MaxLine)}
}

// First returns the hash of the first line, which identifies the record; zero before
// that was read.
func (r *Reader) First() Hash { return r.first }

// Chain returns the result so far.
func (r *Reader) Chain() Chain { return r.chain }

// Next returns the next line; io.EOF at the end. A *LineError is an unreadable
// line: the next call continues after it. A readable line that does not fit the
// chain is returned and counted in Chain. Data after the last line feed is a
// torn line: it is counted in Chain.Torn, and is not an error.
func (r *Reader) Next() (Line, error) {
	raw, err := r.raw()
	if err != nil {
		return Line{}, err
	}
	var l Line
	var problem string
	if err := json.Unmarshal(raw, &l); err != nil {
		problem = fmt.Sprintf("%v, expected a line of JSON", err)
	} else {
		problem = l.check()
	}
	if problem == "" && r.number == 1 && l.Type != TypeStart {
		problem = fmt.Sprintf("a line of type %q, expected a record to begin with %q", l.Type, TypeStart)
	}
	if problem == "" && l.Start != nil && l.Start.Schema != Schema {
		problem = fmt.Sprintf("schema %q, expected %q", l.Start.Schema, Schema)
	}
	if problem != "" {
		r.chain.Ended = false
		r.chain.Head = r.chain.Head.next(raw)
		return Line{}, r.broken(Unreadable, problem)
	}
	r.link(l)
	r.chain.Head = Head{Seq: l.Seq - 1}.next(raw)
	if r.number == 1 {
		r.first = r.chain.Head.Hash
	}
	r.chain.Ended = l.Type == TypeEnd || r.chain.Ended && l.Type == TypeCountersignature
	return l, nil
}

// link checks a line against the one before it.
func (r *Reader) link(l Line) {
	switch want := r.chain.Head.Seq + 1; {
	case l.Seq > want:
		_ = r.broken(Missing, fmt.Sprintf("seq %d, expected %d: lines are missing before this one", l.Seq, want))
	case l.Seq < want:
		_ = r.broken(Misplaced, fmt.Sprintf("seq %d, expected %d: the line is here twice or in the wrong place", l.Seq, want))
	case l.Prev != r.chain.Head.Hash:
		_ = r.broken(Changed, fmt.Sprintf("prev does not fit line %d: that line was changed after it was written, or this one was", r.number-1))
	}
}

func (r *Reader) broken(k BreakKind, problem string) error {
	e := &LineError{Kind: k, File: r.name, Line: r.number, Problem: problem}
	r.chain.Breaks++
	if r.chain.Break == nil {
		r.chain.Break = e
	}
	return e
}

// raw returns the next whole line without its line feed. It is valid until the
// next call.
func (r *Reader) raw() ([]byte, error) {
	b, err := r.b.ReadSlice('\n')
	long := int64(0)
	for errors.Is(err, bufio.ErrBufferFull) {
		long += int64(len(b))
		b, err = r.b.ReadSlice('\n')
	}
	n := long + int64(len(b))
	switch {
	case errors.Is(err, io.EOF):
		r.chain.Torn = n
		return nil, io.EOF
	case err != nil:
		return nil, fmt.Errorf("%s: after line %d: %w", r.name, r.number, err)
	}
	r.number++
	r.chain.Lines++
	r.chain.Bytes += n
	if long > 0 {
		r.chain.Ended = false
		r.chain.Head.Seq++
		r.chain.Head.Hash = Hash{}
		return nil, r.broken(Unreadable, fmt.Sprintf("a line of %d bytes, expected at most %d", n, MaxLine))
	}
	return bytes.TrimSuffix(b, []byte("\n")), nil
}
