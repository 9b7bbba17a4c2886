package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"examlink/server/store"
)

func entry(action store.Action, exam, student string, second int) store.AuditEntry {
	return store.AuditEntry{At: at(second), Role: "operator", Identity: "admin-token", Action: action, Exam: exam, Student: student, Result: store.OK}
}

// listAudit reads the whole log, page by page.
func listAudit(t *testing.T, s store.Store, f store.AuditFilter, limit int) (all []store.AuditEntry) {
	t.Helper()
	p := store.AuditPage{Limit: limit}
	for {
		some := got[[]store.AuditEntry](t)(s.Audit().List(bg(t), f, p))
		if len(some) > p.Size() {
			t.Fatalf("%d entries on a page of %d", len(some), p.Size())
		}
		all = append(all, some...)
		if len(some) < p.Size() {
			return all
		}
		p.After = some[len(some)-1].Number
	}
}

// verifyAudit verifies the whole log and returns its entries.
func verifyAudit(t *testing.T, s store.Store) []store.AuditEntry {
	t.Helper()
	ends := got[store.AuditEnds](t)(s.Audit().Ends(bg(t)))
	c, all := store.NewAuditCheck(ends), listAudit(t, s, store.AuditFilter{}, 7)
	for _, e := range all {
		c.Add(e)
	}
	c.Close()
	for _, f := range c.Flaws {
		t.Errorf("entry %d: %s", f.Number, f.Problem)
	}
	return all
}

func testAudit(t *testing.T, s store.Store) {
	x := s.Audit()
	if ends := got[store.AuditEnds](t)(x.Ends(bg(t))); ends != (store.AuditEnds{}) || len(verifyAudit(t, s)) != 0 {
		t.Errorf("an empty log: %+v", ends)
	}
	must(t, x.Append(bg(t)))
	given := entry(store.Viewed, "e1", "", 0)
	given.Identity, given.Subject, given.Detail, given.At = `admin-token:"<é>\`, "t-1", "sessions & more", given.At.Add(999*time.Nanosecond)
	refused := entry(store.Erased, "e1", "s2", 3)
	refused.Role, refused.Identity, refused.Result, refused.Reason = "proctor", "p-7", store.Refused, "not for the role proctor"
	must(t, x.Append(bg(t), given, entry(store.Issued, "e1", "s1", 1)))
	must(t, x.Append(bg(t), entry(store.Issued, "e2", "s1", 2), refused, entry(store.Viewed, "", "", 4)))
	all := verifyAudit(t, s)
	if len(all) != 5 || all[0].Number != 1 || !all[0].At.Equal(at(0)) || all[0].Identity != given.Identity || all[0].Subject != "t-1" || all[0].Detail != given.Detail ||
		all[1].Student != "s1" || all[3].Reason != refused.Reason || all[1].Mark.Digest == all[2].Mark.Digest {
		t.Errorf("%+v", all)
	}
	for name, c := range map[string]struct {
		f    store.AuditFilter
		want string
	}{
		"exam":            {store.AuditFilter{Exam: "e1"}, "1 2 4 "},
		"student":         {store.AuditFilter{Exam: "e1", Student: "s1"}, "2 "},
		"role":            {store.AuditFilter{Who: "operator"}, "1 2 3 5 "},
		"identity":        {store.AuditFilter{Who: "p-7"}, "4 "},
		"account":         {store.AuditFilter{Who: `"<é>\`}, "1 "},
		"since":           {store.AuditFilter{Since: at(2)}, "3 4 5 "},
		"since, finer":    {store.AuditFilter{Since: at(2).Add(time.Nanosecond)}, "4 5 "},
		"several":         {store.AuditFilter{Exam: "e1", Who: "operator", Since: at(1)}, "2 "},
		"nobody":          {store.AuditFilter{Who: "p"}, ""},
		"no text":         {store.AuditFilter{Exam: "a\x00b"}, ""},
		"before all time": {store.AuditFilter{Since: time.Time{}}, "1 2 3 4 5 "},
	} {
		numbers := ""
		for _, e := range listAudit(t, s, c.f, 1) {
			numbers += fmt.Sprint(e.Number, " ")
		}
		if numbers != c.want {
			t.Errorf("%s: %s, want %s", name, numbers, c.want)
		}
	}
}

func testInvalidAudit(t *testing.T, s store.Store) {
	for name, change := range map[string]func(*store.AuditEntry){
		"no role": func(e *store.AuditEntry) { e.Role = "" }, "an action of none": func(e *store.AuditEntry) { e.Action = "looked" },
		"a result of none": func(e *store.AuditEntry) { e.Result = "" }, "no time": func(e *store.AuditEntry) { e.At = time.Time{} },
		"a line break": func(e *store.AuditEntry) { e.Detail = "a\nb" }, "a zero byte": func(e *store.AuditEntry) { e.Student = "a\x00" },
		"too much": func(e *store.AuditEntry) { e.Reason = strings.Repeat("x", store.MaxText+1) },
	} {
		e := entry(store.Viewed, "e1", "s1", 0)
		change(&e)
		wantErr(t, name, s.Audit().Append(bg(t), entry(store.Viewed, "e1", "s1", 0), e), store.ErrInvalid)
		ctx, _ := store.Audited(bg(t), e)
		wantErr(t, name+", with a change", s.Exams().Create(ctx, exam("e1")), store.ErrInvalid)
	}
	if all := verifyAudit(t, s); len(all) != 0 {
		t.Errorf("%+v", all)
	}
	_, err := s.Exams().Get(bg(t), "e1")
	wantErr(t, "the exam", err, store.ErrNotFound)
}

