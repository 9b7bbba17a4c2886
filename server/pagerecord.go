package server

import (
	"crypto/rand"
	"errors"
	"strings"
	"sync"
)

// Chosen by us.
const (
	// pageRecordMost bounds the lines that wait for a page to take them, in bytes: some
	// three hours of a page that is away. What does not fit is missing from the record,
	// which says so.
	pageRecordMost = 256 << 10
	// pageLinesMost bounds the lines of one message, in bytes.
	pageLinesMost = 24 << 10
)

// errPageAway is the error of a line for which there is no room.
var errPageAway = errors.New("the page that keeps the record has been away for too long")

// pageRecord holds the lines of a page's record until the page has taken them. It is safe
// for concurrent use.
type pageRecord struct {
	id string

	mu    sync.Mutex
	lines []string // not taken
	first uint64   // the number of lines[0], from 1
	sent  uint64   // the number of the last line sent by the connection in use
	bytes int      // of lines
}

func newPageRecord() *pageRecord { return &pageRecord{id: rand.Text(), first: 1} }

// put adds a line.
func (r *pageRecord) put(line []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bytes+len(line) > pageRecordMost {
		return errPageAway
	}
	r.lines = append(r.lines, strings.TrimSuffix(string(line), "\n"))
	r.bytes += len(line)
	return nil
}

// taken notes how many lines a page has, of the record that it names.
func (r *pageRecord) taken(id string, n uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id != r.id {
		return
	}
	for len(r.lines) > 0 && r.first <= n {
		r.bytes -= len(r.lines[0]) + 1
		r.lines, r.first = r.lines[1:], r.first+1
	}
}

// rewind makes next begin with the first line that was not taken, for a new connection.
func (r *pageRecord) rewind() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = r.first - 1
}

// next returns the lines to send next, and the number of the first.
func (r *pageRecord) next() (first uint64, lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = max(r.sent, r.first-1)
	first = r.sent + 1
	for size := 0; r.sent-(r.first-1) < uint64(len(r.lines)); r.sent++ {
		line := r.lines[r.sent-(r.first-1)]
		if size += len(line); size > pageLinesMost && len(lines) > 0 {
			break
		}
		lines = append(lines, line)
	}
	return first, lines
}

// whole reports whether the page has taken every line.
func (r *pageRecord) whole() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lines) == 0
}
