package probe_test

import (
	"flag"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/netsim"
	"examlink/probe/warning"
)

var lossSeeds = flag.Uint64("loss-seeds", 6, "runs of each kind of loss")

// Loss beyond the limit is warned of, in half of the runs within a minute and
// mostly much sooner, whether packets are lost one by one or in bursts; loss within it is not.
func TestLossIsWarnedOfInTime(t *testing.T) {
	long(t)
	seeds := *lossSeeds
	for _, c := range []struct {
		name string
		lose func(*testbed, time.Duration) // for a time
		warn bool
		by   time.Duration // the median
	}{
		{"5 % up", func(w *testbed, d time.Duration) {
			w.client.Up.Update(func(p *netsim.Params) { p.Loss = 0.05 })
			time.Sleep(d)
		}, true, 51 * time.Second},
		{"8 % down", func(w *testbed, d time.Duration) {
			w.client.Down.Update(func(p *netsim.Params) { p.Loss = 0.08 })
			time.Sleep(d)
		}, true, 36 * time.Second},
		{"bursts of 7 % up", func(w *testbed, d time.Duration) {
			w.client.Up.Update(func(p *netsim.Params) { p.BurstStart, p.BurstEnd = 0.02, 0.25 })
			time.Sleep(d)
		}, true, time.Minute + 11*time.Second},
		{"a dead half second every 12 s", func(w *testbed, d time.Duration) {
			for range d / (12 * time.Second) {
				w.cut(500 * ms)
				time.Sleep(11500 * ms)
			}
		}, true, 36 * time.Second},
		{"1 % up", func(w *testbed, d time.Duration) {
			w.client.Up.Update(func(p *netsim.Params) { p.Loss = 0.01 })
			time.Sleep(3 * d)
		}, false, 0},
		{"a dead half second every two minutes", func(w *testbed, d time.Duration) {
			for range 3 * d / (2 * time.Minute) {
				w.cut(500 * ms)
				time.Sleep(2*time.Minute - 500*ms)
			}
		}, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var after []time.Duration
			missed := uint64(0) // chance loses too little in some runs
			for seed := range seeds {
				synctest.Test(t, func(t *testing.T) {
					up, down := good()
					w := newTestbedSeeded(t, up, down, seed+1)
					d, finish := w.watch(nil)
					time.Sleep(time.Minute)
					began := w.host.Wall()
					c.lose(w, 2*time.Minute)
					finish()
					i := slices.IndexFunc(d.warnings, func(x warning.Warning) bool { return x.Kind == warning.Loss })
					switch {
					case i >= 0 && c.warn:
						after = append(after, d.warnings[i].Raised.Sub(began))
					case i >= 0:
						t.Errorf("seed %d: %v", seed, d.warnings[i])
					case c.warn:
						missed++
					}
				})
			}
			if 3*missed > seeds {
				t.Errorf("no warning in %d of %d runs", missed, seeds)
			}
			if slices.Sort(after); len(after) > 0 {
				t.Logf("%d of %d warned of, median %v, worst %v", seeds-missed, seeds, after[len(after)/2].Round(time.Second), after[len(after)-1].Round(time.Second))
				if after[len(after)/2] > c.by {
					t.Errorf("late: %v", after)
				}
			}
		})
	}
}
