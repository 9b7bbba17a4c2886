package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/server/store"
)

func logged(server, kind, student string, second int) store.LoggedEvent {
	return store.LoggedEvent{Server: server, Kind: kind, Exam: "e1", Student: student, At: at(second), Body: json.RawMessage(`{"of":"` + student + `"}`)}
}

// tail reads a log from a number on.
func tail(t *testing.T, s store.Store, from uint64) (all []store.LoggedEvent) {
	t.Helper()
	for {
		some := got[[]store.LoggedEvent](t)(s.Events().After(bg(t), from))
		for _, e := range some {
			if e.Number <= from {
				t.Fatalf("number %d after %d", e.Number, from)
			}
			from = e.Number
		}
		if all = append(all, some...); len(some) == 0 {
			return all
		}
	}
}

func testEvents(t *testing.T, s store.Store) {
	if all := tail(t, s, 0); len(all) != 0 {
		t.Errorf("an empty log has %v", all)
	}
	if last := got[uint64](t)(s.Events().Append(bg(t), []store.LoggedEvent{logged("a", "state", "s1", 1), logged("a", "reading", "s2", 2)})); last != 2 {
		t.Errorf("the last of two has number %d", last)
	}
	if last := got[uint64](t)(s.Events().Append(bg(t), []store.LoggedEvent{logged("b", "reading", "s1", 3)})); last != 3 {
		t.Errorf("the third has number %d", last)
	}
	all := tail(t, s, 0)
	want := logged("a", "reading", "s2", 2)
	want.Number = 2
	if len(all) != 3 || fmt.Sprint(all[1]) != fmt.Sprint(want) {
		t.Errorf("the log: %v, want its second to be %v", all, want)
	}
	if rest := tail(t, s, 2); len(rest) != 1 || rest[0].Number != 3 {
		t.Errorf("behind 2: %v", rest)
	}
	if rest := tail(t, s, 1<<63); len(rest) != 0 {
		t.Errorf("far behind: %v", rest)
	}
	if n := got[int64](t)(s.Events().Trim(bg(t), at(3), "reading", "claim")); n != 1 {
		t.Errorf("%d readings trimmed, want 1", n)
	}
	if removed := got[store.Removed](t)(s.Erase(bg(t), "e1", "s1")); removed.Events != 2 {
		t.Errorf("erased: %+v", removed)
	}
	if last := got[uint64](t)(s.Events().Append(bg(t), []store.LoggedEvent{logged("b", "state", "s3", 9)})); last != 4 {
		t.Errorf("the fourth has number %d", last)
	}
	if n := got[int64](t)(s.Events().Trim(bg(t), at(10))); n != 1 || len(tail(t, s, 0)) != 0 {
		t.Errorf("%d events trimmed, want 1", n)
	}
	many := make([]store.LoggedEvent, 2*store.MaxPage+3)
	for i := range many {
		many[i] = logged("a", "state", numbered("s", i), i)
	}
	got[uint64](t)(s.Events().Append(bg(t), many))
	if all := tail(t, s, 0); len(all) != len(many) || all[len(all)-1].Student != many[len(many)-1].Student {
		t.Errorf("%d of %d events", len(all), len(many))
	}
}

// testConcurrentEvents reads while several write: whoever has read up to a number has
// missed none before it.
func testConcurrentEvents(t *testing.T, s store.Store) {
	const writers, batches, each = 4, 25, 7
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				batch := make([]store.LoggedEvent, each)
				for i := range batch {
					batch[i] = logged(fmt.Sprint(w), "state", fmt.Sprint(b*each+i), 0)
				}
				if _, err := s.Events().Append(t.Context(), batch); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	next, seen := map[string]int{}, 0
	deadline := time.Now().Add(time.Minute)
	for from := uint64(0); seen < writers*batches*each && time.Now().Before(deadline) && !t.Failed(); {
		for _, e := range got[[]store.LoggedEvent](t)(s.Events().After(bg(t), from)) {
			if e.Student != fmt.Sprint(next[e.Server]) {
				t.Fatalf("event %d of server %s is its %s, want %d", e.Number, e.Server, e.Student, next[e.Server])
			}
			next[e.Server]++
			seen++
			from = e.Number
		}
	}
	wg.Wait()
	if seen != writers*batches*each {
		t.Errorf("%d events read, want %d", seen, writers*batches*each)
	}
}

