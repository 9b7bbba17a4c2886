package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

// brokenQueue is a store's queue that fails while it is told to, or hangs until the
// access is over.
type brokenQueue struct {
	store.Queue
	mu    sync.Mutex
	err   error
	hangs bool
}

func (b *brokenQueue) breaks(err error, hangs bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err, b.hangs = err, hangs
}

func (b *brokenQueue) reach(ctx context.Context) error {
	b.mu.Lock()
	err, hangs := b.err, b.hangs
	b.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (b *brokenQueue) Put(ctx context.Context, m store.Message) (uint64, error) {
	if err := b.reach(ctx); err != nil {
		return 0, err
	}
	return b.Queue.Put(ctx, m)
}

func (b *brokenQueue) Delivered(ctx context.Context, n uint64) error {
	if err := b.reach(ctx); err != nil {
		return err
	}
	return b.Queue.Delivered(ctx, n)
}

// While the store fails or hangs, notices wait for it no longer than a moment, once; the
// error is reported once; and what still waits for delivery, or was given up, is in the
// store when it is back.
func TestQueueOutlivesItsStore(t *testing.T) {
	for name, hangs := range map[string]bool{"fails": false, "hangs": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kept := &brokenQueue{Queue: memory.NewQueue("r")}
				writes, failures := NewWrites(PartQueues), 0
				q, err := openQueue("r", kept, 1e6, writes)
				if err != nil {
					t.Fatal(err)
				}
				q.failed = func(error) { failures++ }
				put := func(id string, longest time.Duration) {
					t.Helper()
					before := time.Now()
					if _, err := q.put(alert.Notice{ID: id, Session: "s", Kind: alert.Suspect}, time.Now()); err != nil {
						t.Error(err)
					}
					if took := time.Since(before); took > longest {
						t.Errorf("notice %s waited %v, expected at most %v", id, took, longest)
					}
				}
				stored := func() (ids string) {
					list, err := kept.Waiting(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					for _, m := range list {
						ids += m.ID + " "
					}
					return ids
				}
				put("n0", 0)
				kept.breaks(errors.New("no space left"), hangs)
				put("n1", storeWait)
				for i := range 50 {
					put(fmt.Sprint("n", 2+i), 0)
				}
				for i, m := range q.list() {
					switch {
					case i%10 == 1:
						if _, ok := q.giveUp(m, "old", time.Now()); !ok {
							t.Error("not given up")
						}
					case i%10 != 2:
						q.delivered(m)
					}
				}
				time.Sleep(time.Minute)
				if got := stored(); got != "n0 " || failures != 1 {
					t.Errorf("in the store: %s; %d errors reported", got, failures)
				}
				if got := storeMetrics(t, writes); !strings.HasPrefix(got, "last_write_successful 0") {
					t.Errorf("the metrics say %s", got)
				}
				kept.breaks(nil, false)
				time.Sleep(storeRetryMost + storeTimeout)
				lost, err := kept.Undelivered(t.Context())
				if got := stored(); err != nil || got != "n2 n12 n22 n32 n42 " || len(lost) != 6 || len(q.undelivered()) != 6 {
					t.Errorf("in the store: %s, %d given up, %v", got, len(lost), err)
				}
				put("n99", 0)
				if got := stored(); !strings.HasSuffix(got, " n99 ") || failures != 1 {
					t.Errorf("in the store: %s; %d errors reported", got, failures)
				}
				if err := q.close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A message that the store took although the access failed is there once.
func TestQueueKeepsAMessageOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &forgetfulQueue{Queue: memory.NewQueue("r")}
		q, err := openQueue("r", kept, 1e6, NewWrites(PartQueues))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"n1", "n2"} {
			if _, err := q.put(alert.Notice{ID: id, Session: "s", Kind: alert.Suspect}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if list, err := kept.Waiting(t.Context()); err != nil || len(list) != 2 || list[0].ID != "n1" || list[1].ID != "n2" {
			t.Errorf("%+v, %v", list, err)
		}
		for _, m := range q.list() {
			q.delivered(m)
		}
		time.Sleep(time.Minute)
		if list, err := kept.Waiting(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// forgetfulQueue takes its first message and says that it has not.
type forgetfulQueue struct {
	store.Queue
	once sync.Once
}

func (f *forgetfulQueue) Put(ctx context.Context, m store.Message) (n uint64, err error) {
	n, err = f.Queue.Put(ctx, m)
	f.once.Do(func() { n, err = 0, errors.New("the connection was lost") })
	return n, err
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
