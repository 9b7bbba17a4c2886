package storetest

import (
	"bytes"
	"context"
	"testing"

	"examlink/probe/verdict"
	"examlink/server/store"
)

func receipt(id, student string, seconds int, o verdict.Outcome) store.Receipt {
	return store.Receipt{ID: id, Exam: "e1", Student: student, At: at(seconds), Outcome: o, Body: []byte("jws." + id + ".\x00\xff")}
}

func listReceipts(t *testing.T, s store.Store, exam string) []store.Receipt {
	return pages(t, 2, receiptID, func(ctx context.Context, p store.Page) ([]store.Receipt, error) {
		return s.Receipts().List(ctx, exam, p)
	})
}

func testReceipts(t *testing.T, s store.Store) {
	x := s.Receipts()
	r := receipt("r2", "s1", 1, verdict.Ready)
	r.Late = true
	must(t, x.Append(bg(t), r))
	must(t, x.Append(bg(t), r)) // again
	if v := got[store.Receipt](t)(x.Get(bg(t), "r2")); !v.Same(r) {
		t.Errorf("%+v, want %+v", v, r)
	}
	for what, o := range map[string]store.Receipt{"other body": receipt("r2", "s1", 1, verdict.Ready), "other student": receipt("r2", "s2", 1, verdict.Ready)} {
		wantErr(t, what, x.Append(bg(t), o), store.ErrExists)
	}
	o := r
	o.Exam = "e2"
	wantErr(t, "other exam", x.Append(bg(t), o), store.ErrExists)
	_, err := x.Get(bg(t), "r9")
	wantErr(t, "get another", err, store.ErrNotFound)
	for _, id := range []string{"r3", "r1", "r5", "r4"} {
		must(t, x.Append(bg(t), receipt(id, "s2", 2, verdict.Marginal)))
	}
	o = receipt("r0", "s1", 1, verdict.NotReady)
	o.Exam = "e2"
	must(t, x.Append(bg(t), o))
	var ids string
	for _, r := range listReceipts(t, s, "e1") {
		ids += r.ID + " "
	}
	if want := "r1 r2 r3 r4 r5 "; ids != want {
		t.Errorf("list: %s, want %s", ids, want)
	}
	if v := listReceipts(t, s, "e9"); len(v) != 0 {
		t.Errorf("list of an unknown exam: %+v", v)
	}
}

func testStandings(t *testing.T, s store.Store) {
	x := s.Receipts()
	_, err := x.Standing(bg(t), "e1", "s1")
	wantErr(t, "no receipts", err, store.ErrNotFound)
	for _, r := range []store.Receipt{ // not in the order of their times
		receipt("a", "s1", 30, verdict.NotReady), receipt("b", "s1", 10, verdict.Ready), receipt("c", "s1", 20, verdict.Ready), receipt("d", "s1", 20, verdict.Inconclusive),
		receipt("e", "s2", 5, verdict.Inconclusive), receipt("g", "s2", 5, verdict.NotReady), receipt("f", "s2", 5, verdict.NotReady),
		receipt("h", "s0", 5, verdict.Marginal), receipt("i", "s0", 6, verdict.NotReady),
	} {
		must(t, x.Append(bg(t), r))
	}
	want := map[string][2]string{"s1": {"c", "a"}, "s2": {"g", "g"}, "s0": {"h", "i"}}
	for student, ids := range want {
		v := got[store.Standing](t)(x.Standing(bg(t), "e1", student))
		if v.Student != student || v.Best.ID != ids[0] || v.Last.ID != ids[1] || !bytes.HasPrefix(v.Best.Body, []byte("jws.")) {
			t.Errorf("%s: best %s, last %s, want %q", student, v.Best.ID, v.Last.ID, ids)
		}
	}
	all := pages(t, 2, standingOf, func(ctx context.Context, p store.Page) ([]store.Standing, error) { return x.Standings(ctx, "e1", p) })
	if len(all) != 3 || all[0].Student != "s0" || all[2].Student != "s2" || all[1].Best.ID != "c" {
		t.Errorf("standings: %+v", all)
	}
	early := pages(t, 1, standingOf, func(ctx context.Context, p store.Page) ([]store.Standing, error) {
		return x.StandingsBefore(ctx, "e1", at(10), p)
	})
	if len(early) != 2 || early[0].Best.ID != "h" || early[0].Last.ID != "i" || early[1].Student != "s2" || early[1].Best.ID != "g" {
		t.Errorf("standings before a time: %+v", early)
	}
	if early = got[[]store.Standing](t)(x.StandingsBefore(bg(t), "e1", at(11), store.Page{})); len(early) != 3 || early[1].Last.ID != "b" {
		t.Errorf("standings before a later time: %+v", early)
	}
}

func testEraseReceipts(t *testing.T, s store.Store) {
	x := s.Receipts()
	for _, r := range []store.Receipt{receipt("a", "s1", 1, verdict.Ready), receipt("b", "s2", 2, verdict.Ready), receipt("c", "s1", 3, verdict.NotReady)} {
		must(t, x.Append(bg(t), r))
	}
	other := receipt("d", "s1", 1, verdict.Ready)
	other.Exam = "e2"
	must(t, x.Append(bg(t), other))
	must(t, x.Erase(bg(t), "e1", "s1"))
	must(t, x.Erase(bg(t), "e1", "s1"))
	must(t, x.Erase(bg(t), "e9", "s1"))
	_, err := x.Standing(bg(t), "e1", "s1")
	wantErr(t, "standing", err, store.ErrNotFound)
	_, err = x.Get(bg(t), "a")
	wantErr(t, "get", err, store.ErrNotFound)
	if v := listReceipts(t, s, "e1"); len(v) != 1 || v[0].ID != "b" {
		t.Errorf("left: %+v", v)
	}
	if v := listReceipts(t, s, "e2"); len(v) != 1 {
		t.Errorf("left of another exam: %+v", v)
	}
	must(t, x.Append(bg(t), receipt("a", "s1", 9, verdict.Marginal))) // the identifier is free
	if v := got[store.Standing](t)(x.Standing(bg(t), "e1", "s1")); v.Best.Outcome != verdict.Marginal {
		t.Errorf("after it was erased: %+v", v)
	}
}

