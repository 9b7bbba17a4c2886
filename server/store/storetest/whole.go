package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/probe/verdict"
	"examlink/server/store"
)

// fill puts something of everything into a store.
func fill(t *testing.T, s store.Store) {
	must(t, s.Exams().Create(bg(t), exam("e1")))
	must(t, s.Exams().Create(bg(t), exam("e2")))
	var students []store.Student
	for i := range 300 {
		students = append(students, store.Student{ID: numbered("s", i), Contact: store.Contact(numbered("c", i)), Group: "<g>", Site: "home"})
	}
	must(t, s.Roster().Put(bg(t), "e1", students))
	must(t, s.Roster().Put(bg(t), "e2", students[:3]))
	must(t, s.Roster().Remove(bg(t), "e1", students[7].ID))
	must(t, s.Attendances().Note(bg(t), "e1", at(5), numbered("s", 3), numbered("s", 9)))
	must(t, s.Exams().Close(bg(t), "e1"))
	for i := range 30 {
		must(t, s.Receipts().Append(bg(t), receipt(numbered("r", i), numbered("s", i%10), i, verdict.Outcomes()[i%4])))
		must(t, s.Records().Append(bg(t), head(numbered("l", i%10), numbered("s", i%10), uint64(i+1))))
		must(t, s.Sessions().Put(bg(t), live(numbered("l", i%10), "live")))
	}
	must(t, s.Tokens().Add(bg(t), []store.Token{token("t1", "s1"), token("t2", "s2"), token("t3", "s3")}))
	must(t, s.Tokens().Revoke(bg(t), "t1"))
	must(t, s.Tokens().Open(bg(t), "t2", at(5)))
	must(t, s.Tokens().Erase(bg(t), "e1", "s3"))
	must(t, s.SignIns().Open(bg(t), signIn("i1", "p1", "l1")))
	must(t, s.SignIns().Open(bg(t), signIn("i2", "p2", "")))
	must(t, s.SignIns().End(bg(t), "p2"))
	must(t, s.Receipts().Erase(bg(t), "e1", numbered("s", 3)))
	must(t, s.Records().Erase(bg(t), "e1", numbered("s", 3)))
	must(t, s.Sessions().Remove(bg(t), numbered("l", 3)))
	got[uint64](t)(s.Events().Append(bg(t), []store.LoggedEvent{logged("a", "state", "s1", 1), logged("a", "state", "s2", 2)}))
	got[store.Membership](t)(s.Members().Beat(bg(t), store.Member{ID: "a"}))
	must(t, s.Members().Lead(bg(t), "a", 0))
	got[uint64](t)(s.Values().Put(bg(t), "v", []byte{0, 1}, 0))
	must(t, s.Audit().Append(bg(t), entry(store.Viewed, "e1", "s1", 1), entry(store.Issued, "e1", "s2", 2), entry(store.Issued, "e2", "", 3)))
	got[store.Removed](t)(s.Expire(bg(t), at(3602), store.Retention{Audit: time.Hour}))
	q := openQueue(t, s, "proctors")
	for i := range 30 {
		n := got[uint64](t)(q.Put(bg(t), message(numbered("m", i))))
		switch i % 3 {
		case 0:
			must(t, q.Delivered(bg(t), n))
		case 1:
			must(t, q.GiveUp(bg(t), n, store.Reason{Why: "old", At: at(i)}))
		}
	}
	must(t, q.Close())
}

// fillMore changes what fill put there.
func fillMore(t *testing.T, s store.Store) {
	wantErr(t, "create again", s.Exams().Create(bg(t), exam("e1")), store.ErrExists)
	e := exam("e2")
	e.Title = "later"
	must(t, s.Exams().Update(bg(t), e))
	must(t, s.Roster().Put(bg(t), "e2", []store.Student{{ID: numbered("s", 1), Contact: "other"}}))
	must(t, s.Receipts().Append(bg(t), receipt("last", numbered("s", 1), 99, verdict.Ready)))
	wantErr(t, "an earlier line", s.Records().Append(bg(t), head(numbered("l", 1), numbered("s", 1), 1)), store.ErrConflict)
	must(t, s.Sessions().Put(bg(t), live(numbered("l", 1), "dropped")))
	if n := got[uint64](t)(s.Events().Append(bg(t), []store.LoggedEvent{logged("b", "state", "s1", 3)})); n != 3 {
		t.Errorf("number %d after 2", n)
	}
	if v := got[uint64](t)(s.Values().Put(bg(t), "v", nil, 1)); v != 2 {
		t.Errorf("version %d after 1", v)
	}
	must(t, s.Audit().Append(bg(t), entry(store.Viewed, "e1", "s2", 9)))
	q := openQueue(t, s, "proctors")
	must(t, q.Delivered(bg(t), got[[]store.Message](t)(q.Waiting(bg(t)))[0].Number))
	if n := got[uint64](t)(q.Put(bg(t), message("last"))); n <= 30 {
		t.Errorf("number %d after 30", n)
	}
	must(t, q.Close())
}