// testAudited sees that a change and its entries come together, and once.
func testAudited(t *testing.T, s store.Store) {
	numbers := func(want ...store.Action) {
		t.Helper()
		var got []store.Action
		for _, e := range verifyAudit(t, s) {
			got = append(got, e.Action)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	ctx, c := store.Audited(bg(t), entry(store.Created, "e1", "", 1))
	store.Describe(ctx, "one exam")
	must(t, s.Exams().Create(ctx, exam("e1")))
	if len(c.Entries()) != 0 {
		t.Errorf("still to be written: %+v", c.Entries())
	}
	numbers(store.Created)
	if e := verifyAudit(t, s)[0]; e.Detail != "one exam" {
		t.Errorf("%+v", e)
	}
	must(t, s.Exams().Update(ctx, exam("e1"))) // of the same request
	numbers(store.Created)
	again, c := store.Audited(bg(t), entry(store.Created, "e1", "s1", 2))
	wantErr(t, "create again", s.Exams().Create(again, exam("e1")), store.ErrExists)
	if len(c.Entries()) != 1 {
		t.Error("a change that failed has written its entries")
	}
	numbers(store.Created)
	must(t, s.Audit().Append(again, entry(store.Viewed, "e1", "", 3)))
	numbers(store.Created, store.Viewed)
	for action, change := range map[store.Action]func(context.Context) error{
		store.Imported: func(ctx context.Context) error { return s.Roster().Put(ctx, "e1", []store.Student{{ID: "s1"}}) },
		store.Issued:   func(ctx context.Context) error { return s.Tokens().Add(ctx, []store.Token{token("t1", "s1")}) },
		store.Changed:  func(ctx context.Context) error { return s.Exams().Update(ctx, exam("e1")) },
	} {
		before := len(verifyAudit(t, s))
		ctx, _ := store.Audited(bg(t), entry(action, "e1", "s1", 4))
		must(t, change(ctx))
		if all := verifyAudit(t, s); len(all) != before+1 || all[before].Action != action {
			t.Errorf("%s: %+v", action, all)
		}
	}
	before := len(verifyAudit(t, s))
	ctx, _ = store.Audited(bg(t), entry(store.Revoked, "e1", "s1", 5))
	must(t, s.Tokens().Revoke(ctx, "t1"))
	ctx, _ = store.Audited(bg(t), entry(store.Viewed, "e1", "s1", 6))
	must(t, s.Roster().Remove(ctx, "e1", "s1"))
	ctx, _ = store.Audited(bg(t), entry(store.ClosedExam, "e1", "", 7))
	must(t, s.Exams().Close(ctx, "e1"))
	if all := verifyAudit(t, s); len(all) != before+3 {
		t.Errorf("%+v", all)
	}
}

// testAuditErase sees that an erased student's pseudonym is gone from the log, which
// still holds.
func testAuditErase(t *testing.T, s store.Store) {
	must(t, s.Audit().Append(bg(t), entry(store.Issued, "e1", "s1", 1), entry(store.Issued, "e1", "s2", 1), entry(store.Issued, "e2", "s1", 1)))
	before := verifyAudit(t, s)
	ctx, _ := store.Audited(bg(t), entry(store.Erased, "e1", "s1", 2))
	if r := got[store.Removed](t)(s.Erase(ctx, "e1", "s1")); r.Audit != 2 {
		t.Errorf("%+v, want that the entry of the erasure counts, too", r)
	}
	all := verifyAudit(t, s)
	if len(all) != 4 || all[0].Student != "" || !all[0].Mark.Salt.IsZero() || all[0].Mark.Digest != before[0].Mark.Digest || all[0].Hash != before[0].Hash {
		t.Fatalf("%+v", all)
	}
	if all[3].Student != "" || all[3].Action != store.Erased || all[3].Mark.Digest != all[0].Mark.Digest || all[1].Student != "s2" || all[2].Student != "s1" {
		t.Errorf("%+v", all)
	}
	must(t, s.Audit().Append(bg(t), entry(store.Issued, "e1", "s1", 3)))
	if all = verifyAudit(t, s); all[4].Student != "s1" || all[4].Mark.Digest == all[0].Mark.Digest || all[0].Student != "" {
		t.Errorf("a student of the same pseudonym: %+v", all)
	}
}

func testAuditExpire(t *testing.T, s store.Store) {
	for i := range 30 {
		second := i * 100
		if i == 12 {
			second = 5000 // the clock was wrong: what comes after it stays with it
		}
		must(t, s.Audit().Append(bg(t), entry(store.Viewed, "e1", numbered("s", i/10), second)))
	}
	var many []store.AuditEntry
	for range 2500 { // more than are removed at once
		many = append(many, entry(store.Issued, "e2", "s", 3000))
	}
	must(t, s.Audit().Append(bg(t), many...))
	before := verifyAudit(t, s)
	keep := store.Retention{Audit: time.Hour}
	if r := got[store.Removed](t)(s.Expire(bg(t), at(3600), keep)); r != (store.Removed{}) {
		t.Errorf("removed %+v", r)
	}
	if r := got[store.Removed](t)(s.Expire(bg(t), at(3600+501), keep)); r != (store.Removed{Audit: 6}) {
		t.Errorf("removed %+v", r)
	}
	if r := got[store.Removed](t)(s.Expire(bg(t), at(3600+2000), keep)); r != (store.Removed{Audit: 6}) {
		t.Errorf("removed %+v", r)
	}
	after := verifyAudit(t, s)
	ends := got[store.AuditEnds](t)(s.Audit().Ends(bg(t)))
	if len(after) != len(before)-12 || after[0] != before[12] || ends.Base != before[11].End() || ends.Head != before[len(before)-1].End() {
		t.Errorf("%d left of %d, %+v", len(after), len(before), ends)
	}
	if r := got[store.Removed](t)(s.Expire(bg(t), at(9000), keep)); r != (store.Removed{Audit: 2518}) {
		t.Errorf("removed %+v", r)
	}
	must(t, s.Audit().Append(bg(t), entry(store.Viewed, "e1", "", 9000)))
	if all := verifyAudit(t, s); len(all) != 1 || all[0].Number != 2531 {
		t.Errorf("%+v", all)
	}
}

// testConcurrentAudit sees that there is one chain, whoever appends.
func testConcurrentAudit(t *testing.T, s store.Store) {
	ConcurrentAudit(t, s)
}

// ConcurrentAudit appends to one log by several stores at once, and verifies it.
func ConcurrentAudit(t *testing.T, stores ...store.Store) {
	const writers, each = 8, 20
	together(writers, func(w int) {
		s := stores[w%len(stores)]
		for i := range each {
			id := fmt.Sprintf("%d-%d", w, i)
			ctx, _ := store.Audited(bg(t), entry(store.Created, id, "", i))
			if err := s.Exams().Create(ctx, exam(id)); err != nil {
				t.Error(err)
			}
			if err := s.Audit().Append(bg(t), entry(store.Viewed, "e1", numbered("s", i%3), i), entry(store.Viewed, "e1", "", i)); err != nil {
				t.Error(err)
			}
		}
	})
	if all := verifyAudit(t, stores[0]); len(all) != 3*writers*each {
		t.Errorf("%d entries, want %d", len(all), 3*writers*each)
	}
}

func testAbout(t *testing.T, s store.Store) {
	must(t, s.Exams().Create(bg(t), exam("e1")))
	must(t, s.Roster().Put(bg(t), "e1", []store.Student{{ID: "s1", Contact: "c", Group: "g"}, {ID: "s2"}}))
	must(t, s.Tokens().Add(bg(t), []store.Token{token("t2", "s1"), token("t1", "s1"), token("t3", "s2")}))
	fillStudents(t, s, "a", 0)
	got[uint64](t)(s.Events().Append(bg(t), []store.LoggedEvent{logged("a", "state", "s1", 1), logged("a", "state", "s2", 2)}))
	a := got[store.About](t)(s.About(bg(t), "e1", "s1"))
	if a.Roster == nil || a.Roster.Contact != "c" || len(a.Tokens) != 2 || a.Tokens[0].ID != "t1" || len(a.Receipts) != 2 || len(a.Receipts[0].Body) == 0 ||
		len(a.Records) != 1 || len(a.Sessions) != 1 || len(a.Waiting) != 1 || len(a.Waiting[0].Body) == 0 || len(a.Undelivered) != 1 || a.Undelivered[0].Student != "s1" ||
		len(a.Events) != 1 || a.Events[0].Student != "s1" || !a.Connected.Equal(a.Sessions[0].LastPacket) {
		t.Errorf("%+v", a)
	}
	got[store.Removed](t)(s.Erase(bg(t), "e1", "s1"))
	for _, who := range [][2]string{{"e1", "s1"}, {"e2", "s2"}, {"e1", "a\x00"}, {"e1", ""}} {
		a := got[store.About](t)(s.About(bg(t), who[0], who[1]))
		if n := len(a.Tokens) + len(a.Receipts) + len(a.Records) + len(a.Sessions) + len(a.Waiting) + len(a.Undelivered) + len(a.Events); a.Roster != nil || n != 0 {
			t.Errorf("%q: %+v", who, a)
		}
	}
}
