package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"examlink/server/alert"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// queuesOf opens queues that a store keeps.
func queuesOf(s store.Store) func(receiver string) (store.Queue, error) {
	return func(receiver string) (store.Queue, error) { return s.Queue(context.Background(), receiver) }
}

// openKept opens the queue of a store.
func openKept(s store.Store, most int64) (*queue, error) {
	kept, err := queuesOf(s)("r")
	if err != nil {
		return nil, err
	}
	return openQueue("r", kept, most, NewWrites(PartQueues))
}

// A notice that is too long to be read back is given up at once, and does not harm
// the next run.
func TestQueueRefusesLongNotice(t *testing.T) {
	s := memory.New()
	q, err := openKept(s, 10e6)
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
	q, err = openKept(s, 10e6)
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

// The queue is bounded.
func TestQueueIsBounded(t *testing.T) {
	s := memory.New()
	q, err := openKept(s, 20e3)
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
	if stored, err := q.kept.Waiting(t.Context()); err != nil || len(stored) != q.count() || q.bytes > 20e3 {
		t.Errorf("%d messages of %d bytes, %d of them stored, %v", q.count(), q.bytes, len(stored), err)
	}
	if lost+q.count() != 500 || len(q.undelivered()) != store.KeepUndelivered {
		t.Errorf("%d lost, %d messages, %d listed", lost, q.count(), len(q.undelivered()))
	}
	first := q.list()[0].ID
	if err := q.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openKept(s, 20e3)
	if err != nil || again.list()[0].ID != first || again.count() != q.count() || len(again.undelivered()) != store.KeepUndelivered {
		t.Errorf("%v, %d messages, %d listed", err, again.count(), len(again.undelivered()))
	}
}
