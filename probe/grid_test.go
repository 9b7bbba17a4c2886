package probe_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
	"examlink/probe/wire"
)

var (
	wholeGrid = flag.Bool("grid", false, "classify the whole grid of links, not a sample of it")
	onlyRow   = flag.String("row", "", "only the conditions whose name begins so")
)

// condition is the effect of a link on packets besides its rate.
type condition struct {
	name   string
	change func(*netsim.Params)
	cross  float64 // share of the rate that cross traffic takes
	busy   bool    // both hosts are delayed occasionally
	police bool    // what exceeds the rate is dropped at once, and nothing is delayed
	// Requirements on the floor test under it.
	right        float64 // share right among the decided
	inconclusive float64 // share at most
	bytes        int64   // median, one direction
	seconds      float64 // median, one direction
}

var conditions = []condition{
	{name: "clean", change: func(*netsim.Params) {}, right: 0.99, inconclusive: 0.01, bytes: 100e3, seconds: 0.5},
	{name: "jitter 1 ms", change: func(p *netsim.Params) { p.Jitter = ms }, right: 0.98, inconclusive: 0.1, bytes: 160e3, seconds: 1.5},
	{name: "jitter 8 ms, order kept", change: func(p *netsim.Params) { p.Jitter, p.KeepOrder = 8*ms, true }, right: 0.98, inconclusive: 0.1, bytes: 160e3, seconds: 1.5},
	{name: "jitter 8 ms, reordering", change: func(p *netsim.Params) { p.Jitter = 8 * ms }, right: 0.98, inconclusive: 0.1, bytes: 160e3, seconds: 1.5},
	{name: "loss 1 %", change: func(p *netsim.Params) { p.Loss = 0.01 }, right: 0.98, inconclusive: 0.1, bytes: 160e3, seconds: 1.5},
	{name: "loss 5 %", change: func(p *netsim.Params) { p.Loss = 0.05 }, right: 0.98, inconclusive: 0.1, bytes: 160e3, seconds: 1.5},
	{name: "loss in bursts, 2 %", change: func(p *netsim.Params) { p.BurstStart, p.BurstEnd = 0.005, 0.25 }, right: 0.98, inconclusive: 0.1, bytes: 160e3, seconds: 1.5},
	{name: "reordering 1 %", change: func(p *netsim.Params) { p.Reorder, p.ReorderBy = 0.01, 20*ms }, right: 0.98, inconclusive: 0.1, bytes: 160e3, seconds: 1.5},
	{name: "jitter 8 ms and loss 5 %", change: func(p *netsim.Params) { p.Jitter, p.KeepOrder, p.Loss = 8*ms, true, 0.05 }, right: 0.98, inconclusive: 0.1, bytes: 160e3, seconds: 1.6},
	{name: "cross traffic 2 %", change: func(*netsim.Params) {}, cross: 0.02, right: 0.98, inconclusive: 0.1, bytes: 160e3, seconds: 1.5},
	{name: "cross traffic 20 %", change: func(*netsim.Params) {}, cross: 0.2, right: 0.98, inconclusive: 0.1, bytes: 160e3, seconds: 1.5},
	{name: "policer", change: func(*netsim.Params) {}, police: true, right: 0.99, inconclusive: 0.1, bytes: 240e3, seconds: 2.5},
	{name: "policer and loss 1 %", change: func(p *netsim.Params) { p.Loss = 0.01 }, police: true, right: 0.98, inconclusive: 0.1, bytes: 240e3, seconds: 2.5},
	{name: "hosts held up", change: func(*netsim.Params) {}, busy: true, right: 0.98, inconclusive: 0.1, bytes: 160e3, seconds: 1.5},
}

