package server

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Each line is sent until the page has taken it, in order, over however many connections.
func TestPageRecord(t *testing.T) {
	r := newPageRecord()
	want := func(first uint64, lines string) {
		t.Helper()
		if n, got := r.next(); n != first || strings.Join(got, " ") != lines {
			t.Fatalf("from %d: %q, want from %d: %q", n, got, first, lines)
		}
	}
	put := func(line string) {
		t.Helper()
		if err := r.put([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	want(1, "")
	put("a")
	put("b")
	want(1, "a b")
	want(3, "")
	put("c")
	r.taken("another record", 3)
	r.taken(r.id, 1)
	r.rewind() // another connection
	want(2, "b c")
	r.taken(r.id, 3)
	if !r.whole() {
		t.Error("lines are left that were taken")
	}
	put("d")
	if r.whole() {
		t.Error("nothing is left, and d was not taken")
	}
	want(4, "d")
	r.taken(r.id, 99) // more than there are
	put("e")
	want(5, "e")

	long := strings.Repeat("x", 1000)
	var full error
	n := 0
	for ; full == nil; n++ {
		full = r.put(fmt.Appendf(nil, "%d %s\n", n, long))
	}
	if !errors.Is(full, errPageAway) || n < 200 {
		t.Errorf("after %d lines: %v", n, full)
	}
	got := 0
	for _, lines := r.next(); len(lines) > 0; _, lines = r.next() {
		size := 0
		for _, l := range lines {
			size += len(l)
		}
		if got += len(lines); size > pageLinesMost {
			t.Errorf("a message of %d bytes of lines, want at most %d", size, pageLinesMost)
		}
	}
	if got != n-1 {
		t.Errorf("%d lines were sent, want %d", got, n-1)
	}
}
