package probe_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/warning"
)

// The rates fall below the minimum at a random moment: a warning comes within
// ten seconds in 19 of 20 runs, that of the other direction in 9 of 10, and no train of ours adds more queueing than is
// allowed before, nor, but for one that is on its way as the rate falls, after.
func TestFallIsWarnedOfInTime(t *testing.T) {
	runs := 40
	if testing.Short() {
		runs = 8
	}
	rng := rand.New(rand.NewPCG(4, 4))
	var took []time.Duration
	late, unheard, deep, wrong := 0, 0, 0, 0
	for i := range runs {
		rtt := []time.Duration{20 * ms, 50 * ms, 100 * ms, 200 * ms}[i%4]
		jitter := []time.Duration{ms, 5 * ms}[i/4%2]
		at := 30*time.Second + time.Duration(rng.Int64N(int64(60*time.Second)))
		if i/8%2 == 1 { // the budget that a watch begins with is spent
			at += 10 * time.Minute
		}
		synctest.Test(t, func(t *testing.T) {
			p := netsim.Params{QueueTime: 2 * time.Second, Delay: rtt / 2, Jitter: jitter, KeepOrder: true}
			up, down := p, p
			up.Rate, down.Rate = mbit(5), mbit(10)
			w := newTestbedSeeded(t, up, down, uint64(i))
			d, finish := w.watch(func(o *probe.Options) { o.Seed = uint64(i + 1) })
			time.Sleep(at)
			before := max(w.client.Up.Counters().MaxWait, w.client.Down.Counters().MaxWait)
			w.client.Down.Update(func(p *netsim.Params) { p.Rate = mbit(0.5) })
			w.client.Up.Update(func(p *netsim.Params) { p.Rate = mbit(0.25) })
			time.Sleep(20 * time.Second)
			after := max(w.client.Up.Counters().MaxWait, w.client.Down.Counters().MaxWait)
			finish()
			fall, first := d.start.Add(at), time.Hour
			for _, kind := range []warning.Kind{warning.DownloadBelowMinimum, warning.UploadBelowMinimum} {
				k := slices.IndexFunc(d.warnings, func(x warning.Warning) bool { return x.Kind == kind })
				if k < 0 || d.warnings[k].Raised.Before(fall) {
					late++
					t.Logf("run %d, round trip %v: no %s: %v", i, rtt, kind, d.warnings)
					continue
				}
				after := d.warnings[k].Raised.Sub(fall)
				took, first = append(took, after), min(first, after)
				if after > 10*time.Second {
					late++
				}
			}
			if first > 10*time.Second {
				unheard++
			}
			// A packet's own 39 ms on the slower link are in the counters.
			switch {
			case before > 60*ms || after > 600*ms:
				wrong++
				t.Logf("run %d, round trip %v: queue %v before, %v after", i, rtt, before, after)
			case after > 150*ms+39*ms:
				t.Logf("run %d, round trip %v, jitter %v: queue %v before, %v after", i, rtt, jitter, before, after)
				deep++ // a train was on its way at the moment of the fall
			}
		})
	}
	if len(took) == 0 {
		t.Fatalf("no warning in any of %d runs", runs)
	}
	slices.Sort(took)
	t.Logf("%d runs in which nothing was warned of within 10 s", unheard)
	t.Logf("%d warnings: median %v, worst %v after the fall; %d of %d late; queues above 150 ms in %d of %d runs",
		len(took), took[len(took)/2], took[len(took)-1], late, 2*runs, deep, runs)
	// Of a few runs one may be the one in twenty.
	if unheard > max(runs/20, 1) || late > max(2*runs/10, 2) {
		t.Errorf("nothing was warned of within 10 s in %d of %d runs, want at most 1 in 20; %d of %d warnings came later or not at all, want at most 1 in 10",
			unheard, runs, late, 2*runs)
	}
	if wrong > 0 || deep*10 > runs {
		t.Errorf("in %d of %d runs a train added more than 60 ms before the fall or 600 ms after it, in %d more than 150 ms after it, want none and at most a tenth", wrong, runs, deep)
	}
}