// describe is all that a store has.
func describe(t *testing.T, s store.Store) string {
	t.Helper()
	var b strings.Builder
	for _, e := range pages(t, 10, examID, s.Exams().List) {
		fmt.Fprintf(&b, "%+v\n", e)
		for _, x := range pages(t, 100, studentID, func(ctx context.Context, p store.Page) ([]store.Student, error) { return s.Roster().List(ctx, e.ID, p) }) {
			fmt.Fprintf(&b, "%+v %s\n", x, string(x.Contact))
		}
		b.WriteString(attended(t, s, e.ID, 100) + "\n")
		for _, x := range listTokens(t, s, e.ID) {
			fmt.Fprintf(&b, "%+v\n", x)
		}
		for _, x := range listReceipts(t, s, e.ID) {
			fmt.Fprintf(&b, "%+v\n", x)
		}
		for _, x := range pages(t, 10, standingOf, func(ctx context.Context, p store.Page) ([]store.Standing, error) {
			return s.Receipts().Standings(ctx, e.ID, p)
		}) {
			fmt.Fprintf(&b, "%s %s %s\n", x.Student, x.Best.ID, x.Last.ID)
		}
		for _, x := range listHeads(t, s, e.ID) {
			fmt.Fprintf(&b, "%+v\n", x)
		}
	}
	for _, x := range pages(t, 10, sessionID, s.Sessions().List) {
		fmt.Fprintf(&b, "%+v\n", x)
	}
	for _, x := range tail(t, s, 0) {
		fmt.Fprintf(&b, "%+v\n", x)
	}
	fmt.Fprintf(&b, "%+v\n", got[store.Value](t)(s.Values().Get(bg(t), "v")))
	for _, id := range []string{"i1", "i2"} {
		v, err := s.SignIns().Get(bg(t), id)
		fmt.Fprintf(&b, "%+v %t\n", v, err == nil)
	}
	fmt.Fprintf(&b, "%+v %+v\n", verifyAudit(t, s), got[store.AuditEnds](t)(s.Audit().Ends(bg(t))))
	q := openQueue(t, s, "proctors")
	for _, x := range got[[]store.Message](t)(q.Waiting(bg(t))) {
		fmt.Fprintf(&b, "%d %s %s\n", x.Number, x.ID, x.Body)
	}
	fmt.Fprintf(&b, "%+v\n", got[[]store.Undelivered](t)(q.Undelivered(bg(t))))
	must(t, q.Close())
	return b.String()
}

// testCopies sees that callers may change what they gave and got, and that contacts
// neither print nor log.
func testCopies(t *testing.T, s store.Store) {
	r := receipt("r", "s1", 1, verdict.Ready)
	given := r
	given.Body = bytes.Clone(r.Body)
	must(t, s.Receipts().Append(bg(t), given))
	given.Body[0] = '!'
	got[store.Receipt](t)(s.Receipts().Get(bg(t), "r")).Body[0] = '!'
	got[store.Standing](t)(s.Receipts().Standing(bg(t), "e1", "s1")).Best.Body[0] = '!'
	got[[]store.Receipt](t)(s.Receipts().List(bg(t), "e1", store.Page{}))[0].Body[0] = '!'
	if v := got[store.Receipt](t)(s.Receipts().Get(bg(t), "r")); !v.Same(r) {
		t.Errorf("changed: %s", v.Body)
	}
	q := openQueue(t, s, "q")
	m := message("m")
	must(t, func() error { _, err := q.Put(bg(t), m); return err }())
	m.Body[0] = '!'
	got[[]store.Message](t)(q.Waiting(bg(t)))[0].Body[0] = '!'
	if v := got[[]store.Message](t)(q.Waiting(bg(t))); !json.Valid(v[0].Body) {
		t.Errorf("changed: %s", v[0].Body)
	}
	must(t, s.Exams().Create(bg(t), exam("e1")))
	must(t, s.Roster().Put(bg(t), "e1", []store.Student{{ID: "s1", Contact: "secret@example.org"}}))
	list := got[[]store.Student](t)(s.Roster().List(bg(t), "e1", store.Page{}))
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "list", list, "one", list[0], "contact", list[0].Contact)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "list", list, "one", list[0], "contact", list[0].Contact)
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x", list, list, list, list[0].Contact, list[0].Contact, list[0].Contact)
	if strings.Contains(out.String(), "secret") || strings.Contains(out.String(), "736563726574") {
		t.Errorf("a contact: %s", out.String())
	}
}