func testInvalidReceipts(t *testing.T, s store.Store) {
	for what, change := range map[string]func(*store.Receipt){
		"no identifier": func(r *store.Receipt) { r.ID = "" },
		"no exam":       func(r *store.Receipt) { r.Exam = "" },
		"no student":    func(r *store.Receipt) { r.Student = "" },
		"outcome":       func(r *store.Receipt) { r.Outcome = "fine" },
	} {
		r := receipt("r", "s", 1, verdict.Ready)
		change(&r)
		wantErr(t, what, s.Receipts().Append(bg(t), r), store.ErrInvalid)
	}
	r := receipt("r", "s", 1, verdict.Ready)
	r.Body = bytes.Repeat([]byte{'x'}, store.MaxBody+1)
	wantErr(t, "long", s.Receipts().Append(bg(t), r), store.ErrTooLarge)
	r.Body = r.Body[1:]
	must(t, s.Receipts().Append(bg(t), r))
	if v := got[store.Receipt](t)(s.Receipts().Get(bg(t), "r")); !v.Same(r) {
		t.Errorf("the longest: %d bytes", len(v.Body))
	}
}

func head(session, student string, line uint64) store.RecordHead {
	return store.RecordHead{Session: session, Exam: "e1", Student: student, Record: store.Hash{9}, Line: line, Hash: store.Hash{byte(line), 1: 7}, At: at(int(line % 1000))}
}

func listHeads(t *testing.T, s store.Store, exam string) []store.RecordHead {
	return pages(t, 2, sessionOf, func(ctx context.Context, p store.Page) ([]store.RecordHead, error) {
		return s.Records().List(ctx, exam, p)
	})
}

func testRecords(t *testing.T, s store.Store) {
	x := s.Records()
	_, err := x.Head(bg(t), "c")
	wantErr(t, "no head", err, store.ErrNotFound)
	wantErr(t, "line 0", x.Append(bg(t), head("c", "s1", 0)), store.ErrInvalid)
	wantErr(t, "line 2^63", x.Append(bg(t), head("c", "s1", 1<<63)), store.ErrInvalid)
	must(t, x.Append(bg(t), head("c", "s1", 3)))
	must(t, x.Append(bg(t), head("c", "s1", 3))) // again
	other := head("c", "s1", 3)
	other.Hash[31] = 1
	wantErr(t, "another hash", x.Append(bg(t), other), store.ErrConflict)
	wantErr(t, "a line before", x.Append(bg(t), head("c", "s1", 2)), store.ErrConflict)
	wantErr(t, "another student", x.Append(bg(t), head("c", "s2", 4)), store.ErrConflict)
	other = head("c", "s1", 4)
	other.Record[0] = 1
	wantErr(t, "another record", x.Append(bg(t), other), store.ErrConflict)
	must(t, x.Append(bg(t), head("c", "s1", 1<<63-1)))
	if v := got[store.RecordHead](t)(x.Head(bg(t), "c")); v != head("c", "s1", 1<<63-1) {
		t.Errorf("%+v", v)
	}
	for _, id := range []string{"b", "d", "a"} {
		must(t, x.Append(bg(t), head(id, "s2", 1)))
	}
	var ids string
	for _, h := range listHeads(t, s, "e1") {
		ids += h.Session
	}
	if ids != "abcd" || len(listHeads(t, s, "e9")) != 0 {
		t.Errorf("list: %s", ids)
	}
}

func testEraseRecords(t *testing.T, s store.Store) {
	x := s.Records()
	for _, h := range []store.RecordHead{head("a", "s1", 1), head("b", "s2", 1), head("c", "s1", 5)} {
		must(t, x.Append(bg(t), h))
	}
	must(t, x.Erase(bg(t), "e1", "s1"))
	must(t, x.Erase(bg(t), "e1", "s1"))
	_, err := x.Head(bg(t), "c")
	wantErr(t, "head", err, store.ErrNotFound)
	if v := listHeads(t, s, "e1"); len(v) != 1 || v[0].Session != "b" {
		t.Errorf("left: %+v", v)
	}
}

func live(id, state string) store.LiveSession {
	return store.LiveSession{ID: id, Exam: "e1", Student: "s-" + id, Token: "t", Purpose: "watch", Transport: "udp", State: state, LastPacket: at(1)}
}

func testSessions(t *testing.T, s store.Store) {
	x := s.Sessions()
	for _, id := range []string{"b", "c", "a"} {
		must(t, x.Put(bg(t), live(id, "live")))
	}
	must(t, x.Put(bg(t), live("b", "dropped")))
	must(t, x.Remove(bg(t), "c"))
	must(t, x.Remove(bg(t), "c"))
	wantErr(t, "no identifier", x.Put(bg(t), live("", "live")), store.ErrInvalid)
	v := pages(t, 1, sessionID, x.List)
	if len(v) != 2 || v[0] != live("a", "live") || v[1] != live("b", "dropped") {
		t.Errorf("%+v", v)
	}
}
