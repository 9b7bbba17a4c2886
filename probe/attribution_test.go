package probe_test

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/netenv"
	"examlink/probe/warning"
)

// neighbourhood simulates the surroundings of a computer, with realistic delays.
type neighbourhood struct {
	mu    sync.Mutex
	found netenv.Findings
	asked int
}

func newNeighbourhood() *neighbourhood {
	return &neighbourhood{found: netenv.Findings{
		State: netenv.State{
			Interface: "wlan0", Kind: netenv.WiFi, Addresses: []netip.Addr{clientAddr.Addr()}, Gateway: netip.MustParseAddr("10.0.0.254"),
		},
		Looked: true, Gateway: netenv.Answers, Server: netenv.Answers,
	}}
}

func (n *neighbourhood) set(change func(*netenv.Findings)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(&n.found)
}

func (n *neighbourhood) Look() (netenv.State, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.found.Offline {
		return netenv.State{}, netenv.ErrNoRoute
	}
	return n.found.State, nil
}

func (n *neighbourhood) Ask(ctx context.Context, _ string, last netip.AddrPort) netenv.Findings {
	n.mu.Lock()
	f := n.found
	n.asked++
	n.mu.Unlock()
	if last != serverAddr {
		return netenv.Findings{}
	}
	if f.Server == netenv.Silent { // silence takes all the available time
		<-ctx.Done()
	}
	return f
}

var silentServer = func(f *netenv.Findings) { f.Server = netenv.Silent }