// calls are methods of every interface.
func calls(ctx context.Context, s store.Store) map[string]error {
	_, get := s.Exams().Get(ctx, "e1")
	_, list := s.Roster().List(ctx, "e1", store.Page{})
	_, standings := s.Receipts().Standings(ctx, "e1", store.Page{})
	_, heads := s.Records().List(ctx, "e1", store.Page{})
	_, sessions := s.Sessions().List(ctx, store.Page{})
	_, tokens := s.Tokens().List(ctx, "e1", store.Page{})
	_, signedIn := s.SignIns().Get(ctx, "i")
	_, attendances := s.Attendances().List(ctx, "e1", store.Page{})
	_, audit := s.Audit().List(ctx, store.AuditFilter{}, store.AuditPage{})
	_, ends := s.Audit().Ends(ctx)
	_, about := s.About(ctx, "e1", "s")
	_, queue := s.Queue(ctx, "another")
	_, erase := s.Erase(ctx, "e1", "s")
	_, expire := s.Expire(ctx, at(0), store.Retention{Receipts: time.Hour})
	_, after := s.Events().After(ctx, 0)
	_, appended := s.Events().Append(ctx, []store.LoggedEvent{logged("a", "state", "s", 1)})
	_, trimmed := s.Events().Trim(ctx, at(0))
	_, beat := s.Members().Beat(ctx, store.Member{ID: "a"})
	_, adopted := s.Sessions().Adopt(ctx, "a", nil)
	_, value := s.Values().Get(ctx, "v")
	_, put := s.Values().Put(ctx, "v", nil, 0)
	return map[string]error{
		"Events.After": after, "Events.Append": appended, "Events.Trim": trimmed, "Members.Beat": beat, "Members.Lead": s.Members().Lead(ctx, "a", 0),
		"Members.Leave": s.Members().Leave(ctx, "a"), "Sessions.Adopt": adopted, "Values.Get": value, "Values.Put": put,
		"Exams.Create": s.Exams().Create(ctx, exam("x")), "Exams.Get": get, "Exams.Close": s.Exams().Close(ctx, "e1"),
		"Roster.Put": s.Roster().Put(ctx, "e1", []store.Student{{ID: "s"}}), "Roster.List": list, "Roster.Remove": s.Roster().Remove(ctx, "e1", "s1"),
		"Attendances.Note": s.Attendances().Note(ctx, "e1", at(1), "s"), "Attendances.List": attendances,
		"Receipts.Append": s.Receipts().Append(ctx, receipt("r", "s", 1, verdict.Ready)), "Receipts.Standings": standings, "Receipts.Erase": s.Receipts().Erase(ctx, "e1", "s"),
		"Records.Append": s.Records().Append(ctx, head("a", "s", 1)), "Records.List": heads, "Records.Erase": s.Records().Erase(ctx, "e1", "s"),
		"Tokens.Add": s.Tokens().Add(ctx, []store.Token{token("t", "s")}), "Tokens.List": tokens, "Tokens.Open": s.Tokens().Open(ctx, "t", at(1)), "Tokens.Erase": s.Tokens().Erase(ctx, "e1", "s"),
		"SignIns.Open": s.SignIns().Open(ctx, signIn("i", "p", "")), "SignIns.Get": signedIn, "SignIns.End": s.SignIns().End(ctx, "p"),
		"Audit.Append": s.Audit().Append(ctx, entry(store.Viewed, "e1", "", 1)), "Audit.List": audit, "Audit.Ends": ends, "About": about,
		"Sessions.Put": s.Sessions().Put(ctx, live("l", "live")), "Sessions.List": sessions, "Sessions.Remove": s.Sessions().Remove(ctx, "l"), "Queue": queue, "Erase": erase, "Expire": expire,
	}
}