func testInvalidEvents(t *testing.T, s store.Store) {
	for what, c := range map[string]struct {
		change func(*store.LoggedEvent)
		want   error
	}{
		"no server":     {func(e *store.LoggedEvent) { e.Server = "" }, store.ErrInvalid},
		"no kind":       {func(e *store.LoggedEvent) { e.Kind = "" }, store.ErrInvalid},
		"a zero byte":   {func(e *store.LoggedEvent) { e.Student = "a\x00" }, store.ErrInvalid},
		"no time":       {func(e *store.LoggedEvent) { e.At = time.Time{} }, store.ErrInvalid},
		"no JSON":       {func(e *store.LoggedEvent) { e.Body = json.RawMessage("{") }, store.ErrInvalid},
		"a giant event": {func(e *store.LoggedEvent) { e.Body = json.RawMessage(`"` + strings.Repeat("x", store.MaxBody) + `"`) }, store.ErrTooLarge},
	} {
		bad := logged("a", "state", "s1", 1)
		c.change(&bad)
		_, err := s.Events().Append(bg(t), []store.LoggedEvent{logged("a", "state", "s1", 1), bad})
		wantErr(t, what, err, c.want)
	}
	if all := tail(t, s, 0); len(all) != 0 {
		t.Errorf("half of a batch was appended: %v", all)
	}
}

func testMembers(t *testing.T, s store.Store) {
	beat := func(m store.Member) store.Membership { return got[store.Membership](t)(s.Members().Beat(bg(t), m)) }
	a := store.Member{ID: "a", Name: "first", Version: "1"}
	if v := beat(a); len(v.Members) != 1 || v.Members[0] != (store.Member{ID: "a", Name: "first", Version: "1", Beats: 1}) || v.Leader != "" || v.Term != 0 {
		t.Errorf("one member: %+v", v)
	}
	beat(store.Member{ID: "b", Name: "second"})
	a.Draining = true
	if v := beat(a); len(v.Members) != 2 || !v.Members[0].Draining || v.Members[0].Beats != 2 || v.Members[1].Beats != 1 {
		t.Errorf("two members: %+v", v)
	}
	must(t, s.Members().Leave(bg(t), "a"))
	must(t, s.Members().Leave(bg(t), "a"))
	if v := beat(store.Member{ID: "b"}); len(v.Members) != 1 || v.Members[0].Beats != 2 {
		t.Errorf("after one has left: %+v", v)
	}
	_, err := s.Members().Beat(bg(t), store.Member{})
	wantErr(t, "a member without identifier", err, store.ErrInvalid)
}

func testLeader(t *testing.T, s store.Store) {
	must(t, s.Members().Lead(bg(t), "a", 0))
	wantErr(t, "two leaders of a term", s.Members().Lead(bg(t), "b", 0), store.ErrConflict)
	wantErr(t, "a leader of a later term", s.Members().Lead(bg(t), "b", 2), store.ErrConflict)
	wantErr(t, "nobody leads", s.Members().Lead(bg(t), "", 1), store.ErrInvalid)
	if v := got[store.Membership](t)(s.Members().Beat(bg(t), store.Member{ID: "b"})); v.Leader != "a" || v.Term != 1 {
		t.Errorf("%+v", v)
	}
	must(t, s.Members().Lead(bg(t), "b", 1))
	if v := got[store.Membership](t)(s.Members().Beat(bg(t), store.Member{ID: "b"})); v.Leader != "b" || v.Term != 2 {
		t.Errorf("%+v", v)
	}
}

func testAdoptSessions(t *testing.T, s store.Store) {
	for id, server := range map[string]string{"l1": "a", "l2": "b", "l3": "", "l4": "c", "l5": "b"} {
		l := live(id, "live")
		l.Server = server
		must(t, s.Sessions().Put(bg(t), l))
	}
	ids := func(list []store.LiveSession) (out string) {
		for _, l := range list {
			out += l.ID + l.Server + " "
		}
		return out
	}
	if v := ids(got[[]store.LiveSession](t)(s.Sessions().Adopt(bg(t), "a", []string{"c", "d"}))); v != "l2a l3a l5a " {
		t.Errorf("adopted: %s", v)
	}
	if v := ids(got[[]store.LiveSession](t)(s.Sessions().List(bg(t), store.Page{}))); v != "l1a l2a l3a l4c l5a " {
		t.Errorf("all: %s", v)
	}
	if v := ids(got[[]store.LiveSession](t)(s.Sessions().Adopt(bg(t), "a", []string{"c"}))); v != "" {
		t.Errorf("adopted again: %s", v)
	}
	_, err := s.Sessions().Adopt(bg(t), "", nil)
	wantErr(t, "adopted by nobody", err, store.ErrInvalid)
}