// Each event of a link or its computer raises the expected warning, with its cause,
// start and end, and no other: above all no outage where the network had none.
func TestEachEventHasItsLabel(t *testing.T) {
	long(t)
	const s = time.Second
	type want struct {
		kind       warning.Kind
		cause      warning.Cause
		start, end time.Duration // relative to the event
		slack      time.Duration
	}
	one := func(k warning.Kind, c warning.Cause, start, end, slack time.Duration) []want {
		return []want{{k, c, start, end, slack}}
	}
	cutFor := func(d time.Duration, change func(*netenv.Findings)) func(*testbed, *neighbourhood) {
		return func(w *testbed, n *neighbourhood) {
			n.set(change)
			w.cut(d)
			n.set(func(f *netenv.Findings) { *f = newNeighbourhood().found })
		}
	}
	stall := func(w *testbed, d time.Duration) { w.host.Stall(d); w.far.Jump(d) }
	suspend := func(w *testbed, d time.Duration) { w.host.Sleep(d); w.far.Jump(d) }
	elsewhere := func(f *netenv.Findings) {
		f.State.Addresses = []netip.Addr{netip.MustParseAddr("10.9.9.9")}
		f.State.Gateway = netip.MustParseAddr("10.9.9.254")
	}
	for _, c := range []struct {
		name   string
		happen func(*testbed, *neighbourhood)
		want   []want
	}{
		{"stopped for 20 s and continued", func(w *testbed, _ *neighbourhood) { stall(w, 20*s) }, one(warning.HostBusy, warning.CauseBusy, 0, 20*s, s)},
		{"stopped for 1.6 s", func(w *testbed, _ *neighbourhood) { stall(w, 1600*ms) }, one(warning.HostBusy, warning.CauseBusy, 0, 1600*ms, s)},
		{"stopped for 1.6 s after 1.8 s of silence", func(w *testbed, _ *neighbourhood) {
			time.AfterFunc(1800*ms, func() { stall(w, 1600*ms) })
			w.cut(1900 * ms)
		}, one(warning.HostBusy, warning.CauseBusy, 1800*ms, 3400*ms, s)},
		{"asleep for 60 s", func(w *testbed, _ *neighbourhood) { suspend(w, 60*s) }, one(warning.Suspended, warning.CauseAsleep, 0, 60*s, s)},
		{"asleep for 60 s, and 7 s more until the Wi-Fi is back", func(w *testbed, n *neighbourhood) {
			suspend(w, 60*s)
			cutFor(7*s, func(f *netenv.Findings) { f.Offline = true })(w, n)
		}, one(warning.Suspended, warning.CauseAsleep, 0, 60*s, s)},
		{"the Wi-Fi off for 5 s, then asleep for 60 s", func(w *testbed, n *neighbourhood) {
			time.AfterFunc(5*s, func() { suspend(w, 60*s) })
			cutFor(9*s, func(f *netenv.Findings) { f.Offline = true })(w, n)
		}, []want{{warning.Outage, warning.CauseAsleep, 0, 5 * s, s}, {warning.Suspended, warning.CauseAsleep, 5 * s, 65 * s, s}}},
		{"a long outage before and after the sleep", func(w *testbed, n *neighbourhood) {
			time.AfterFunc(40*s, func() { suspend(w, 60*s) })
			cutFor(80*s, silentServer)(w, n)
		}, []want{
			{warning.Outage, warning.CauseBeyond, 0, 140 * s, 5 * s}, {warning.Suspended, warning.CauseAsleep, 40 * s, 100 * s, s},
		}},
		{"stopped for 20 s within an outage", func(w *testbed, n *neighbourhood) {
			time.AfterFunc(10*s, func() { stall(w, 20*s) })
			cutFor(20*s, silentServer)(w, n)
		}, []want{
			{warning.Outage, warning.CauseBeyond, 0, 40 * s, 5 * s}, {warning.HostBusy, warning.CauseBusy, 10 * s, 30 * s, s},
		}},
		{"the clock an hour ahead", func(w *testbed, _ *neighbourhood) { w.host.Step(time.Hour) }, one(warning.Clock, warning.CauseClock, time.Hour, time.Hour, s)},
		{"the clock an hour back within an outage", func(w *testbed, n *neighbourhood) {
			time.AfterFunc(10*s, func() { w.host.Step(-time.Hour) })
			cutFor(20*s, silentServer)(w, n)
		}, []want{
			{warning.Outage, warning.CauseBeyond, -time.Hour, -time.Hour + 20*s, 5 * s}, {warning.Clock, warning.CauseClock, -time.Hour + 10*s, -time.Hour + 10*s, s},
		}},
		{"another address", func(w *testbed, n *neighbourhood) {
			n.set(elsewhere)
			w.client.Rebind(netip.MustParseAddr("10.9.9.9"))
		}, nil},
		{"another address after 6 s", func(w *testbed, n *neighbourhood) {
			time.AfterFunc(4*s, func() { n.set(elsewhere) })
			n.set(func(f *netenv.Findings) { f.Offline = true })
			time.AfterFunc(4*s, func() { n.set(func(f *netenv.Findings) { f.Offline = false }) })
			w.cut(7 * s)
		}, one(warning.Outage, warning.CauseMoved, 0, 7*s, s)},
		{"a server that restarts at once", func(w *testbed, _ *neighbourhood) { w.halt(); w.serve() }, nil},
		{"a server that is away for 20 s", func(w *testbed, n *neighbourhood) {
			n.set(func(f *netenv.Findings) { f.Server = netenv.Refuses })
			w.halt()
			time.Sleep(20 * s)
			n.set(func(f *netenv.Findings) { f.Server = netenv.Answers })
			w.serve()
		}, one(warning.Outage, warning.CauseServer, 0, 20*s, 8*s)},
		{"1 s without the line", cutFor(s, silentServer), nil},
		{"2 s without the line", cutFor(2*s, silentServer), one(warning.Outage, warning.NotKnown, 0, 2*s, s)},
		{"5 s without the line", cutFor(5*s, silentServer), one(warning.Outage, warning.CauseBeyond, 0, 5*s, s)},
		{"40 s without the line", cutFor(40*s, silentServer), one(warning.Outage, warning.CauseBeyond, 0, 40*s, 5*s)},
		{"5 s without the Wi-Fi", cutFor(5*s, func(f *netenv.Findings) { f.Gateway, f.Server = netenv.Silent, netenv.Silent }), one(warning.Outage, warning.CauseWiFi, 0, 5*s, s)},
		{"40 s without the router", cutFor(40*s, func(f *netenv.Findings) {
			f.State.Kind, f.Gateway, f.Server = netenv.Wired, netenv.Silent, netenv.Silent
		}), one(warning.Outage, warning.CauseRouter, 0, 40*s, 5*s)},
		{"5 s without any network", cutFor(5*s, func(f *netenv.Findings) { f.Offline = true }), one(warning.Outage, warning.CauseNoNetwork, 0, 5*s, s)},
		{"40 s without UDP", cutFor(40*s, func(*netenv.Findings) {}), one(warning.Outage, warning.CauseUDPBlocked, 0, 40*s, 5*s)},
		{"nobody knows", cutFor(5*s, func(f *netenv.Findings) { *f = netenv.Findings{} }), one(warning.Outage, warning.NotKnown, 0, 5*s, s)},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up, down := good()
				w := newTestbed(t, up, down)
				n := newNeighbourhood()
				d, finish := w.watch(func(o *probe.Options) { o.Attribution, o.Watch.BudgetShare = n, 1e-9 })
				time.Sleep(time.Minute)
				event := w.host.Wall()
				c.happen(w, n)
				time.Sleep(time.Minute)
				sum := finish()
				if len(sum.Warnings) != len(c.want) {
					t.Fatalf("%d warnings, want %d: %+v\n%v", len(sum.Warnings), len(c.want), sum.Warnings, d.sessions)
				}
				for i, want := range c.want {
					got := sum.Warnings[i]
					if got.Kind != want.kind || got.Cause != want.cause || got.ID != i+1 {
						t.Errorf("%s: %q, want %s: %q", got.Kind, got.Cause, want.kind, want.cause)
					}
					about(t, "start", got.Start, event, want.start, want.slack)
					about(t, "end", got.End, event, want.end, want.slack)
				}
				fresh := 0
				for _, x := range d.warnings {
					if x.Fresh() {
						fresh++
					}
				}
				if fresh != len(c.want) {
					t.Errorf("told %d times of something new, want %d: %+v", fresh, len(c.want), d.warnings)
				}
			})
		})
	}
}