func testContexts(t *testing.T, s store.Store) {
	must(t, s.Exams().Create(bg(t), exam("e1")))
	q := openQueue(t, s, "q")
	n := got[uint64](t)(q.Put(bg(t), message("m")))
	ctx, cancel := context.WithCancel(bg(t))
	cancel()
	for what, err := range calls(ctx, s) {
		wantErr(t, what, err, context.Canceled)
	}
	_, err := q.Put(ctx, message("n"))
	wantErr(t, "Put", err, context.Canceled)
	wantErr(t, "Delivered", q.Delivered(ctx, n), context.Canceled)
	if e := got[store.Exam](t)(s.Exams().Get(bg(t), "e1")); e.Closed || waiting(t, q) != "m" {
		t.Errorf("changed: %+v, %s", e, waiting(t, q))
	}
}

func testClosed(t *testing.T, s store.Store) {
	q := openQueue(t, s, "q")
	must(t, errors.Join(s.Close(), s.Close()))
	for what, err := range calls(bg(t), s) {
		wantErr(t, what, err, store.ErrClosed)
	}
	_, err := q.Put(bg(t), message("m"))
	wantErr(t, "Put", err, store.ErrClosed)
	must(t, q.Close())
}

// together runs a function in many goroutines.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// testConcurrentChanges sees that each writer reads what it wrote, and nothing is
// lost.
func testConcurrentChanges(t *testing.T, s store.Store) {
	must(t, s.Exams().Create(bg(t), exam("e1")))
	const writers, each = 8, 20
	together(writers, func(w int) {
		for i := range each {
			id := fmt.Sprintf("%d-%02d", w, i)
			err := errors.Join(
				s.Roster().Put(bg(t), "e1", []store.Student{{ID: id}}),
				s.Receipts().Append(bg(t), receipt(id, id, i, verdict.Ready)),
				s.Records().Append(bg(t), head(fmt.Sprint(w), fmt.Sprint(w), uint64(i+1))),
				s.Sessions().Put(bg(t), live(id, "live")),
			)
			_, standing := s.Receipts().Standing(bg(t), "e1", id)
			_, student := s.Roster().Get(bg(t), "e1", id)
			h, line := s.Records().Head(bg(t), fmt.Sprint(w))
			if err := errors.Join(err, standing, student, line); err != nil || h.Line != uint64(i+1) {
				t.Errorf("%s: %v, line %d", id, err, h.Line)
			}
		}
	})
	students := pages(t, 50, studentID, func(ctx context.Context, p store.Page) ([]store.Student, error) { return s.Roster().List(ctx, "e1", p) })
	if n, r, l := len(students), len(listReceipts(t, s, "e1")), len(pages(t, 50, sessionID, s.Sessions().List)); n != writers*each || r != n || l != n {
		t.Errorf("%d students, %d receipts, %d sessions, want %d", n, r, l, writers*each)
	}
}

// testConcurrentClaims sees that one of many wins.
func testConcurrentClaims(t *testing.T, s store.Store) {
	var mu sync.Mutex
	created, taken := 0, 0
	together(16, func(i int) {
		e, h := exam("e1"), head("a", "s", 1)
		e.Title, h.Hash[0] = fmt.Sprint(i), byte(i)
		err, taking := s.Exams().Create(bg(t), e), s.Records().Append(bg(t), h)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			created++
		} else {
			wantErr(t, "create", err, store.ErrExists)
		}
		if taking == nil {
			taken++
		} else {
			wantErr(t, "append", taking, store.ErrConflict)
		}
	})
	if created != 1 || taken != 1 {
		t.Errorf("created %d times, taken %d times", created, taken)
	}
}

// testConcurrentQueue sees that numbers are unique and each message leaves once.
func testConcurrentQueue(t *testing.T, s store.Store) {
	q := openQueue(t, s, "q")
	var left, twice sync.Map
	together(8, func(w int) {
		for i := range 25 {
			n, err := q.Put(bg(t), message(fmt.Sprintf("%d-%d", w, i)))
			if _, again := twice.LoadOrStore(n, true); err != nil || again {
				t.Errorf("number %d again, or %v", n, err)
			}
			list, err := q.Waiting(bg(t))
			if err != nil || len(list) == 0 {
				continue
			}
			if q.Delivered(bg(t), list[0].Number) == nil {
				if _, again := left.LoadOrStore(list[0].Number, true); again {
					t.Errorf("message %d left twice", list[0].Number)
				}
			}
		}
	})
	n := 0
	left.Range(func(any, any) bool { n++; return true })
	if list := got[[]store.Message](t)(q.Waiting(bg(t))); n+len(list) != 200 {
		t.Errorf("%d left, %d wait, want 200", n, len(list))
	}
}
