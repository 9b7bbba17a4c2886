package storetest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"examlink/server/store"
)

func testExams(t *testing.T, s store.Store) {
	x := s.Exams()
	e := exam("e1")
	e.Closed = true // not by Create
	e.Start = e.Start.In(time.FixedZone("", 3600)).Add(999)
	must(t, x.Create(bg(t), e))
	want := exam("e1")
	if v := got[store.Exam](t)(x.Get(bg(t), "e1")); v != want {
		t.Errorf("%+v, want %+v", v, want)
	}
	wantErr(t, "create again", x.Create(bg(t), exam("e1")), store.ErrExists)
	_, err := x.Get(bg(t), "e2")
	wantErr(t, "get another", err, store.ErrNotFound)
	wantErr(t, "update another", x.Update(bg(t), exam("e2")), store.ErrNotFound)
	wantErr(t, "close another", x.Close(bg(t), "e2"), store.ErrNotFound)
	want.Title, want.End = "Geometry", at(9000)
	must(t, x.Update(bg(t), want))
	if v := got[store.Exam](t)(x.Get(bg(t), "e1")); v != want {
		t.Errorf("updated: %+v, want %+v", v, want)
	}
	must(t, x.Close(bg(t), "e1"))
	must(t, x.Close(bg(t), "e1"))
	wantErr(t, "update a closed one", x.Update(bg(t), exam("e1")), store.ErrConflict)
	want.Closed = true
	if v := got[store.Exam](t)(x.Get(bg(t), "e1")); v != want {
		t.Errorf("closed: %+v, want %+v", v, want)
	}
}

func testInvalidExams(t *testing.T, s store.Store) {
	for what, change := range map[string]func(*store.Exam){
		"no identifier": func(e *store.Exam) { e.ID = "" },
		"no zone":       func(e *store.Exam) { e.Zone = "" },
		"no policy":     func(e *store.Exam) { e.Policy = "" },
		"no start":      func(e *store.Exam) { e.Start = time.Time{} },
		"ends at once":  func(e *store.Exam) { e.End = e.Start.Add(time.Nanosecond) },
		"zero byte":     func(e *store.Exam) { e.Title = "a\x00b" },
		"not UTF-8":     func(e *store.Exam) { e.Title = "a\xffb" },
		"long title":    func(e *store.Exam) { e.Title = strings.Repeat("x", store.MaxText+1) },
	} {
		e := exam("e1")
		change(&e)
		wantErr(t, what, s.Exams().Create(bg(t), e), store.ErrInvalid)
	}
	for i, title := range []string{"", "Prüfung «Ä» 試験 🎓", "a\tb\nc", `"quoted" \ '; DROP TABLE exams; --`, strings.Repeat("x", store.MaxText), "\u2028%_?$1"} {
		e := exam(fmt.Sprint("e", i))
		e.Title = title
		must(t, s.Exams().Create(bg(t), e))
		if v := got[store.Exam](t)(s.Exams().Get(bg(t), e.ID)); v != e {
			t.Errorf("%+v, want %+v", v, e)
		}
	}
}

func testPaging(t *testing.T, s store.Store) {
	ids := []string{"B", "Z", "a", "a-b", "a.b", "aa", "b", "ä", "試"} // ordered by their bytes
	for i := range ids {
		must(t, s.Exams().Create(bg(t), exam(ids[(i*5+3)%len(ids)])))
	}
	for limit := range len(ids) + 2 {
		var list []string
		for _, e := range pages(t, limit, examID, s.Exams().List) {
			list = append(list, e.ID)
		}
		if !reflect.DeepEqual(list, ids) {
			t.Errorf("in pages of %d: %q, want %q", limit, list, ids)
		}
	}
	if v := got[[]store.Exam](t)(s.Exams().List(bg(t), store.Page{After: "a-", Limit: 1})); len(v) != 1 || v[0].ID != "a-b" {
		t.Errorf("after one that is not there: %+v", v)
	}
	if v := got[[]store.Exam](t)(s.Exams().List(bg(t), store.Page{After: "試"})); len(v) != 0 {
		t.Errorf("after the last one: %+v", v)
	}
}

