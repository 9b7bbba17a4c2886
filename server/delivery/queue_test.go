package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"examlink/probe/journal"
	"examlink/server/alert"
	"examlink/server/store"
	"examlink/server/store/files"
	"examlink/server/store/memory"
)

const maxLine = 256 << 10 // of the files

// openFile opens a queue in a file.
func openFile(name string, most int64) (*queue, error) {
	kept, err := files.OpenQueue("r", name)
	if err != nil {
		return nil, err
	}
	return openQueue("r", kept, most, NewWrites(PartQueues))
}

// threeNotices makes the file of a queue and returns its content.
func threeNotices(t *testing.T, name string) string {
	t.Helper()
	q, err := openFile(name, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := q.put(alert.Notice{ID: fmt.Sprint("n", i), Session: "s", Kind: alert.Suspect}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Lines that are too long or damaged are skipped, wherever they are; the server
// starts and delivers the others.
func TestQueueSurvivesDamage(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "proctors.queue")
	lines := strings.SplitAfter(threeNotices(t, name), "\n")
	for what, damage := range map[string]string{
		"zeros": strings.Repeat("\x00", 3*maxLine/2), "few zeros": strings.Repeat("\x00", 100), "a long line": `{"put":{"number":9,"id":"` + strings.Repeat("x", 5*maxLine) + `"}}`,
		"a line as long as the buffer": strings.Repeat("x", maxLine), "and one byte less": strings.Repeat("x", maxLine-1), "no JSON": "?", "a number": "7",
	} {
		for i := range lines { // the last line has no line break
			bad := damage
			if i < len(lines)-1 {
				bad += "\n"
			}
			if err := os.WriteFile(name, []byte(strings.Join(slices.Insert(slices.Clone(lines), i, bad), "")), 0o600); err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			a, err := New(Options{Dir: dir, Webhooks: []Webhook{{Name: "proctors", URL: "http://127.0.0.1/", Secret: secret}}, Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatalf("%s at line %d: %v", what, i, err)
			}
			if n := a.receivers.deliverers[0].queue.count(); n != 3 {
				t.Errorf("%s at line %d: %d of 3 notices", what, i, n)
			}
			if !strings.Contains(log.String(), "lines_skipped=1") {
				t.Errorf("%s at line %d: logged %q", what, i, log.String())
			}
			if err := a.receivers.close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A notice that is too long to be read back is given up at once, and does not harm
// the next run.
func TestQueueRefusesLongNotice(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q")
	q, err := openFile(name, 10e6)
	if err != nil {
		t.Fatal(err)
	}
	put := func(id string, size int) []Undelivered {
		lost, err := q.put(alert.Notice{ID: id, Session: "s", Kind: alert.Incident, Cause: strings.Repeat("x", size)}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return lost
	}
	if lost := put("short", 10); len(lost) != 0 {
		t.Error(lost)
	}
	empty, err := json.Marshal(alert.Notice{ID: "edge10", Session: "s", Kind: alert.Incident, Cause: "x"}.Event())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		put(fmt.Sprint("edge", 10+i), store.MaxBody-len(empty)-8+i)
	}
	if lost := put("long", store.MaxBody); len(lost) != 1 || lost[0].ID != "long" || !strings.Contains(lost[0].Why, "expected at most") {
		t.Errorf("%+v", lost)
	}
	n, lost := q.count(), len(q.undelivered())
	if n < 2 || lost < 2 || n+lost != 22 {
		t.Errorf("%d messages, %d given up", n, lost)
	}
	for _, u := range q.undelivered() {
		if !strings.Contains(u.Why, "expected at most") {
			t.Errorf("%+v", u)
		}
	}
	if err := q.close(); err != nil {
		t.Fatal(err)
	}
	q, err = openFile(name, 10e6)
	if err != nil {
		t.Fatal(err)
	}
	if q.count() != n || len(q.undelivered()) != lost {
		t.Errorf("%d of %d messages, %d of %d given up", q.count(), n, len(q.undelivered()), lost)
	}
}

// brokenQueue is a store's queue that fails while it is told to.
type brokenQueue struct {
	store.Queue
	err error
}

func (b *brokenQueue) Put(ctx context.Context, m store.Message) (uint64, error) {
	if b.err != nil {
		return 0, b.err
	}
	return b.Queue.Put(ctx, m)
}

// While the store fails, notices are delivered from memory and the error is
// returned once.
func TestQueueOutlivesItsStore(t *testing.T) {
	kept := &brokenQueue{Queue: memory.NewQueue("r")}
	writes := NewWrites(PartQueues)
	q, err := openQueue("r", kept, 1e6, writes)
	if err != nil {
		t.Fatal(err)
	}
	put := func(id string) error {
		_, err := q.put(alert.Notice{ID: id, Session: "s", Kind: alert.Suspect}, time.Now())
		return err
	}
	bad := errors.New("no space left")
	for i, c := range []struct{ fails, want error }{{nil, nil}, {bad, bad}, {bad, nil}, {nil, nil}, {bad, bad}} {
		kept.err = c.fails
		if err := put(fmt.Sprint("n", i)); !errors.Is(err, c.want) {
			t.Errorf("notice %d: %v, want %v", i, err, c.want)
		}
	}
	if got := storeMetrics(t, writes); got != "last_write_successful 0, write_errors_total 3" {
		t.Errorf("the metrics say %s", got)
	}
	stored, err := kept.Waiting(t.Context())
	if err != nil || q.count() != 5 || len(stored) != 2 {
		t.Errorf("%d messages, %d of them stored, %v", q.count(), len(stored), err)
	}
	for i, m := range q.list() {
		if m.ID != fmt.Sprint("n", i) {
			t.Errorf("%s at place %d", m.ID, i)
		}
		if i == 1 || i == 3 {
			if _, ok, err := q.giveUp(m, "old", time.Now()); !ok || err != nil {
				t.Errorf("%t, %v", ok, err)
			}
		} else if err := q.delivered(m); err != nil {
			t.Error(err)
		}
	}
	stored, err = kept.Waiting(t.Context())
	if err != nil || q.count() != 0 || len(stored) != 0 || len(q.undelivered()) != 2 {
		t.Errorf("%d messages, %d of them stored, %d given up, %v", q.count(), len(stored), len(q.undelivered()), err)
	}
}

// A file that is truncated loses the torn line at most.
func TestQueueSurvivesTornFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q")
	whole := threeNotices(t, name)
	lines := strings.Count(whole, "\n") - 1
	for cut := len(whole); cut >= 0; cut -= 1 + rand.IntN(9) {
		if err := os.WriteFile(name, []byte(whole[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
		q, err := openFile(name, 1e6)
		if err != nil {
			t.Fatal(err)
		}
		left := strings.Count(whole[:cut], "\n") - 1
		if n := q.count(); n < left || n > lines {
			t.Errorf("%d messages of %d whole lines", n, left)
		}
		if err := q.close(); err != nil {
			t.Fatal(err)
		}
	}
	// The process ended while it rewrote the file: the copy is read.
	if err := os.WriteFile(name+journal.SpareSuffix, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	if q, err := openFile(name, 1e6); err != nil || q.count() != lines {
		t.Errorf("%v", err)
	}
}

// The queue is bounded, and its file too.
func TestQueueIsBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q")
	q, err := openFile(name, 20e3)
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for i := range 500 {
		l, err := q.put(alert.Notice{ID: fmt.Sprint("n", i), Session: "s", Kind: alert.Suspect, Sentence: strings.Repeat("x", 100)}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		lost += len(l)
		for _, u := range l {
			if u.Why != "the queue is full" {
				t.Errorf("%+v", u)
			}
		}
	}
	info, err := os.Stat(name)
	if err != nil || info.Size() > 20e3+128<<10+store.KeepUndelivered*400 || q.bytes > 20e3 {
		t.Errorf("%v bytes, %d messages of %d bytes, %v", info.Size(), q.count(), q.bytes, err)
	}
	if lost+q.count() != 500 || len(q.undelivered()) != store.KeepUndelivered {
		t.Errorf("%d lost, %d messages, %d listed", lost, q.count(), len(q.undelivered()))
	}
	first := q.list()[0].ID
	if err := q.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openFile(name, 20e3)
	if err != nil || again.list()[0].ID != first || again.count() != q.count() || len(again.undelivered()) != store.KeepUndelivered {
		t.Errorf("%v, %d messages, %d listed", err, again.count(), len(again.undelivered()))
	}
}
