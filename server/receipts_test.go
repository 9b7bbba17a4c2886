package server_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/receipt"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// failingReceipts is a store that takes receipts only while it is well.
type failingReceipts struct {
	store.Store
	ill atomic.Bool
}

func (f *failingReceipts) Receipts() store.Receipts { return illReceipts{f.Store.Receipts(), f} }

type illReceipts struct {
	store.Receipts
	of *failingReceipts
}

func (r illReceipts) Append(ctx context.Context, x store.Receipt) error {
	if r.of.ill.Load() {
		return errors.New("no space left on device")
	}
	return r.Receipts.Append(ctx, x)
}

// A check gets one receipt, which is in the store before it is sent, says what the
// server saw and what the client claims apart, and is the same when it is asked for
// again.
func TestReceiptOfACheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := memory.New()
		f := &failingReceipts{Store: kept}
		s := newTestbed(t, server.Limits{})
		s.stop()
		s.store = f
		s.start(server.Limits{})
		c := s.dial(s.host("10.0.0.2:5000"))
		c.helloAs(s.windowed("t1", 80*time.Hour), "9.9", "plan9/arm")
		c.send(c.seal(1, 64))
		time.Sleep(time.Second)

		low := 2e6
		claim := verdict.Statement{
			Summary: verdict.Summary{Outcome: verdict.Ready, Policy: "default", Version: "1"},
			Figures: []verdict.Figure{{Criterion: verdict.Download, Low: &low, Unit: "bit/s"}},
		}
		f.ill.Store(true)
		r := reportOf(1, wire.ReportVerdict, claim)
		if m := c.report(r); m.Type != wire.TypeRefused || m.Refused.Reason != wire.RefusedBusy {
			t.Fatalf("without a place for the receipt: %+v", m)
		}
		f.ill.Store(false)
		m := c.report(r)
		if m.Type != wire.TypeReported || m.Reported.Receipt == "" {
			t.Fatalf("%+v", m)
		}
		if again := c.report(r); again.Reported == nil || again.Reported.Receipt != m.Reported.Receipt {
			t.Errorf("asked again: %+v", again)
		}
		got, err := receipt.Verify(m.Reported.Receipt, s.keys.Token.Public().(ed25519.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		if got.Of(receipt.Expected{Exam: "e1", Student: "s1", Token: "t1"}) != nil || got.Outcome != verdict.Ready || got.Session != c.welcome.Session {
			t.Errorf("%+v", got)
		}
		if got.Seen.Transport != "udp" || got.Seen.Probes != 1 || got.Seen.Upload != nil || got.Issued.Sub(got.Opened) < time.Second {
			t.Errorf("seen %+v, opened %v, issued %v", got.Seen, got.Opened, got.Issued)
		}
		if x := got.Claimed; x.Client != "9.9" || x.System != "plan9/arm" || !reflect.DeepEqual(x.Verdict, claim) || !x.At.Equal(r.At) {
			t.Errorf("claimed %+v", x)
		}
		standing, err := kept.Receipts().Standing(t.Context(), "e1", "s1")
		if err != nil || string(standing.Last.Body) != m.Reported.Receipt || standing.Last.Late || standing.Last.Outcome != verdict.Ready {
			t.Errorf("in the store: %+v, %v", standing.Last, err)
		}

		// Another check, within 72 hours of the exam, of a link whose upload is too low.
		d := s.dial(s.host("10.0.0.3:5000"))
		d.helloAs(s.windowed("t2", 71*time.Hour), strings.Repeat("v", 999), "")
		m = d.report(reportOf(1, wire.ReportVerdict, verdict.Statement{Summary: verdict.Summary{Outcome: verdict.Ready, Policy: "another", Version: "1"}}))
		got, err = receipt.Verify(m.Reported.Receipt, s.keys.Token.Public().(ed25519.PublicKey))
		if err != nil || got.Outcome != verdict.Inconclusive || len(got.Claimed.Client) != 64 {
			t.Errorf("by another policy: %+v, %v", got, err)
		}
		if standing, err = kept.Receipts().Standing(t.Context(), "e1", "s1"); err != nil || !standing.Last.Late || standing.Best.Late {
			t.Errorf("late: %+v, %v", standing, err)
		}
	})
}

// windowed returns a token of an exam that starts after a while.
func (s *testbed) windowed(id string, ahead time.Duration) string {
	s.t.Helper()
	return s.tokenOf(wire.JoinToken{ID: id, Starts: time.Now().Add(ahead).Unix(), Ends: time.Now().Add(ahead + 3*time.Hour).Unix(), Zone: "America/Denver"}, s.keys.Token, 0, 100*time.Hour)
}

// A client that leaves while its receipt is not stored yet is seen to leave.
func TestClientLeavesWithoutItsReceipt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failingReceipts{Store: memory.New()}
		f.ill.Store(true)
		s := newTestbed(t, server.Limits{})
		s.stop()
		s.store = f
		s.start(server.Limits{})
		c := s.dial(s.host("10.0.0.2:5000"))
		c.helloAs(s.windowed("t1", 80*time.Hour), "9.9", "plan9/arm")
		r := reportOf(1, wire.ReportVerdict, verdict.Statement{Summary: verdict.Summary{Outcome: verdict.Ready, Policy: "default", Version: "1"}})
		for _, m := range []wire.Message{{Type: wire.TypeReport, ID: 2, Report: &r}, {Type: wire.TypeBye, Bye: &wire.Bye{Reason: "done"}}} {
			if err := wire.WriteMessage(c.control, m); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(200 * ms)
		if list := s.srv.Sessions(); len(list) > 0 {
			t.Errorf("sessions after a goodbye: %+v", list)
		}
	})
}
