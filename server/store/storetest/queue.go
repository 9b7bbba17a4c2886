package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"examlink/server/store"
)

func message(id string) store.Message {
	return store.Message{ID: id, Lane: "lane", Kind: "suspect", Exam: "e1", Student: "s1", At: at(1), Body: json.RawMessage(`{"id":"` + id + `"}`)}
}

func openQueue(t *testing.T, s store.Store, receiver string) store.Queue {
	t.Helper()
	return got[store.Queue](t)(s.Queue(bg(t), receiver))
}

// waiting lists the messages of a queue by identifier.
func waiting(t *testing.T, q store.Queue) string {
	t.Helper()
	var ids []string
	for _, m := range got[[]store.Message](t)(q.Waiting(bg(t))) {
		ids = append(ids, m.ID)
	}
	return strings.Join(ids, " ")
}

func testQueue(t *testing.T, s store.Store) {
	q := openQueue(t, s, "proctors")
	var numbers []uint64
	for i := range 5 {
		m := message(fmt.Sprint("m", i))
		m.Number = 99 // Put sets it
		numbers = append(numbers, got[uint64](t)(q.Put(bg(t), m)))
		if numbers[i] == 0 || i > 0 && numbers[i] <= numbers[i-1] {
			t.Fatalf("numbers %d", numbers)
		}
	}
	list := got[[]store.Message](t)(q.Waiting(bg(t)))
	for i, m := range list {
		want := message(fmt.Sprint("m", i))
		if m.Number != numbers[i] || m.ID != want.ID || m.Lane != want.Lane || m.Kind != want.Kind || m.Exam != want.Exam || m.Student != want.Student || !m.At.Equal(want.At) || string(m.Body) != string(want.Body) {
			t.Errorf("%+v, want %+v", m, want)
		}
	}
	must(t, q.Delivered(bg(t), numbers[1]))
	wantErr(t, "delivered twice", q.Delivered(bg(t), numbers[1]), store.ErrNotFound)
	wantErr(t, "given up after it was delivered", q.GiveUp(bg(t), numbers[1], store.Reason{At: at(2)}), store.ErrNotFound)
	must(t, q.GiveUp(bg(t), numbers[0], store.Reason{Why: "old", Sentence: "a sentence", At: at(2)}))
	wantErr(t, "delivered after it was given up", q.Delivered(bg(t), numbers[0]), store.ErrNotFound)
	if v := waiting(t, q); v != "m2 m3 m4" {
		t.Errorf("waiting: %s", v)
	}
	for _, n := range numbers[2:] {
		must(t, q.Delivered(bg(t), n))
	}
	must(t, q.Close())
	must(t, q.Close())
	q = openQueue(t, s, "proctors")
	if n := got[uint64](t)(q.Put(bg(t), message("later"))); n <= numbers[4] {
		t.Errorf("number %d after %d", n, numbers[4])
	}
	if v := got[[]store.Undelivered](t)(q.Undelivered(bg(t))); len(v) != 1 || v[0] != (store.Undelivered{
		Receiver: "proctors", ID: "m0", Kind: "suspect", Exam: "e1", Student: "s1", At: at(1), GivenUp: at(2), Why: "old", Sentence: "a sentence",
	}) {
		t.Errorf("undelivered: %+v", v)
	}
}

func testQueueBodies(t *testing.T, s store.Store) {
	q := openQueue(t, s, "proctors")
	long := strings.Repeat("x", store.MaxBody-2)
	for i, v := range []any{nil, 1.5, "", "<a> & \u2028 \x00 試", map[string]any{"z": 1, "a": []int{1}}, long} {
		b := got[[]byte](t)(json.Marshal(v))
		m := message(fmt.Sprint("m", i))
		m.Body = b
		must(t, func() error { _, err := q.Put(bg(t), m); return err }())
		list := got[[]store.Message](t)(q.Waiting(bg(t)))
		if got := string(list[len(list)-1].Body); got != string(b) {
			t.Errorf("%.50q, want %.50q", got, b)
		}
	}
	m := message("long")
	m.Body = json.RawMessage(`"` + long + `x"`)
	_, err := q.Put(bg(t), m)
	wantErr(t, "too long", err, store.ErrTooLarge)
	for what, change := range map[string]func(*store.Message){
		"no identifier": func(m *store.Message) { m.ID = "" }, "no JSON": func(m *store.Message) { m.Body = []byte("{") }, "no body": func(m *store.Message) { m.Body = nil },
	} {
		m := message("m")
		change(&m)
		_, err := q.Put(bg(t), m)
		wantErr(t, what, err, store.ErrInvalid)
	}
}

func testQueueNames(t *testing.T, s store.Store) {
	for _, name := range []string{"", "A", "a/b", "../a", "a b", strings.Repeat("a", 41)} {
		_, err := s.Queue(bg(t), name)
		wantErr(t, fmt.Sprintf("%q", name), err, store.ErrInvalid)
	}
	a, b := openQueue(t, s, "a"), openQueue(t, s, "b")
	_, err := s.Queue(bg(t), "a")
	wantErr(t, "open twice", err, store.ErrConflict)
	n := got[uint64](t)(a.Put(bg(t), message("of-a")))
	wantErr(t, "of another queue", b.Delivered(bg(t), n), store.ErrNotFound)
	if waiting(t, a) != "of-a" || waiting(t, b) != "" {
		t.Errorf("a has %q, b has %q", waiting(t, a), waiting(t, b))
	}
	must(t, a.Close())
	_, err = a.Put(bg(t), message("x"))
	wantErr(t, "put, closed", err, store.ErrClosed)
	_, err = a.Waiting(bg(t))
	wantErr(t, "waiting, closed", err, store.ErrClosed)
	if v := waiting(t, openQueue(t, s, "a")); v != "of-a" {
		t.Errorf("opened again: %q", v)
	}
}

func testUndelivered(t *testing.T, s store.Store) {
	q := openQueue(t, s, "proctors")
	const more = store.KeepUndelivered + 20
	for i := range more {
		n := got[uint64](t)(q.Put(bg(t), message(numbered("m", i))))
		must(t, q.GiveUp(bg(t), n, store.Reason{Why: "full", At: at(2)})) // all at the same time
	}
	check := func(q store.Queue) {
		t.Helper()
		v := got[[]store.Undelivered](t)(q.Undelivered(bg(t)))
		if len(v) != store.KeepUndelivered {
			t.Fatalf("%d are listed", len(v))
		}
		for i, u := range v {
			if want := numbered("m", more-len(v)+i); u.ID != want {
				t.Fatalf("%s, want %s", u.ID, want)
			}
		}
	}
	check(q)
	must(t, q.Close())
	check(openQueue(t, s, "proctors"))
}

// testReasons sees that a reason may be any text.
func testReasons(t *testing.T, s store.Store) {
	q := openQueue(t, s, "proctors")
	n := got[uint64](t)(q.Put(bg(t), message("m")))
	must(t, q.GiveUp(bg(t), n, store.Reason{Why: "a\x00b", Sentence: "c\xffd", At: at(2)}))
	if v := got[[]store.Undelivered](t)(q.Undelivered(bg(t))); len(v) != 1 || v[0].Why != "a\ufffdb" || v[0].Sentence != "c\ufffdd" {
		t.Errorf("%+v", v)
	}
}
