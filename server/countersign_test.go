package server_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/receipt"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/store"
	"examlink/server/store/memory"
	"examlink/server/store/storetest"
)

func headAt(line uint64) wire.Head {
	return wire.Head{Record: wire.Digest{1}, Line: line, Hash: wire.Digest{2, byte(line)}}
}

// head reports a head and returns the server's answer to it; nil: none.
func (c *caller) head(number uint64, h wire.Head) *wire.Countersigned {
	c.t.Helper()
	r := reportOf(number, wire.ReportMinute, map[string]int{"sent": 1})
	r.Head = &h
	m := c.report(r)
	if m.Type != wire.TypeReported || m.Reported.Number != number {
		c.t.Fatalf("%+v", m)
	}
	return m.Reported.Head
}

// compose puts the countersignature together as a client does, and verifies it.
func (s *testbed) compose(c *caller, token string, h wire.Head, a *wire.Countersigned) receipt.Countersignature {
	s.t.Helper()
	if a == nil || a.Refused != "" {
		s.t.Fatalf("not signed: %+v", a)
	}
	x := receipt.Countersignature{
		Exam: "e1", Student: "s1", Token: token, Session: c.welcome.Session,
		Record: receipt.Hash(h.Record), Line: h.Line, Hash: receipt.Hash(h.Hash), At: a.At, Seen: a.Seen,
	}
	jws, err := x.Compose(c.welcome.HeadKey, a.Signature)
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := receipt.VerifyCountersignature(jws, s.keys.Token.Public().(ed25519.PublicKey))
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

// The head that comes with a report is in the store before it is countersigned, and the
// countersignature says what the server saw.
func TestHeadsAreCountersigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := memory.New()
		s := newTestbed(t, server.Limits{})
		s.stop()
		s.store = kept
		s.start(server.Limits{})
		c := s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		if want := base64.RawURLEncoding.EncodeToString(s.keys.Token.Public().(ed25519.PublicKey)); c.welcome.HeadKey != want {
			t.Fatalf("key %q, want %q", c.welcome.HeadKey, want)
		}
		began := time.Now()
		c.send(c.seal(1, 64))
		time.Sleep(30 * time.Second)
		c.send(c.seal(2, 64))
		time.Sleep(time.Second)
		got := s.compose(c, "t1", headAt(7), c.head(1, headAt(7)))
		seen, err := got.SessionSeen()
		if err != nil || seen.Probes != 2 || seen.Transport != "udp" || seen.State != "live" || got.At.Sub(began) < 31*time.Second {
			t.Errorf("at %v, seen %+v, %v", got.At, seen, err)
		}
		if first, last := seen.First.Sub(began), seen.Last.Sub(began); first < 0 || first > 100*ms || last < 30*time.Second || last > 30*time.Second+100*ms {
			t.Errorf("first packet after %v, last after %v", first, last)
		}
		in, err := kept.Records().Head(t.Context(), c.welcome.Session)
		if err != nil || in.Line != 7 || in.Exam != "e1" || in.Student != "s1" || in.Record != (store.Hash{1}) || in.Hash != (store.Hash{2, 7}) || !in.At.Equal(got.At) {
			t.Errorf("in the store: %+v, %v", in, err)
		}

		// The end goes in a report of its own. What was signed is signed again.
		h := headAt(9)
		m := c.report(wire.Report{Origin: "other", Number: 1, At: time.Now(), Kind: wire.ReportHead, Head: &h})
		if m.Reported == nil || s.compose(c, "t1", h, m.Reported.Head).Line != 9 {
			t.Errorf("the end: %+v", m)
		}
		if s.compose(c, "t1", h, c.head(2, h)).Line != 9 {
			t.Error("the same head again")
		}
	})
}

// A head that does not fit is refused with a reason; the report that brought it is not.
func TestHeadsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		c := s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		number := uint64(0)
		refused := func(h wire.Head, want string) {
			t.Helper()
			time.Sleep(10 * time.Second)
			number++
			if a := c.head(number, h); a == nil || !strings.Contains(a.Refused, want) || a.Signature != "" {
				t.Errorf("%+v, want %q", a, want)
			}
		}
		refused(headAt(0), "line 0, expected 1 to")
		refused(headAt(1<<63), "expected 1 to")
		number++
		s.compose(c, "t1", headAt(7), c.head(number, headAt(7)))
		refused(headAt(6), "line 6 after line 7")
		other := headAt(7)
		other.Hash[31] = 1
		refused(other, "line 7 after line 7")
		other = headAt(8)
		other.Record[0] = 9
		refused(other, "another record")
		if list := s.srv.Sessions(); list[0].Claims.Reports != number {
			t.Errorf("%d reports taken, want %d", list[0].Claims.Reports, number)
		}
		time.Sleep(time.Minute)
		var signed int
		for line := range uint64(10) { // six at once, and then one in ten seconds
			number++
			if a := c.head(number, headAt(20+line)); a.Refused == "" {
				signed++
			} else if !strings.Contains(a.Refused, "too often") {
				t.Error(a.Refused)
			}
		}
		if signed != 6 {
			t.Errorf("%d heads at once, want 6", signed)
		}
	})
}

// While the store fails or hangs, reports are answered in time, and a later head is
// countersigned.
func TestHeadsWithoutAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &storetest.Absence{Store: memory.New()}
		f.Away(true)
		s := newTestbed(t, server.Limits{})
		s.stop()
		s.store = f
		s.start(server.Limits{})
		c := s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		if a := c.head(1, headAt(3)); a != nil {
			t.Errorf("without a place for it: %+v", a)
		}
		f.Away(false)
		f.Delay(3 * time.Second)
		began := time.Now()
		if a := c.head(2, headAt(4)); a != nil || time.Since(began) > 400*ms {
			t.Errorf("after %v: %+v", time.Since(began), a)
		}
		began = time.Now()
		if a := c.head(3, headAt(5)); a != nil || time.Since(began) > 100*ms { // one is under way
			t.Errorf("after %v: %+v", time.Since(began), a)
		}
		time.Sleep(3 * time.Second)
		f.Delay(0)
		s.compose(c, "t1", headAt(6), c.head(4, headAt(6)))
	})
}

// A server that signs nothing says so, and takes reports with heads all the same.
func TestHeadsOfAServerWithoutKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		s.stop()
		token := s.good("t1")
		s.unsigned = true
		s.start(server.Limits{})
		c := s.call(s.host("10.0.0.2:5000"), token, "")
		if a := c.head(1, headAt(3)); a != nil || c.welcome.HeadKey != "" {
			t.Errorf("%+v, key %q", a, c.welcome.HeadKey)
		}
	})
}
