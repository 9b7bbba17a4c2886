package storetest

import (
	"errors"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"examlink/server/store"
)

func signIn(id, identity, link string) store.SignIn {
	return store.SignIn{ID: id, Identity: identity, Role: "proctor", Exams: []string{"e1", "e <2>"}, Link: link, From: at(0), Until: at(7000)}
}

func testSignIns(t *testing.T, s store.Store) {
	x := s.SignIns()
	must(t, x.Open(bg(t), signIn("i1", "p1", "l1")))
	must(t, x.Open(bg(t), signIn("i2", "p2", "")))
	must(t, x.Open(bg(t), signIn("i3", "p2", "")))
	if v := got[store.SignIn](t)(x.Get(bg(t), "i1")); !reflect.DeepEqual(v, signIn("i1", "p1", "l1")) {
		t.Errorf("%+v", v)
	}
	wantErr(t, "the same again", x.Open(bg(t), signIn("i1", "p1", "")), store.ErrExists)
	wantErr(t, "its link again", x.Open(bg(t), signIn("i4", "p4", "l1")), store.ErrConflict)
	must(t, x.End(bg(t), "p2"))
	must(t, x.End(bg(t), "p2"))
	must(t, x.End(bg(t), "nobody"))
	for _, id := range []string{"i2", "i3", "i4", ""} {
		_, err := x.Get(bg(t), id)
		wantErr(t, "get "+id, err, store.ErrNotFound)
	}
	must(t, x.End(bg(t), "p1"))
	wantErr(t, "a link that was used, after the end", x.Open(bg(t), signIn("i4", "p4", "l1")), store.ErrConflict)
	wantErr(t, "the identifier of one that has ended", x.Open(bg(t), signIn("i1", "p4", "")), store.ErrExists)
}

// Only sign-ins that are over expire, whatever else is kept for ever.
func testExpireSignIns(t *testing.T, s store.Store) {
	x := s.SignIns()
	must(t, x.Open(bg(t), signIn("i1", "p1", "l1")))
	later := signIn("i2", "p1", "l2")
	later.Until = at(9000)
	must(t, x.Open(bg(t), later))
	got[store.Removed](t)(s.Expire(bg(t), at(7001), store.Retention{}))
	_, err := x.Get(bg(t), "i1")
	wantErr(t, "get one that is over", err, store.ErrNotFound)
	got[store.SignIn](t)(x.Get(bg(t), "i2"))
	must(t, x.Open(bg(t), signIn("i1", "p1", "l1")))
}

func testInvalidSignIns(t *testing.T, s store.Store) {
	for what, change := range map[string]func(*store.SignIn){
		"no identifier": func(v *store.SignIn) { v.ID = "" },
		"no identity":   func(v *store.SignIn) { v.Identity = "" },
		"no role":       func(v *store.SignIn) { v.Role = "" },
		"empty exam":    func(v *store.SignIn) { v.Exams = []string{""} },
		"zero byte":     func(v *store.SignIn) { v.Identity = "a\x00b" },
		"no beginning":  func(v *store.SignIn) { v.From = time.Time{} },
		"over at once":  func(v *store.SignIn) { v.Until = v.From },
	} {
		v := signIn("i1", "p1", "")
		change(&v)
		wantErr(t, what, s.SignIns().Open(bg(t), v), store.ErrInvalid)
	}
}

// A link opens one session, however many ask at once.
func testConcurrentSignIns(t *testing.T, s store.Store) {
	var opened atomic.Int32
	together(8, func(i int) {
		err := s.SignIns().Open(bg(t), signIn(numbered("i", i), "p1", "l1"))
		switch {
		case err == nil:
			opened.Add(1)
		case !errors.Is(err, store.ErrConflict):
			t.Error(err)
		}
	})
	if opened.Load() != 1 {
		t.Errorf("%d sign-ins by one link", opened.Load())
	}
}
