package files

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/probe/journal"
	"examlink/server/store"
)

// Messages that were given up are in the file, but do not cause a rewrite with each
// new message.
func TestQueueIsSeldomRewritten(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q")
	q, err := OpenQueue("r", name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, grown := t.Context(), q.file.Grown()
	var rewrites int
	var added int64
	count := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if q.file.Grown() < grown {
			rewrites++
		} else {
			added += q.file.Grown() - grown
		}
		grown = q.file.Grown()
	}
	put := func(i int) uint64 {
		n, err := q.Put(ctx, store.Message{ID: fmt.Sprint("n", i), Lane: "s", Kind: "exam-relevant", Body: json.RawMessage(`"` + strings.Repeat("x", 300) + `"`)})
		count(err)
		return n
	}
	for i := range 2 * store.KeepUndelivered {
		count(q.GiveUp(ctx, put(i), store.Reason{Why: "not delivered within 24h0m0s", Sentence: strings.Repeat("x", 300), At: time.Now()}))
	}
	rewrites, added = 0, 0
	for i := range 400 {
		count(q.Delivered(ctx, put(2*store.KeepUndelivered+i)))
	}
	if most := int(added/slackBytes) + 1; rewrites == 0 || rewrites > most {
		t.Errorf("rewritten %d times for %d bytes, want 1 to %d", rewrites, added, most)
	}
	if info, err := os.Stat(name); err != nil || info.Size() > 2*slackBytes+store.KeepUndelivered*1000 || q.bytes != 0 || len(q.sizes) != 0 {
		t.Errorf("%v, %v, %d bytes of %d messages", info, err, q.bytes, len(q.sizes))
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
}

// A file that fails ends the use of the queue, which keeps what it had.
func TestQueueFileFails(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q")
	q, err := OpenQueue("r", name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(name+journal.SpareSuffix, 0o700); err != nil { // in the way of the copy
		t.Fatal(err)
	}
	m := store.Message{ID: "n", Body: json.RawMessage(`"` + strings.Repeat("x", 100<<10) + `"`)}
	var numbers []uint64
	for range 2 {
		n, err := q.Put(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	if err := q.Delivered(t.Context(), numbers[0]); err != nil { // it is written; then the file is due for a rewrite, which fails
		t.Error(err)
	}
	if err := q.Delivered(t.Context(), numbers[1]); err == nil {
		t.Error("delivered, though that could not be kept")
	}
	for range 2 {
		if _, err := q.Put(t.Context(), m); err == nil || !strings.Contains(err.Error(), "queue of r") {
			t.Errorf("put: %v", err)
		}
	}
	if list, err := q.Waiting(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("%d messages, %v", len(list), err)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}
