package exam_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"examlink/probe/verdict"
	"examlink/server/exam"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// office is a manager over a store in memory, 200 hours before the exam.
type office struct {
	*exam.Manager
	store   *memory.Store
	revoked []string
	key     ed25519.PublicKey
}

func newOffice(t *testing.T) *office {
	t.Helper()
	public, key, _ := ed25519.GenerateKey(nil)
	o := &office{store: memory.New(), key: public}
	o.Manager = exam.NewManager(exam.ManagerOptions{
		Store: o.store, Now: func() time.Time { return begins.Add(-200 * time.Hour) }, Policies: func() []string { return []string{"default", "strict"} },
		Issuer:  func() exam.Issuer { return exam.Issuer{Key: key, Servers: []string{"exam.example.edu:8443"}} },
		Revoked: func(ids []string) { o.revoked = append(o.revoked, ids...) },
		Settle:  func(context.Context, string, string) error { return nil },
	})
	if _, err := o.Create(t.Context(), store.Exam{ID: "e1", Title: "Algebra", Start: begins, End: begins.Add(2 * time.Hour), Zone: "America/Denver"}); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) load(t *testing.T, csv string) exam.Preview {
	t.Helper()
	p, err := o.Compare(t.Context(), "e1", []byte(csv))
	if err == nil {
		p, err = o.Import(t.Context(), "e1", []byte(csv), p.Version)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (o *office) receipt(t *testing.T, student string, hours int, outcome verdict.Outcome) {
	t.Helper()
	at := begins.Add(-time.Duration(hours) * time.Hour)
	if err := o.store.Receipts().Append(t.Context(), store.Receipt{ID: fmt.Sprint(student, hours), Exam: "e1", Student: student, At: at, Outcome: outcome}); err != nil {
		t.Fatal(err)
	}
}

func TestCreateNamesEveryProblem(t *testing.T) {
	o := newOffice(t)
	e, err := o.Get(t.Context(), "e1")
	if err != nil || e.Policy != "default" || e.Zone != "America/Denver" || e.Closed {
		t.Fatalf("%+v, %v", e, err)
	}
	if _, err := o.Create(t.Context(), e); !errors.Is(err, store.ErrExists) {
		t.Errorf("again: %v", err)
	}
	_, err = o.Create(t.Context(), store.Exam{ID: "e/2", Title: "a\nb", Start: begins, Zone: "", Policy: "lax"})
	for _, field := range []string{"id: ", "title: ", "end: missing", "zone: empty", `policy: "lax", expected one of default, strict`} {
		if err == nil || !strings.Contains("\n"+err.Error(), "\n"+field) {
			t.Errorf("no problem %q in:\n%v", field, err)
		}
	}
	for name, change := range map[string]exam.Change{
		"zone": {Zone: ref("Mars/Base")}, "zone, Local": {Zone: ref("Local")}, "end": {End: ref(begins)}, "end, a day and more": {End: ref(begins.Add(25 * time.Hour))}, "policy": {Policy: ref("")},
	} {
		var field *exam.InputError
		want, _, _ := strings.Cut(name, ",")
		if _, err := o.Update(t.Context(), "e1", change); !errors.As(err, &field) || field.Field != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := o.Update(t.Context(), "e1", exam.Change{Title: ref("Geometry"), Policy: ref("strict")})
	if err != nil || got.Title != "Geometry" || got.Policy != "strict" || !got.Start.Equal(e.Start) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := o.Close(t.Context(), "e1"); err != nil || !got.Closed {
		t.Errorf("%+v, %v", got, err)
	}
	for what, err := range map[string]error{"update": second(o.Update(t.Context(), "e1", exam.Change{})), "issue": second(o.Issue(t.Context(), "e1", exam.Selection{}, false)), "compare": second(o.Compare(t.Context(), "e1", []byte("s")))} {
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s of a closed one: %v", what, err)
		}
	}
}

func ref[T any](v T) *T { return &v }

func second[T any](_ T, err error) error { return err }

func TestImport(t *testing.T) {
	o := newOffice(t)
	p := o.load(t, "student,contact,group\ns-1,a@example.edu,A\ns-2,b@example.edu,B\ns-3,,A\n")
	if !slices.Equal(p.Added, []string{"s-1", "s-2", "s-3"}) {
		t.Errorf("%+v", p)
	}
	if _, err := o.Issue(t.Context(), "e1", exam.Selection{}, false); err != nil {
		t.Fatal(err)
	}
	next := []byte("student,contact,group\ns-1,a@example.edu,A\ns-2,z@example.edu,B\ns-4,,A\n")
	p, err := o.Compare(t.Context(), "e1", next)
	if err != nil || !slices.Equal(p.Added, []string{"s-4"}) || !slices.Equal(p.Removed, []string{"s-3"}) || len(p.Changed) != 1 || p.Unchanged != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	if err := o.store.Roster().Put(t.Context(), "e1", []store.Student{{ID: "s-9"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Import(t.Context(), "e1", next, p.Version); !errors.Is(err, exam.ErrChanged) {
		t.Errorf("another roster than the one that was compared: %v", err)
	}
	list, version, err := o.Roster(t.Context(), "e1")
	if err != nil || len(list) != 4 {
		t.Fatalf("%+v, %v: something was imported", list, err)
	}
	if p, err = o.Import(t.Context(), "e1", next, version); err != nil || !slices.Equal(p.Removed, []string{"s-3", "s-9"}) {
		t.Fatalf("%+v, %v", p, err)
	}
	if list, version, err = o.Roster(t.Context(), "e1"); err != nil || len(list) != 3 || list[1].Contact != "z@example.edu" || version != p.Version {
		t.Errorf("%#v, %s, %v", list, version, err)
	}
	if len(o.revoked) != 1 {
		t.Errorf("revoked %q, want the token of the student who was removed", o.revoked)
	}
	if _, err := o.Import(t.Context(), "e1", []byte("student\ns-7\ns-7\n"), version); err == nil {
		t.Error("a broken roster is imported")
	}
}

func TestIssueAndRevoke(t *testing.T) {
	o := newOffice(t)
	o.load(t, "student,contact,group\ns-1,a@example.edu,A\ns-2,b@example.edu,B\ns-3,,A\n")
	o.receipt(t, "s-1", 100, verdict.Ready)
	o.receipt(t, "s-3", 10, verdict.Ready)
	issue := func(sel exam.Selection, replace bool) (who []string, b exam.Batch) {
		t.Helper()
		b, err := o.Issue(t.Context(), "e1", sel, replace)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range b.Issued {
			j, err := exam.Verify(o.key, x.Text, begins)
			if err != nil || j.Student != b.Students[i].ID || j.ID != x.ID || !strings.HasSuffix(x.Link, "/check#"+x.Text) {
				t.Errorf("%+v, %v", j, err)
			}
			who = append(who, j.Student)
		}
		return who, b
	}
	for _, c := range []struct {
		sel  exam.Selection
		want []string
	}{
		{exam.Selection{}, []string{"s-1", "s-2", "s-3"}},
		{exam.Selection{Group: ref("A")}, []string{"s-1", "s-3"}},
		{exam.Selection{NotReady: true}, []string{"s-2", "s-3"}},
		{exam.Selection{NotReady: true, Group: ref("B")}, []string{"s-2"}},
		{exam.Selection{Students: []string{"s-2"}}, []string{"s-2"}},
	} {
		if who, _ := issue(c.sel, false); !slices.Equal(who, c.want) {
			t.Errorf("%+v: %q, want %q", c.sel, who, c.want)
		}
	}
	for _, sel := range []exam.Selection{{Group: ref("C")}, {Students: []string{"s-2", "nobody"}}} {
		if _, err := o.Issue(t.Context(), "e1", sel, false); err == nil {
			t.Errorf("%+v: issued", sel)
		}
	}
	if len(o.revoked) != 0 {
		t.Errorf("revoked %q", o.revoked)
	}
	_, b := issue(exam.Selection{Students: []string{"s-2"}}, true)
	if len(b.Revoked) != 4 || len(o.revoked) != 4 {
		t.Errorf("replaced %q, revoked %q, want the four of s-2", b.Revoked, o.revoked)
	}
	gone, err := o.Revoke(t.Context(), "e1", exam.Selection{Students: []string{"s-2"}, Tokens: b.Revoked[:1]})
	if err != nil || !slices.Equal(gone, []string{b.Issued[0].ID}) {
		t.Errorf("revoked %q, %v, want the last one", gone, err)
	}
	if _, err := o.Revoke(t.Context(), "e1", exam.Selection{Tokens: []string{"unknown"}}); err == nil {
		t.Error("an unknown token is revoked")
	}
	tokens, err := o.Tokens(t.Context(), "e1")
	if err != nil || len(tokens) != 10 || !slices.IsSortedFunc(tokens, func(a, b store.Token) int { return strings.Compare(a.Student, b.Student) }) {
		t.Errorf("%d tokens, %v", len(tokens), err)
	}
}

func TestErase(t *testing.T) {
	o := newOffice(t)
	o.load(t, "s-1,a@example.edu\ns-2,b@example.edu\n")
	if _, err := o.Issue(t.Context(), "e1", exam.Selection{}, false); err != nil {
		t.Fatal(err)
	}
	o.receipt(t, "s-1", 100, verdict.Ready)
	o.receipt(t, "s-1", 90, verdict.Ready)
	o.receipt(t, "s-2", 100, verdict.Ready)
	if err := o.store.Records().Append(t.Context(), store.RecordHead{Session: "l", Exam: "e1", Student: "s-1", Line: 1, At: begins}); err != nil {
		t.Fatal(err)
	}
	for id, student := range map[string]string{"x1": "s-1", "x2": "s-2"} {
		if err := o.store.Sessions().Put(t.Context(), store.LiveSession{ID: id, Exam: "e1", Student: student, State: "live", LastPacket: begins}); err != nil {
			t.Fatal(err)
		}
	}
	e, err := o.Erase(t.Context(), "e1", "s-1")
	if want := (exam.Erased{Roster: true, Receipts: 2, Records: 1, Tokens: 1, Sessions: 1}); e != want || err != nil {
		t.Errorf("%+v, %v, want %+v", e, err, want)
	}
	if len(o.revoked) != 1 {
		t.Errorf("revoked %q", o.revoked)
	}
	if e, err = o.Erase(t.Context(), "e1", "s-1"); e != (exam.Erased{}) || err != nil {
		t.Errorf("again: %+v, %v", e, err)
	}
	_, list, err := o.Readiness(t.Context(), "e1")
	if err != nil || len(list) != 1 || list[0].ID != "s-2" || list[0].State != exam.Ready {
		t.Errorf("%+v, %v", list, err)
	}
}