// knownMisses are the links of the sample whose verdict is occasionally wrong or
// missing, by row; any other miss fails the test. A burst of 64 kB before a queue of 20
// ms leaves a test little to see when the hosts are delayed as well.
var knownMisses = map[string][]string{
	"hosts held up": {
		"WRONG down 0.950 bucket 64 queue 20ms rtt 200ms", "WRONG down 0.950 bucket 64 queue 20ms rtt 5ms", "up 0.500 bucket 5 queue 100ms rtt 5ms",
	},
	"jitter 8 ms and loss 5 %": {
		"WRONG down 1.025 bucket 64 queue 500ms rtt 50ms", "down 0.975 bucket 64 queue 20ms rtt 5ms", "down 1.025 bucket 64 queue 20ms rtt 50ms",
		"down 1.050 bucket 16 queue 20ms rtt 200ms", "up 0.975 bucket 5 queue 100ms rtt 5ms", "up 2.000 bucket 0 queue 20ms rtt 200ms",
	},
	"jitter 8 ms, order kept": {
		"WRONG down 0.950 bucket 64 queue 20ms rtt 200ms", // in one of four runs
		"down 0.950 bucket 64 queue 20ms rtt 5ms", "down 0.975 bucket 64 queue 20ms rtt 5ms", "down 1.025 bucket 64 queue 20ms rtt 50ms",
		"up 0.975 bucket 5 queue 100ms rtt 5ms", "up 2.000 bucket 0 queue 20ms rtt 200ms",
	},
	"jitter 8 ms, reordering": {"up 2.000 bucket 0 queue 20ms rtt 200ms"},
}

// unknownMisses returns the misses that knownMisses does not name: wrong verdicts, and
// the number of missing ones.
func unknownMisses(row string, misses []string) (wrong []string, unclear int) {
	for _, m := range misses {
		link, _, _ := strings.Cut(m, ":")
		switch {
		case slices.Contains(knownMisses[row], link):
		case strings.HasPrefix(link, "WRONG "):
			wrong = append(wrong, m)
		default:
			unclear++
		}
	}
	return wrong, unclear
}

// TestFloorGrid classifies links around both minima and prints the table. With
// -grid it takes every cell, else a sample.
func TestFloorGrid(t *testing.T) {
	rows := conditions
	if testing.Short() && *onlyRow == "" {
		rows = rows[:2]
	}
	for _, c := range rows {
		if !strings.HasPrefix(c.name, *onlyRow) {
			continue
		}
		var right, wrong, unclear int
		var bytes []int64
		var seconds, short []float64 // short: of round trips of 5 ms
		var misses []string
		rng := rand.New(rand.NewPCG(1, 1))
		seed := uint64(0)
		for _, dir := range []wire.Direction{wire.Down, wire.Up} {
			for _, share := range []float64{0.5, 0.8, 0.95, 0.975, 1.025, 1.05, 1.25, 2, 6, 20} {
				for _, bucket := range []int{0, 5000, 16000, 64000} {
					for _, queue := range []time.Duration{20 * ms, 100 * ms, 500 * ms, 2 * time.Second} {
						for _, rtt := range []time.Duration{5 * ms, 50 * ms, 200 * ms} {
							if share > 1 && share*(1-c.cross) < 1 {
								continue // neither answer is right: the rest is below, the link above
							}
							if !*wholeGrid && rng.IntN(25) != 0 {
								continue
							}
							seed++
							f, err := classify(t, c, dir, share, bucket, queue, rtt, seed)
							bytes = append(bytes, f.Bytes)
							seconds = append(seconds, f.Duration.Seconds())
							if rtt == 5*ms {
								short = append(short, f.Duration.Seconds())
							}
							label := fmt.Sprintf("%s %.3f bucket %d queue %v rtt %v: %s %s %s, %d trains, %d kB, %.2f s %v",
								dir, share, bucket/1000, queue, rtt, f.Outcome, show(f), f.Why, f.Trains, f.Bytes/1000, f.Duration.Seconds(), err)
							switch {
							case err != nil || f.Decision == ippm.Undecided:
								unclear++
								misses = append(misses, label)
							case (f.Decision == ippm.Accept) == (share > 1):
								right++
							default:
								wrong++
								again := repeatWrong(t, c, dir, share, bucket, queue, rtt, label)
								misses = append(misses, again+label)
							}
						}
					}
				}
			}
		}
		n := right + wrong + unclear
		slices.Sort(bytes)
		slices.Sort(seconds)
		slices.Sort(short)
		t.Logf("%-26s %4d links: right %5.1f %%, wrong %4.1f %%, inconclusive %4.1f %%, median %3d kB and %.2f s, %.2f s where the round trip is 5 ms", c.name, n,
			100*float64(right)/float64(n), 100*float64(wrong)/float64(n), 100*float64(unclear)/float64(n), bytes[n/2]/1000, seconds[n/2], short[len(short)/2])
		for _, m := range misses[:min(len(misses), 40)] {
			t.Log("   " + m)
		}
		slower := 1.0
		decided := right + wrong
		switch other, open := unknownMisses(c.name, misses); {
		case *wholeGrid:
			if float64(right) < c.right*float64(decided) {
				t.Errorf("%s: %d of %d decided are right, want %.0f %%", c.name, right, decided, 100*c.right)
			}
			if float64(unclear) > c.inconclusive*float64(n)+1 {
				t.Errorf("%s: %d of %d inconclusive, want at most %.0f %%", c.name, unclear, n, 100*c.inconclusive)
			}
		default: // a few dozen links: each miss counts
			slower = 1.5
			if len(other) > 0 {
				t.Errorf("%s: wrong on links it is not known to be wrong on: %q", c.name, other)
			}
			if float64(open) > c.inconclusive*float64(n) {
				t.Errorf("%s: %d inconclusive besides the known ones, want at most %.0f %% of %d", c.name, open, 100*c.inconclusive, n)
			}
		}
		if bytes[n/2] > c.bytes || seconds[n/2] > c.seconds*slower {
			t.Errorf("%s: median %d bytes and %.2f s, want %d and %.1f", c.name, bytes[n/2], seconds[n/2], c.bytes, c.seconds)
		}
	}
}

