package probe_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/verdict"
)

var shortQueue = flag.Bool("short-queue", false, "all policed links delay one packet, as a token bucket with hardly any queue does, not every third")

var policedLinks = flag.Int("policed", 24, "how many policed links to check")

// A policer drops at once what exceeds its rate and delays nothing. No check calls a
// link ready whose policer is below the recommended rate, and its rates or bounds
// hold.
func TestPolicedLinksAreNotReady(t *testing.T) {
	n := *policedLinks
	if testing.Short() {
		n = 8
	}
	counts := map[verdict.Outcome]int{}
	wrong, off := 0, []float64{0}
	for seed := range uint64(n) {
		rng := rand.New(rand.NewPCG(seed, 3))
		share := math.Exp(math.Log(0.5) + rng.Float64()*math.Log(20/0.5))
		burst := int(math.Exp(math.Log(2e3) + rng.Float64()*math.Log(300e3/2e3)))
		loss := 0.0
		if rng.IntN(2) == 0 {
			loss = 0.01
		}
		rtt := []time.Duration{10 * ms, 50 * ms, 150 * ms}[rng.IntN(3)]
		short := *shortQueue || seed%3 == 2
		name := fmt.Sprintf("seed %d: policed to %.3f of the minimum after %d bytes, loss %.0f %%, round trip %v", seed, share, burst, 100*loss, rtt)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := netsim.Params{QueueTime: 100 * ms, Rate: mbit(100), Delay: rtt / 2, Loss: loss}
				up, down := p, p
				if short {
					up.Rate, down.Rate = mbit(0.384*share), mbit(0.768*share)
					up.Bucket, down.Bucket, up.Queue, down.Queue = burst, burst, 1600, 1600
				} else {
					up.PoliceRate, down.PoliceRate = mbit(0.384*share), mbit(0.768*share)
					up.PoliceBurst, down.PoliceBurst = burst, burst
				}
				w := newTestbedSeeded(t, up, down, seed+1)
				r, err := probe.Check(t.Context(), w.options(), nil)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				counts[r.Verdict.Outcome]++
				recommended := 0.768*share >= 1.5*0.97 && 0.384*share >= 0.97
				minimum := share >= 0.97
				bad := r.Verdict.Outcome == verdict.Ready && !recommended || r.Verdict.Outcome == verdict.Marginal && !minimum || r.Verdict.Outcome == verdict.NotReady && share > 1.03
				if bad {
					wrong++
					t.Errorf("%s: %s: floor %s %s, %s %s; capacity %s, %s; stream %s, %s", name, r.Verdict.Sentence, r.FloorDown.Outcome, describe(r.FloorDown.Rate), r.FloorUp.Outcome, describe(r.FloorUp.Rate),
						describe(r.CapacityDown.Rate), describe(r.CapacityUp.Rate), goodput(r.GoodputDown), goodput(r.GoodputUp))
				}
				for _, c := range []struct {
					name string
					c    probe.Capacity
					true float64
				}{{"down", r.CapacityDown, 0.768e6 * share}, {"up", r.CapacityUp, 0.384e6 * share}} {
					if v := c.c.Rate.Value; v != nil {
						off = append(off, math.Abs(*v/c.true-1))
						if off[len(off)-1] > 0.08 {
							t.Logf("%s: %s: %.3f of the truth", name, c.name, *v/c.true)
						}
					} else if l := c.c.Rate.Low; l != nil && *l > 1.03*c.true {
						t.Errorf("%s: %s: bound %s, truth %.3f Mbit/s (%s)", name, c.name, describe(c.c.Rate), c.true/1e6, c.c.Why)
					}
				}
				if r.BytesDown+r.BytesUp > 10e6 {
					t.Errorf("%s: %d bytes", name, r.BytesDown+r.BytesUp)
				}
			})
		})
	}
	t.Logf("%d links, %v, %d wrong; %d rates, median %.2f %% off", n, counts, wrong, len(off)-1, 100*slices.Sorted(slices.Values(off))[len(off)/2])
}

// A bucket larger than the tests empty is emptied by the stream beside them, whose
// rate contradicts the tests' bound. The direction is then tested again.
func TestCheckSeesBehindAHugeTokenBucket(t *testing.T) {
	for _, c := range []struct {
		down, up float64
		want     verdict.Outcome
	}{{0.6, 0.3, verdict.NotReady}, {1.2, 0.6, verdict.Marginal}} {
		for _, police := range []bool{true, false} {
			t.Run(fmt.Sprint(c.down, police), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := netsim.Params{Delay: 10 * ms}
					up, down := p, p
					for x, rate := range map[*netsim.Params]float64{&up: c.up, &down: c.down} {
						if police {
							x.PoliceRate, x.PoliceBurst = mbit(rate), 1e6
						} else {
							x.Rate, x.Bucket, x.Queue = mbit(rate), 1e6, 1600
						}
					}
					w := newTestbed(t, up, down)
					r, err := probe.Check(t.Context(), w.options(), nil)
					if err != nil {
						t.Fatal(err)
					}
					if r.Verdict.Outcome != c.want {
						t.Errorf("%v/%v, policer %v: %s: %s, %s; stream %s, %s", c.down, c.up, police, r.Verdict.Sentence, describe(r.CapacityDown.Rate), describe(r.CapacityUp.Rate), goodput(r.GoodputDown), goodput(r.GoodputUp))
					}
					for _, x := range []struct {
						c     probe.Capacity
						truth float64
					}{{r.CapacityDown, c.down}, {r.CapacityUp, c.up}} {
						if v := x.c.Rate.Value; v == nil || math.Abs(*v/x.truth/1e6-1) > 0.03 {
							t.Errorf("%s, want %v Mbit/s: %s", describe(x.c.Rate), x.truth, x.c.Why)
						}
					}
					if r.BytesDown+r.BytesUp > 10e6 {
						t.Errorf("%d bytes", r.BytesDown+r.BytesUp)
					}
					t.Logf("%v, %d kB, down %+v, up %+v; %s, %s; %s, %s", r.Duration, (r.BytesDown+r.BytesUp)/1000, r.FloorDown, r.FloorUp, describe(r.CapacityDown.Rate), describe(r.CapacityUp.Rate), goodput(r.GoodputDown), goodput(r.GoodputUp))
				})
			})
		}
	}
}

func goodput(g probe.Goodput) string {
	if g.Value == nil {
		return g.Why
	}
	return fmt.Sprintf("%.3f Mbit/s", *g.Value/1e6)
}
