package server_test

import (
	"crypto/ed25519"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/clock"
	"examlink/probe/receipt"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/event"
)

// setClock is a clock whose wall time is set.
type setClock struct {
	clock.Clock
	ahead atomic.Int64
}

func (c *setClock) Wall() time.Time { return c.Clock.Wall().Add(time.Duration(c.ahead.Load())) }

// A server whose clock is set by two hours misses nobody who is there, still misses who
// is lost, and its receipts say how long a check took and when they were issued by the
// clock of then.
func TestClockStep(t *testing.T) {
	for _, step := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testClockStep(t, step) })
		})
	}
}

func testClockStep(t *testing.T, step time.Duration) {
	c := &setClock{Clock: clock.NewSystem()}
	s := newTestbedOf(t, server.Limits{}, c, nil)
	var mu sync.Mutex // of states
	var states []string
	s.srv.Events().Handle(func(e event.Event) {
		mu.Lock()
		defer mu.Unlock()
		if x, ok := e.Payload.(event.State); ok {
			states = append(states, fmt.Sprint(e.Session.Purpose, " ", x.From, "-", e.Session.State))
		}
	})
	watched, checked := s.call(s.host("10.0.0.2:5000"), s.good("t1"), ""), s.dial(s.host("10.0.0.3:5000"))
	checked.helloAs(s.windowed("t2", 80*time.Hour), "9.9", "plan9/arm")
	seq := wire.Seq(0)
	probe := func(seconds int) {
		for range 10 * seconds {
			seq++
			watched.send(watched.seal(seq, 64))
			time.Sleep(100 * ms)
		}
	}
	probe(3)
	c.ahead.Store(int64(step))
	probe(3)
	m := checked.report(reportOf(1, wire.ReportVerdict, verdict.Statement{Summary: verdict.Summary{Outcome: verdict.Ready, Policy: "default", Version: "1"}}))
	got, err := receipt.Verify(m.Reported.Receipt, s.keys.Token.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	if took := got.Issued.Sub(got.Opened); took < 6*time.Second || took > 7*time.Second {
		t.Errorf("a check of 6 s: opened %v, issued %v", got.Opened, got.Issued)
	}
	if off := c.Wall().Sub(got.Issued); off < 0 || off > time.Second {
		t.Errorf("issued at %v, at %v by the server's clock", got.Issued, c.Wall())
	}
	time.Sleep(5 * time.Second)
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"watch connected-live", "watch live-suspect", "watch suspect-dropped"}; fmt.Sprint(states) != fmt.Sprint(want) {
		t.Errorf("states %q, want %q", states, want)
	}
}