// Chosen by us: how often a link is classified again after a wrong verdict, and how
// many of these may be wrong, too.
const (
	wrongRuns = 10
	wrongMost = 1
)

// repeatWrong classifies a link with a wrong verdict again, with other seeds: the
// sequential test errs once in a while near its bound, by design, and what counts is
// that it does not err often. It returns how the miss is labelled.
func repeatWrong(t *testing.T, c condition, dir wire.Direction, share float64, bucket int, queue, rtt time.Duration, label string) string {
	if link, _, _ := strings.Cut("WRONG "+label, ":"); *wholeGrid || slices.Contains(knownMisses[c.name], link) {
		return "WRONG "
	}
	wrong := 0
	for i := range wrongRuns {
		f, err := classify(t, c, dir, share, bucket, queue, rtt, 1000+uint64(i))
		if err == nil && f.Decision != ippm.Undecided && (f.Decision == ippm.Accept) != (share > 1) {
			wrong++
		}
	}
	if wrong > wrongMost {
		return fmt.Sprintf("WRONG (and %d of %d times more) ", wrong, wrongRuns)
	}
	return fmt.Sprintf("wrong once, and %d of %d times more: ", wrong, wrongRuns)
}

func show(f probe.Floor) string { return describe(f.Rate) }

func classify(t *testing.T, c condition, dir wire.Direction, share float64, bucket int, queue, rtt time.Duration, seed uint64) (f probe.Floor, err error) {
	synctest.Test(t, func(t *testing.T) {
		p := netsim.Params{Delay: rtt / 2}
		c.change(&p)
		up, down := p, p
		up.Rate, down.Rate = mbit(5), mbit(10)
		tested := &down
		bound := 0.768
		if dir == wire.Up {
			tested, bound = &up, 0.384
		}
		tested.Rate = mbit(bound * share)
		tested.Bucket = bucket
		if c.police {
			tested.PoliceRate, tested.PoliceBurst = tested.Rate, max(bucket, 2500)
			tested.Rate, tested.Bucket = mbit(100), 0
		}
		// Two full packets fit into the shortest queue there is.
		tested.Queue = max(int(float64(tested.Rate)/8*queue.Seconds()), 2*1500)
		var busy *spoiler
		if c.busy {
			busy = newSpoiler(seed, 1.0/60, 60*ms)
		}
		w := newTestbedOf(t, up, down, seed, busy)
		if c.cross > 0 {
			ctx, stop := context.WithCancel(t.Context())
			pipe := w.client.Down
			if dir == wire.Up {
				pipe = w.client.Up
			}
			done := make(chan struct{})
			go func() { defer close(done); cross(ctx, pipe, float64(tested.Rate)*c.cross, seed) }()
			defer func() { stop(); <-done }()
		}
		o := w.options()
		o.Check.IdleTime = 1500 * ms
		f, err = probe.FloorTest(t.Context(), o, dir)
	})
	return f, err
}
