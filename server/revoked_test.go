package server_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/event"
	"examlink/server/exam"
	"examlink/server/store"
)

// kept puts a token into the server's store.
func (s *testbed) kept(id string) {
	s.t.Helper()
	now := time.Now()
	err := s.srv.Store().Tokens().Add(context.Background(), []store.Token{{ID: id, Exam: "e1", Student: "s1", From: now, Until: now.Add(time.Hour)}})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestRevokedTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		ctx := context.Background()
		err := s.srv.Store().Exams().Create(ctx, store.Exam{ID: "e1", Start: time.Now(), End: time.Now().Add(time.Hour), Zone: "UTC", Policy: "default"})
		if err != nil {
			t.Fatal(err)
		}
		s.kept("t1")
		s.kept("t2")
		var ended []string
		s.srv.Events().Handle(func(e event.Event) {
			if x, is := e.Payload.(event.Ended); is {
				ended = append(ended, e.Session.Token+" "+x.Why)
			}
		})
		c := s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		other := s.call(s.host("10.0.0.3:5000"), s.good("t2"), "")
		synctest.Wait()
		if v, err := s.srv.Store().Tokens().Get(ctx, "t1"); err != nil || v.Opened.IsZero() {
			t.Errorf("%+v, %v, want it noted that it was opened", v, err)
		}
		gone, err := s.srv.Exams().Revoke(ctx, "e1", exam.Selection{Tokens: []string{"t1"}})
		if err != nil || len(gone) != 1 {
			t.Fatalf("%q, %v", gone, err)
		}
		if len(ended) != 1 || ended[0] != "t1 revoked" {
			t.Errorf("ended %q, want the session of t1 alone", ended)
		}
		if _, err := wire.ReadMessage(c.control); err == nil || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("the client is told %v", err)
		}
		<-c.conn.Done()
		for name, resume := range map[string]string{"anew": "", "with its ticket": c.welcome.Resume} {
			again := s.call(s.host("10.0.0.2:5001"), s.good("t1"), resume)
			if r := again.refused; r == nil || r.Reason != wire.RefusedToken || !strings.Contains(r.Detail, "has been revoked") {
				t.Errorf("%s: %+v", name, r)
			}
		}
		other.send(other.seal(1, 64))
		if n := len(other.answers()); n != 1 {
			t.Errorf("%d answers to the other session", n)
		}
	})
}

// A token that another server has revoked is refused, and a store that does not answer
// admits.
func TestRevocationsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		s.kept("t1")
		if err := s.srv.Store().Tokens().Revoke(context.Background(), "t1"); err != nil {
			t.Fatal(err)
		}
		if c := s.call(s.host("10.0.0.2:5000"), s.good("t1"), ""); c.refused == nil {
			t.Error("admitted")
		}
		if err := s.srv.Store().Close(); err != nil {
			t.Fatal(err)
		}
		if c := s.call(s.host("10.0.0.3:5000"), s.good("t2"), ""); c.refused != nil {
			t.Errorf("%+v", c.refused)
		}
		if c := s.call(s.host("10.0.0.4:5000"), s.good("t1"), ""); c.refused == nil {
			t.Error("what was known is forgotten")
		}
	})
}

func TestKeysOfTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		next, nextKey, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		admitted := func(key ed25519.PrivateKey) bool {
			c := s.call(s.host("10.0.0.2:5000"), s.token(fmt.Sprint("t", n), key, 0, time.Hour), "")
			n++
			c.conn.Close("bye")
			return c.refused == nil
		}
		if !admitted(s.keys.Token) || admitted(nextKey) {
			t.Error("want the first key alone")
		}
		old := s.keys.Token.Public().(ed25519.PublicKey)
		if err := s.srv.Reload(server.Settings{TokenKeys: []ed25519.PublicKey{next, old}}); err != nil {
			t.Fatal(err)
		}
		if !admitted(s.keys.Token) || !admitted(nextKey) {
			t.Error("want both keys")
		}
		if err := s.srv.Reload(server.Settings{}); err != nil || !admitted(nextKey) {
			t.Errorf("%v, want that keys stay", err)
		}
		if err := s.srv.Reload(server.Settings{TokenKeys: []ed25519.PublicKey{next}}); err != nil {
			t.Fatal(err)
		}
		if admitted(s.keys.Token) || !admitted(nextKey) {
			t.Error("want the second key alone")
		}
	})
}

// A client is sent the policy that its join token names, if the server has it.
func TestPolicyOfTheExam(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		if err := s.srv.Reload(server.Settings{Policies: verdict.BuiltIn()}); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"": "default", "honorlock": "honorlock", "gone": "default"} {
			c := s.call(s.host("10.0.0.2:5000"), s.policy("t"+name, name), "")
			if c.welcome.Policy == nil || c.welcome.Policy.Name != want {
				t.Errorf("%q: %+v, want %s", name, c.welcome.Policy, want)
			}
		}
		if _, err := s.srv.Exams().Create(context.Background(), store.Exam{ID: "e1", Start: time.Now(), End: time.Now().Add(time.Hour), Zone: "UTC", Policy: "honorlock"}); err != nil {
			t.Error(err)
		}
	})
}
