package probe_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
	"examlink/probe/warning"
)

// video sends packets at a constant rate through a pipe until ctx ends.
func video(ctx context.Context, p *netsim.Pipe, bitRate float64, size int) {
	tick := time.NewTicker(time.Duration(float64(size) * 8 / bitRate * float64(time.Second)))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.Send(make([]byte, 3), size)
		case <-ctx.Done():
			return
		}
	}
}

// watchBesideVideo runs a watch on a link of so many Mbit/s, beside the student's own
// video of so many bit/s. The returned function ends both.
func watchBesideVideo(t *testing.T, linkUp, linkDown, videoUp, videoDown float64) (w *testbed, d *diary, finish func() probe.Summary) {
	t.Helper()
	p := netsim.Params{QueueTime: 500 * ms, Delay: 15 * ms, Jitter: ms, KeepOrder: true}
	up, down := p, p
	up.Rate, down.Rate = mbit(linkUp), mbit(linkDown)
	w = newTestbed(t, up, down)
	ctx, stop := context.WithCancel(t.Context())
	go video(ctx, w.client.Up, videoUp, 800)
	go video(ctx, w.client.Down, videoDown, 1200)
	// The interface counts a packet when it is delivered.
	traffic := func() (uint64, uint64, bool) {
		return w.client.Down.Counters().DeliveredBytes, w.client.Up.Counters().OfferedBytes, true
	}
	d, end := w.watch(func(o *probe.Options) { o.Traffic = traffic })
	return w, d, func() probe.Summary { defer stop(); return end() }
}

// The student's own video fills most of a link that just meets the minimum: no rate
// warning is raised, and the video loses nothing and waits little.
func TestOwnTrafficIsNoSlowLink(t *testing.T) {
	long(t)
	synctest.Test(t, func(t *testing.T) {
		w, d, finish := watchBesideVideo(t, 0.5, 0.9, 0.4e6, 0.7e6)
		time.Sleep(10 * time.Minute)
		s := finish()
		for _, x := range d.warnings {
			if x.Kind != warning.BelowRecommended { // which is true
				t.Errorf("warning %v", x)
			}
		}
		tested := 0
		for _, f := range d.floors {
			if f.Outcome == probe.FloorMeets {
				tested++
			}
		}
		if s.Glances < 150 || tested < s.Glances/2 {
			t.Errorf("%d glances, %d tests say that the minimum is met", s.Glances, tested)
		}
		for name, c := range map[string]netsim.Counters{"up": w.client.Up.Counters(), "down": w.client.Down.Counters()} {
			t.Logf("%s: longest queue %v, %d lost", name, c.MaxWait, c.Lost())
			if c.Lost() > 0 || c.MaxWait > 100*ms {
				t.Errorf("%s: longest queue %v, %d lost", name, c.MaxWait, c.Lost())
			}
		}
	})
}

// Nor does it hide a slow link.
func TestOwnTrafficHidesNoSlowLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d, finish := watchBesideVideo(t, 5, 10, 0.15e6, 0.3e6)
		time.Sleep(time.Minute)
		fall := w.host.Wall()
		w.client.Up.Update(func(p *netsim.Params) { p.Rate = mbit(0.25) })
		w.client.Down.Update(func(p *netsim.Params) { p.Rate = mbit(0.5) })
		time.Sleep(30 * time.Second)
		finish()
		for _, k := range []warning.Kind{warning.DownloadBelowMinimum, warning.UploadBelowMinimum} {
			told := false
			for _, x := range d.warnings {
				told = told || x.Kind == k
				if x.Raised.Before(fall) {
					t.Errorf("before the fall: %v", x)
				}
			}
			if !told {
				t.Errorf("no %s within 30 s: %v", k, d.warnings)
			}
		}
	})
}

// A check beside the student's own download and upload reads the link's rate and
// reports their share. Where they are not visible the rates are too low, and the share
// is reported as unknown.
func TestCheckCountsOwnTraffic(t *testing.T) {
	for _, seen := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			p := netsim.Params{QueueTime: 300 * ms, Delay: 15 * ms, Jitter: ms, KeepOrder: true}
			up, down := p, p
			up.Rate, down.Rate = mbit(0.55), mbit(1.2)
			w := newTestbed(t, up, down)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go video(ctx, w.client.Up, 0.25e6, 800)
			go video(ctx, w.client.Down, 0.6e6, 1200)
			o := w.options()
			if seen {
				o.Traffic = w.interfaceCounters
			}
			r, err := probe.Check(t.Context(), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("down %s, up %s: %s", describe(r.CapacityDown.Rate), describe(r.CapacityUp.Rate), r.Verdict.Outcome)
			if !seen {
				if r.OthersDown != nil || r.OthersUp != nil {
					t.Error("others are told without being seen")
				}
				return
			}
			for _, x := range []struct {
				name         string
				rate         ippm.Interval
				floor        probe.FloorOutcome
				link, others float64
				told         *float64
			}{{"down", r.CapacityDown.Rate, r.FloorDown.Outcome, 1.2e6, 0.6e6, r.OthersDown}, {"up", r.CapacityUp.Rate, r.FloorUp.Outcome, 0.55e6, 0.25e6, r.OthersUp}} {
				if x.floor != probe.FloorMeets || x.rate.Value == nil || math.Abs(*x.rate.Value/x.link-1) > 0.05 {
					t.Errorf("%s: %s and %s, expected %v", x.name, x.floor, describe(x.rate), x.link)
				}
				// In a full queue the student's own programs yield as ours do.
				if x.told == nil || *x.told < 0.3*x.others || *x.told > 1.1*x.others {
					t.Errorf("%s: others are not told as about %v", x.name, x.others)
				}
			}
		})
	}
}

// An interface also counts the link headers of our own packets: they are not reported
// as other programs' traffic.
func TestCheckOnAQuietComputer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const header = 14 // bytes, of Ethernet
		p := netsim.Params{QueueTime: 300 * ms, Delay: 15 * ms}
		up, down := p, p
		up.Rate, down.Rate = mbit(10), mbit(20)
		w := newTestbed(t, up, down)
		o := w.options()
		o.Traffic = func() (received, sent uint64, ok bool) {
			d, u := w.client.Down.Counters(), w.client.Up.Counters()
			return d.DeliveredBytes + header*d.Delivered, u.OfferedBytes + header*u.Offered, true
		}
		r, err := probe.Check(t.Context(), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range map[string]*float64{"down": r.OthersDown, "up": r.OthersUp} {
			if v == nil || *v > 10e3 {
				t.Errorf("%s: other programs are said to move something on a quiet computer", name)
			}
		}
	})
}
