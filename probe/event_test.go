package probe_test

import (
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
	"examlink/probe/verdict"
)

// hold holds packets up in both directions for d, as a computer that scans for Wi-Fi
// networks does.
func (w *testbed) hold(d time.Duration, up, down ippm.Rate) {
	w.rates(1000, 1000)
	time.Sleep(d)
	w.rates(up, down)
}

// One stall in the first seconds of a check, or a burst of losses, is no property of
// the link: the check looks again, and says what it was. What comes back is one.
func TestOneEventIsNoVerdict(t *testing.T) {
	long(t)
	for _, c := range []struct {
		name   string
		happen func(*testbed)
		want   verdict.Outcome
	}{
		{"nothing", func(*testbed) {}, verdict.Ready},
		{"one stall of 2.2 s", func(w *testbed) { time.Sleep(1500 * ms); w.hold(2200*ms, mbit(5), mbit(10)) }, verdict.Ready},
		{"one stall of 0.4 s", func(w *testbed) { time.Sleep(1500 * ms); w.hold(400*ms, mbit(5), mbit(10)) }, verdict.Ready},
		{"one dead second", func(w *testbed) { time.Sleep(1500 * ms); w.cut(time.Second) }, verdict.Ready},
		{"jitter throughout", func(w *testbed) { w.both(func(p *netsim.Params) { p.Jitter = 60 * ms }) }, verdict.NotReady},
		{"loss throughout", func(w *testbed) { w.both(func(p *netsim.Params) { p.Loss = 0.08 }) }, verdict.NotReady},
		{"some loss throughout", func(w *testbed) { w.both(func(p *netsim.Params) { p.Loss = 0.005 }) }, verdict.Marginal},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up, down := good()
				up.QueueTime, down.QueueTime = 300*ms, 300*ms
				w := newTestbed(t, up, down)
				done := make(chan struct{})
				go func() { defer close(done); c.happen(w) }()
				defer func() { <-done }()
				r, err := probe.Check(t.Context(), w.options(), nil)
				if err != nil {
					t.Fatal(err)
				}
				if r.Verdict.Outcome != c.want {
					t.Errorf("%s", r.Verdict.Sentence)
				}
				for _, x := range r.Verdict.Reasons {
					if x.Why != "" {
						t.Logf("%s: %s", x.Criterion, x.Why)
					}
				}
				t.Logf("%v: %s", r.Duration, r.Verdict.Sentence)
			})
		})
	}
}

// A round trip of 600 ms may be 300 ms each way or not; it is judged as what it is.
func TestLongRoundTripIsNotReady(t *testing.T) {
	for _, c := range []struct {
		up, down time.Duration
		want     verdict.Outcome
	}{{300 * ms, 300 * ms, verdict.Marginal}, {550 * ms, 50 * ms, verdict.Marginal}, {450 * ms, 450 * ms, verdict.NotReady}, {100 * ms, 100 * ms, verdict.Ready}} {
		t.Run(c.up.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up, down := good()
				up.Delay, down.Delay = c.up, c.down
				up.QueueTime, down.QueueTime = 300*ms, 300*ms
				r, err := probe.Check(t.Context(), newTestbed(t, up, down).options(), nil)
				if err != nil {
					t.Fatal(err)
				}
				if r.Verdict.Outcome != c.want {
					t.Errorf("%v and %v: %s", c.up, c.down, r.Verdict.Sentence)
				}
			})
		})
	}
}

// The delay under load is that of a full buffer, or is not given.
func TestDelayUnderLoadIsThatOfAFullBuffer(t *testing.T) {
	for _, c := range []struct {
		up, down float64
		buffer   time.Duration
		rise     float64 // seconds; 0: not loaded
		want     verdict.Outcome
	}{
		{1.3, 3, 2500 * ms, 1, verdict.Marginal},
		{1.3, 3, 200 * ms, 0.2, verdict.Ready},
		{1.3, 3, 700 * ms, 0.7, verdict.Marginal},
		{50, 100, 2500 * ms, 0, verdict.Ready},
	} {
		t.Run(c.buffer.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := netsim.Params{Delay: 15 * ms, QueueTime: c.buffer}
				up, down := p, p
				up.Rate, down.Rate = mbit(c.up), mbit(c.down)
				r, err := probe.Check(t.Context(), newTestbed(t, up, down).options(), nil)
				if err != nil {
					t.Fatal(err)
				}
				if r.Verdict.Outcome != c.want {
					t.Errorf("%s", r.Verdict.Sentence)
				}
				for _, l := range []probe.Loaded{r.LoadedDown, r.LoadedUp} {
					switch {
					case c.rise == 0:
						if l.Rise != nil || l.RoundTripsPerMinute != nil || l.Why == "" {
							t.Errorf("not loaded: %+v", l)
						}
					case l.Rise == nil || *l.Rise < 0.9*c.rise || *l.Rise > 1.1*c.rise || !l.Full:
						t.Errorf("%+v, want a full buffer of %v s", l, c.rise)
					default:
						if rpm := 60 / (c.rise + 0.03); *l.RoundTripsPerMinute < 0.85*rpm || *l.RoundTripsPerMinute > 1.15*rpm {
							t.Errorf("%v round trips per minute, want %v", *l.RoundTripsPerMinute, rpm)
						}
					}
				}
				t.Logf("%v, %d kB: %s", r.Duration, (r.BytesDown+r.BytesUp)/1000, r.Verdict.Sentence)
			})
		})
	}
}
