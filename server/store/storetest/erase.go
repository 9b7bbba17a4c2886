package storetest

import (
	"testing"
	"time"

	"examlink/probe/verdict"
	"examlink/server/store"
)

// fillStudents puts something of each kind into a store for two students, at the
// second that is given; the queue is left open.
func fillStudents(t *testing.T, s store.Store, prefix string, second int) store.Queue {
	q := openQueue(t, s, "q-"+prefix)
	for _, student := range []string{"s1", "s2"} {
		id := prefix + student
		must(t, s.Receipts().Append(bg(t), receipt(id+"a", student, second, verdict.Ready)))
		must(t, s.Receipts().Append(bg(t), receipt(id+"b", student, second+1, verdict.NotReady)))
		h := head(id, student, 1)
		h.At = at(second)
		must(t, s.Records().Append(bg(t), h))
		l := live(id, "live")
		l.Student, l.LastPacket = student, at(second)
		must(t, s.Sessions().Put(bg(t), l))
		for _, what := range []string{"waits", "lost"} {
			m := message(id + what)
			m.Student = student
			n := got[uint64](t)(q.Put(bg(t), m))
			if what == "lost" {
				must(t, q.GiveUp(bg(t), n, store.Reason{Why: "old", At: at(second)}))
			}
		}
	}
	return q
}

// left lists what is there of exam e1.
func left(t *testing.T, s store.Store, queues ...store.Queue) (all string) {
	t.Helper()
	for _, v := range got[[]store.Student](t)(s.Roster().List(bg(t), "e1", store.Page{})) {
		all += v.ID + " "
	}
	for _, v := range listReceipts(t, s, "e1") {
		all += v.ID + " "
	}
	for _, v := range got[[]store.Standing](t)(s.Receipts().Standings(bg(t), "e1", store.Page{})) {
		all += v.Best.ID + "/" + v.Last.ID + " "
	}
	for _, v := range listHeads(t, s, "e1") {
		all += v.Session + " "
	}
	for _, v := range pages(t, 10, sessionID, s.Sessions().List) {
		all += v.ID + " "
	}
	for _, q := range queues {
		all += waiting(t, q) + " "
		for _, u := range got[[]store.Undelivered](t)(q.Undelivered(bg(t))) {
			all += u.ID + " "
		}
	}
	return all
}

func testErase(t *testing.T, s store.Store) {
	must(t, s.Exams().Create(bg(t), exam("e1")))
	must(t, s.Roster().Put(bg(t), "e1", []store.Student{{ID: "s1"}, {ID: "s2"}}))
	a := fillStudents(t, s, "a", 0)
	must(t, fillStudents(t, s, "b", 10).Close()) // erased from queues that are closed too
	other := receipt("other", "s1", 1, verdict.Ready)
	other.Exam = "e2"
	must(t, s.Receipts().Append(bg(t), other))
	must(t, s.Exams().Close(bg(t), "e1"))
	if v := got[store.Removed](t)(s.Erase(bg(t), "e1", "s1")); v != (store.Removed{Students: 1, Receipts: 4, Records: 2, Sessions: 2, Messages: 4}) {
		t.Errorf("removed %+v", v)
	}
	want := "s2 as2a as2b bs2a bs2b bs2a/bs2b as2 bs2 as2 bs2 as2waits as2lost bs2waits bs2lost "
	if v := left(t, s, a, openQueue(t, s, "q-b")); v != want {
		t.Errorf("left: %s, want %s", v, want)
	}
	got[store.Receipt](t)(s.Receipts().Get(bg(t), "other"))
	for _, who := range [][2]string{{"e1", "s1"}, {"e9", "s2"}, {"e1", "a\x00b"}, {"", ""}} {
		if v := got[store.Removed](t)(s.Erase(bg(t), who[0], who[1])); v != (store.Removed{}) {
			t.Errorf("%q: removed %+v", who, v)
		}
	}
}

func testExpire(t *testing.T, s store.Store) {
	must(t, s.Exams().Create(bg(t), exam("e1"))) // ends at 7200
	must(t, s.Roster().Put(bg(t), "e1", []store.Student{{ID: "s1"}, {ID: "s2"}}))
	a, b := fillStudents(t, s, "a", 0), fillStudents(t, s, "b", 100)
	for i := range 2500 { // more than are removed at once
		must(t, s.Sessions().Put(bg(t), live(numbered("l", i), "live")))
	}
	before := left(t, s, a, b)
	all := store.Retention{Rosters: time.Hour, Receipts: time.Hour, Records: time.Hour, Sessions: time.Hour, Undelivered: time.Hour}
	for what, c := range map[string]struct {
		now  time.Time
		keep store.Retention
	}{"for ever": {at(1e6), store.Retention{}}, "not yet": {at(3600), all}} {
		if v := got[store.Removed](t)(s.Expire(bg(t), c.now, c.keep)); v != (store.Removed{}) || left(t, s, a, b) != before {
			t.Errorf("%s: removed %+v", what, v)
		}
	}
	if v := got[store.Removed](t)(s.Expire(bg(t), at(3601).Add(time.Microsecond), all)); v != (store.Removed{Receipts: 4, Records: 2, Sessions: 2502, Messages: 2}) {
		t.Errorf("removed %+v", v)
	}
	want := "s1 s2 bs1a bs1b bs2a bs2b bs1a/bs1b bs2a/bs2b bs1 bs2 bs1 bs2 as1waits as2waits bs1waits bs2waits bs1lost bs2lost "
	if v := left(t, s, a, b); v != want {
		t.Errorf("left: %s, want %s", v, want)
	}
	// The best receipt goes before a later one that is worse.
	if v := got[store.Removed](t)(s.Expire(bg(t), at(3701), store.Retention{Receipts: time.Hour})); v != (store.Removed{Receipts: 2}) {
		t.Errorf("removed %+v", v)
	}
	if v := got[store.Standing](t)(s.Receipts().Standing(bg(t), "e1", "s1")); v.Best.ID != "bs1b" || v.Last.ID != "bs1b" {
		t.Errorf("standing: %+v", v)
	}
	if v := got[store.Removed](t)(s.Expire(bg(t), at(7200+3601), all)); v != (store.Removed{Students: 2, Receipts: 2, Records: 2, Sessions: 2, Messages: 2}) {
		t.Errorf("removed %+v", v)
	}
	if v := got[store.Exam](t)(s.Exams().Get(bg(t), "e1")); v.ID != "e1" {
		t.Errorf("the exam: %+v", v)
	}
}
