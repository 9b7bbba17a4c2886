package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"examlink/server/store"
)

func token(id, student string) store.Token {
	return store.Token{ID: id, Exam: "e1", Student: student, From: at(0), Until: at(86400)}
}

func tokenID(t store.Token) string { return t.ID }

func listTokens(t *testing.T, s store.Store, exam string) []store.Token {
	t.Helper()
	return pages(t, 2, tokenID, func(ctx context.Context, p store.Page) ([]store.Token, error) { return s.Tokens().List(ctx, exam, p) })
}

func testTokens(t *testing.T, s store.Store) {
	x := s.Tokens()
	other := token("t4", "s1")
	other.Exam = "e2"
	must(t, x.Add(bg(t), nil))
	must(t, x.Add(bg(t), []store.Token{token("t3", "s3"), token("t1", "s1"), token("t2", "s1"), other}))
	wantErr(t, "one of them again", x.Add(bg(t), []store.Token{token("t5", "s5"), token("t1", "s1")}), store.ErrExists)
	wantErr(t, "one twice", x.Add(bg(t), []store.Token{token("t5", "s5"), token("t5", "s5")}), store.ErrExists)
	want := []store.Token{token("t1", "s1"), token("t2", "s1"), token("t3", "s3")}
	if v := listTokens(t, s, "e1"); !reflect.DeepEqual(v, want) {
		t.Errorf("%+v, want %+v", v, want)
	}
	_, err := x.Get(bg(t), "t5")
	wantErr(t, "get another", err, store.ErrNotFound)
	must(t, x.Open(bg(t), "t1", at(10)))
	must(t, x.Open(bg(t), "t1", at(20)))
	must(t, x.Open(bg(t), "t9", at(20)))
	for _, id := range []string{"t2", "t9"} {
		wantErr(t, "open at no time", x.Open(bg(t), id, time.Time{}), store.ErrInvalid)
		wantErr(t, "open too early", x.Open(bg(t), id, time.Time{}.Add(time.Hour)), store.ErrInvalid)
	}
	wantErr(t, "revoke one and another", x.Revoke(bg(t), "t1", "t9"), store.ErrNotFound)
	if v := got[store.Token](t)(x.Get(bg(t), "t1")); v.Revoked || !v.Opened.Equal(at(10)) {
		t.Errorf("opened: %+v", v)
	}
	must(t, x.Revoke(bg(t)))
	must(t, x.Revoke(bg(t), "t1", "t3"))
	must(t, x.Revoke(bg(t), "t1", "t1"))
	for id, revoked := range map[string]bool{"t1": true, "t2": false, "t3": true, "t4": false} {
		if v := got[store.Token](t)(x.Get(bg(t), id)); v.Revoked != revoked {
			t.Errorf("%+v, want revoked %t", v, revoked)
		}
	}
}

// A token whose student was erased admits nobody: it is not forgotten.
func testEraseTokens(t *testing.T, s store.Store) {
	x := s.Tokens()
	other := token("t3", "s1")
	other.Exam = "e2"
	must(t, x.Add(bg(t), []store.Token{token("t1", "s1"), token("t2", "s2"), other}))
	must(t, x.Open(bg(t), "t1", at(10)))
	must(t, x.Erase(bg(t), "e1", "s1"))
	must(t, x.Erase(bg(t), "e1", "s1"))
	must(t, x.Erase(bg(t), "e1", ""))
	must(t, x.Open(bg(t), "t1", at(30)))
	gone := token("t1", "")
	gone.Revoked = true
	if v := listTokens(t, s, "e1"); !reflect.DeepEqual(v, []store.Token{gone, token("t2", "s2")}) {
		t.Errorf("%+v", v)
	}
	if v := got[store.Token](t)(x.Get(bg(t), "t3")); v != other {
		t.Errorf("that of another exam: %+v", v)
	}
}

func testInvalidTokens(t *testing.T, s store.Store) {
	for what, change := range map[string]func(*store.Token){
		"no identifier": func(v *store.Token) { v.ID = "" },
		"no exam":       func(v *store.Token) { v.Exam = "" },
		"no student":    func(v *store.Token) { v.Student = "" },
		"no beginning":  func(v *store.Token) { v.From = time.Time{} },
		"ends at once":  func(v *store.Token) { v.Until = v.From },
		"zero byte":     func(v *store.Token) { v.Student = "a\x00b" },
	} {
		v := token("t1", "s1")
		change(&v)
		wantErr(t, what, s.Tokens().Add(bg(t), []store.Token{token("t0", "s0"), v}), store.ErrInvalid)
	}
	if v := listTokens(t, s, "e1"); len(v) != 0 {
		t.Errorf("a part was added: %+v", v)
	}
}
