package probe_test

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/warning"
)

func kinds(ws []warning.Warning) string {
	var out []string
	for _, w := range ws {
		out = append(out, string(w.Kind))
	}
	return strings.Join(out, " ")
}

func TestWatchSurvives(t *testing.T) {
	long(t)
	for _, c := range []struct {
		name     string
		happen   func(*testbed)
		warnings string // in the summary
		session  string // the last reported state of the session
	}{
		{"nothing", func(*testbed) {}, "", "connected"},
		{"a new address", func(w *testbed) { w.client.Rebind(netip.MustParseAddr("10.9.9.9")) }, "", "connected"},
		{"a server that restarts at once", func(w *testbed) { w.halt(); w.serve() }, "", "resumed"},
		{"a server that is away for 20 s", func(w *testbed) { w.halt(); time.Sleep(20 * time.Second); w.serve() }, "outage", "back resumed"},
		{"the computer asleep for 10 min", func(w *testbed) { w.host.Sleep(10 * time.Minute); w.far.Jump(10 * time.Minute) }, "suspended", "connected resumed back"},
		{"the wall clock an hour ahead", func(w *testbed) { w.host.Step(time.Hour) }, "clock", "connected"},
		{"the wall clock an hour back", func(w *testbed) { w.host.Step(-time.Hour) }, "clock", "connected"},
		{"one second without the network", func(w *testbed) { w.cut(time.Second) }, "", "connected"},
		{"two seconds without the network", func(w *testbed) { w.cut(2 * time.Second) }, "outage", "connected"},
		{"five seconds without the network", func(w *testbed) { w.cut(5 * time.Second) }, "outage", "back resumed"},
		{"ten percent loss for a minute", func(w *testbed) {
			w.client.Down.Update(func(p *netsim.Params) { p.Loss = 0.1 })
			time.Sleep(time.Minute)
			w.client.Down.Update(func(p *netsim.Params) { p.Loss = 0 })
		}, "loss", "connected"},
		{"delay that varies for a minute", func(w *testbed) {
			w.client.Up.Update(func(p *netsim.Params) { p.Jitter = 80 * ms })
			time.Sleep(time.Minute)
			w.client.Up.Update(func(p *netsim.Params) { p.Jitter = ms })
		}, "delay-variation", "connected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up, down := good()
				w := newTestbed(t, up, down)
				d, finish := w.watch(nil)
				time.Sleep(time.Minute)
				c.happen(w)
				time.Sleep(2 * time.Minute)
				s := finish()
				if got := kinds(s.Warnings); got != c.warnings {
					t.Errorf("warnings %q, want %q: %v", got, c.warnings, s.Warnings)
				}
				for _, x := range s.Warnings {
					if x.End.IsZero() {
						t.Errorf("%v still stands two minutes later", x)
					}
				}
				if last := d.sessions[len(d.sessions)-1]; !strings.Contains(c.session, last[strings.LastIndex(last, " ")+1:]) {
					t.Errorf("session: %v, want %s at the end", d.sessions, c.session)
				}
				m := s.Monitor
				if m.Sent != m.Received+m.LostUp+m.LostDown+m.LostUnknown || m.LostUnknown > 0 && c.name != "a server that restarts at once" && c.name != "a server that is away for 20 s" {
					t.Errorf("%d sent, %d received, lost %d up %d down %d unknown", m.Sent, m.Received, m.LostUp, m.LostDown, m.LostUnknown)
				}
			})
		})
	}
}

func (w *testbed) cut(d time.Duration) {
	w.dark(true)
	time.Sleep(d)
	w.dark(false)
}

// dark cuts the line for all traffic, or restores it.
func (w *testbed) dark(yes bool) {
	w.both(func(p *netsim.Params) { p.Outage = yes })
	if w.tcp != nil {
		w.tcp.cut(yes)
	}
}

// both changes both directions of the link.
func (w *testbed) both(change func(*netsim.Params)) {
	w.client.Up.Update(change)
	w.client.Down.Update(change)
}

// Loss is attributed to the directions exactly, despite duplicates and reordering. A
// zero budget keeps floor tests out.
func TestLossSplitIsExact(t *testing.T) {
	for _, loss := range []float64{0, 0.01, 0.05} {
		synctest.Test(t, func(t *testing.T) {
			p := netsim.Params{Delay: 20 * ms, Jitter: 5 * ms, Duplicate: 0.02, Reorder: 0.02, ReorderBy: 150 * ms}
			up, down := p, p
			w := newTestbed(t, up, down)
			_, finish := w.watch(func(o *probe.Options) { o.Watch.BudgetShare = 1e-9 })
			time.Sleep(10 * time.Second) // past the handshake and the first floor test
			before := [2]netsim.Counters{w.client.Up.Counters(), w.client.Down.Counters()}
			w.client.Up.Update(func(p *netsim.Params) { p.Loss = loss })
			w.client.Down.Update(func(p *netsim.Params) { p.Loss = 2 * loss })
			time.Sleep(3 * time.Minute)
			w.client.Up.Update(func(p *netsim.Params) { p.Loss = 0 })
			w.client.Down.Update(func(p *netsim.Params) { p.Loss = 0 })
			upLost := w.client.Up.Counters().Lost() - before[0].Lost()
			downLost := w.client.Down.Counters().Lost() - before[1].Lost()
			time.Sleep(10 * time.Second)
			s := finish()
			m := s.Monitor
			// The control connection's keep-alives are on the link, too: the
			// counters may hold a few packets more, never fewer.
			if m.LostUp > upLost || upLost-m.LostUp > upLost/20+2 || m.LostDown > downLost || downLost-m.LostDown > downLost/20+2 || m.LostUnknown != 0 {
				t.Errorf("loss %v: up %d of %d, down %d of %d, unknown %d", loss, m.LostUp, upLost, m.LostDown, downLost, m.LostUnknown)
			}
			if m.Duplicates == 0 || m.Reordered == 0 {
				t.Errorf("duplicates %d, reordered %d, want some of each", m.Duplicates, m.Reordered)
			}
		})
	}
}

// The absolute one-way delay lies within its stated bound, with clocks an hour
// apart, one of them 40 ppm fast, and a path that is not symmetric.
func TestOneWayDelayWithinItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		up.Delay, down.Delay = 10*ms, 40*ms
		w := newTestbed(t, up, down)
		_, finish := w.watch(func(o *probe.Options) { o.Watch.BudgetShare = 1e-9 })
		time.Sleep(10 * time.Minute)
		m := finish().Monitor
		if m.OneWayBound == nil || *m.OneWayBound > 0.03 {
			t.Fatalf("bound %v, want about half of 50 ms", m.OneWayBound)
		}
		for name, x := range map[string]struct {
			q    probe.Quantiles
			want float64
		}{"up": {m.OneWayUp, 0.0107}, "down": {m.OneWayDown, 0.0407}} {
			if math.Abs(*x.q.Median-x.want) > *m.OneWayBound {
				t.Errorf("%s: median %v, truth %v, bound %v", name, *x.q.Median, x.want, *m.OneWayBound)
			}
			// Variation needs no offset: it is right to a fraction of a millisecond.
			if spread := *x.q.P95 - *x.q.Median; math.Abs(spread-0.0023) > 0.001 {
				t.Errorf("%s: 95th percentile %.4f s above the median, want 0.0023", name, spread)
			}
		}
	})
}