func testRoster(t *testing.T, s store.Store) {
	r := s.Roster()
	one := store.Student{Exam: "e1", ID: "s1", Contact: "one@example.org", Group: "A", Site: "home"}
	wantErr(t, "no exam", r.Put(bg(t), "e1", []store.Student{one}), store.ErrNotFound)
	must(t, s.Exams().Create(bg(t), exam("e1")))
	must(t, s.Exams().Create(bg(t), exam("e2")))
	must(t, r.Put(bg(t), "e1", nil))
	must(t, r.Put(bg(t), "e1", []store.Student{{ID: "s2"}, {Exam: "e2", ID: "s1", Contact: one.Contact, Group: "A", Site: "home"}}))
	must(t, r.Put(bg(t), "e2", []store.Student{{ID: "s1", Group: "B"}}))
	if v := got[store.Student](t)(r.Get(bg(t), "e1", "s1")); v != one {
		t.Errorf("%#v", v)
	}
	one.Contact, one.Group = "two@example.org", ""
	must(t, r.Put(bg(t), "e1", []store.Student{{ID: "s1", Group: "first"}, one})) // the last one counts
	if v := got[store.Student](t)(r.Get(bg(t), "e1", "s1")); v != one || string(v.Contact) != "two@example.org" {
		t.Errorf("replaced: %#v", v)
	}
	list := func(exam string) []store.Student {
		return pages(t, 1, studentID, func(ctx context.Context, p store.Page) ([]store.Student, error) { return r.List(ctx, exam, p) })
	}
	if v := list("e1"); len(v) != 2 || v[0] != one || v[1].ID != "s2" {
		t.Errorf("list: %#v", v)
	}
	if v := list("e9"); len(v) != 0 {
		t.Errorf("list of an unknown exam: %#v", v)
	}
	must(t, s.Exams().Close(bg(t), "e1"))
	wantErr(t, "put, closed", r.Put(bg(t), "e1", []store.Student{one}), store.ErrConflict)
	must(t, r.Remove(bg(t), "e1", "s1", "s1", "nobody"))
	must(t, r.Remove(bg(t), "e1", "s1"))
	_, err := r.Get(bg(t), "e1", "s1")
	wantErr(t, "get a removed one", err, store.ErrNotFound)
	if len(list("e1")) != 1 || len(list("e2")) != 1 {
		t.Errorf("removed too much or too little: %#v %#v", list("e1"), list("e2"))
	}
}

func testRosterAllOrNothing(t *testing.T, s store.Store) {
	must(t, s.Exams().Create(bg(t), exam("e1")))
	err := s.Roster().Put(bg(t), "e1", []store.Student{{ID: "s1"}, {ID: ""}, {ID: "s3"}})
	wantErr(t, "one without identifier", err, store.ErrInvalid)
	if v := got[[]store.Student](t)(s.Roster().List(bg(t), "e1", store.Page{})); len(v) != 0 {
		t.Errorf("a part was put: %#v", v)
	}
}

// large is how many students an exam may have.
const large = 10_000

func testLargeRoster(t *testing.T, s store.Store) {
	must(t, s.Exams().Create(bg(t), exam("e1")))
	var students []store.Student
	for i := range large {
		students = append(students, store.Student{ID: numbered("s", (i*7919)%large), Contact: store.Contact(numbered("c", i) + "@example.org"), Site: "home"})
	}
	began := time.Now()
	must(t, s.Roster().Put(bg(t), "e1", students))
	list := pages(t, store.MaxPage, studentID, func(ctx context.Context, p store.Page) ([]store.Student, error) { return s.Roster().List(ctx, "e1", p) })
	if len(list) != large || list[0].ID != numbered("s", 0) || list[large-1].ID != numbered("s", large-1) {
		t.Errorf("%d students", len(list))
	}
	if v := got[[]store.Student](t)(s.Roster().List(bg(t), "e1", store.Page{Limit: 10 * store.MaxPage})); len(v) != store.MaxPage {
		t.Errorf("%d on a page, want %d", len(v), store.MaxPage)
	}
	var half []string
	for _, v := range list[:large/2] {
		half = append(half, v.ID)
	}
	must(t, s.Roster().Remove(bg(t), "e1", half...))
	if v := got[[]store.Student](t)(s.Roster().List(bg(t), "e1", store.Page{Limit: 1})); len(v) != 1 || v[0].ID != numbered("s", large/2) {
		t.Errorf("half removed: %#v", v)
	}
	t.Logf("%d students put and listed, half of them removed: %v", large, time.Since(began).Round(time.Millisecond))
}

// testForeignIdentifiers sees that what cannot be an identifier is not found, as
// anything else that is not there.
func testForeignIdentifiers(t *testing.T, s store.Store) {
	must(t, s.Exams().Create(bg(t), exam("e1")))
	must(t, s.Roster().Put(bg(t), "e1", []store.Student{{ID: "s1"}}))
	for _, id := range []string{"", "a\x00b", "a\xffb", strings.Repeat("x", 2*store.MaxText)} {
		_, get := s.Exams().Get(bg(t), id)
		_, student := s.Roster().Get(bg(t), "e1", id)
		_, receipt := s.Receipts().Get(bg(t), id)
		_, standing := s.Receipts().Standing(bg(t), "e1", id)
		_, head := s.Records().Head(bg(t), id)
		for what, err := range map[string]error{"exam": get, "student": student, "receipt": receipt, "standing": standing, "head": head, "close": s.Exams().Close(bg(t), id)} {
			wantErr(t, fmt.Sprintf("%s %q", what, id), err, store.ErrNotFound)
		}
		must(t, s.Roster().Remove(bg(t), "e1", id, "s1"))
		must(t, s.Roster().Put(bg(t), "e1", []store.Student{{ID: "s1"}}))
		must(t, s.Receipts().Erase(bg(t), "e1", id))
		must(t, s.Records().Erase(bg(t), id, "s1"))
		must(t, s.Sessions().Remove(bg(t), id))
		if list, err := s.Roster().List(bg(t), id, store.Page{}); len(list) != 0 || err != nil {
			t.Errorf("roster of exam %q: %+v, %v", id, list, err)
		}
	}
}