// A cause that becomes known later updates the same warning.
func TestCauseBecomesKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		w := newTestbed(t, up, down)
		n := newNeighbourhood()
		d, finish := w.watch(func(o *probe.Options) { o.Attribution, o.Watch.BudgetShare = n, 1e-9 })
		time.Sleep(time.Minute)
		if n.asked != 1 {
			t.Errorf("asked around %d times in calm, want once", n.asked)
		}
		n.set(func(f *netenv.Findings) { *f = netenv.Findings{} })
		time.AfterFunc(10*time.Second, func() {
			n.set(func(f *netenv.Findings) {
				*f = newNeighbourhood().found
				f.Gateway, f.Server = netenv.Silent, netenv.Silent
			})
		})
		time.AfterFunc(20*time.Second, func() { n.set(func(f *netenv.Findings) { f.Gateway = netenv.Answers }) })
		w.cut(30 * time.Second)
		time.Sleep(20 * time.Second)
		finish()
		var causes []warning.Cause
		for _, x := range d.warnings {
			causes = append(causes, x.Cause)
			if x.ID != 1 || x.Episodes != 1 {
				t.Errorf("%+v", x)
			}
		}
		if len(causes) != 4 || causes[0] != "" || causes[1] != warning.CauseWiFi || causes[2] != warning.CauseBeyond || causes[3] != warning.CauseBeyond {
			t.Errorf("causes %q", causes)
		}
		if d.warnings[0].Updated != (time.Time{}) || d.warnings[1].Updated.IsZero() || d.warnings[3].Active() {
			t.Errorf("%+v", d.warnings)
		}
	})
}

// A cancelled watch does not wait for a missing answer.
func TestEndWhileAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		w := newTestbed(t, up, down)
		n := newNeighbourhood()
		_, finish := w.watch(func(o *probe.Options) { o.Attribution = n })
		time.Sleep(10 * time.Second)
		n.set(silentServer)
		go w.cut(10 * time.Second)
		time.Sleep(1700 * ms)
		begun := time.Now()
		finish()
		if d := time.Since(begun); d > 3*time.Second {
			t.Errorf("took %v to end", d)
		}
		time.Sleep(10 * time.Second)
	})
}

var _ probe.Attribution = (*netenv.Asker)(nil)

func TestLookErrorsAreNoNews(t *testing.T) {
	var f netenv.Findings
	f.Saw(netenv.State{}, errors.New("x"))
	if f.Looked || f.Offline {
		t.Errorf("%+v", f)
	}
	f.Saw(netenv.State{}, netenv.ErrNoRoute)
	if !f.Looked || !f.Offline {
		t.Errorf("%+v", f)
	}
}
