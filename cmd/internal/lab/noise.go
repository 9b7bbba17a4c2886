//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/netsim"
)

const (
	noiseLasting = 20 * time.Second
	noiseRuns    = 3 // of each tool, in turn
)

var noiseIntervals = []time.Duration{100 * time.Millisecond, 20 * time.Millisecond}

// noise measures what the instruments themselves add: over the loopback of a
// namespace, without an emulator, the tools in turn.
func (b *lab) noise(peers bool) error {
	ns, err := stage.AddNamespace(fmt.Sprintf("lab-noise-%d", os.Getpid()))
	if err != nil {
		return err
	}
	defer ns.Remove()
	const address = "127.0.0.1"
	token, err := b.serve(ns, address)
	if err != nil {
		return err
	}
	defer b.stop()
	tools := []struct {
		name    string
		measure func(interval time.Duration) (roundTrip, pacing quantiles, err error)
	}{
		{"examlink", func(interval time.Duration) (quantiles, quantiles, error) {
			m, err := b.watch(ns, token, noiseLasting, interval)
			return m.RoundTrip, m.Pacing, err
		}},
		{"irtt", func(interval time.Duration) (quantiles, quantiles, error) {
			e, err := b.irtt(ns, address, noiseLasting, interval)
			return quantilesOf(e.roundTrip), quantiles{}, err
		}},
	}
	if !peers || !have("irtt") {
		tools = tools[:1]
	}
	const row = "%-10s %-9s %-7s  %8s %8s %8s  %8s %8s %8s\n"
	fmt.Printf("loopback without an emulator, ms\n"+row, "packets/s", "tool", "run", "rtt", "p95", "p99", "late", "p95", "p99")
	for _, interval := range noiseIntervals {
		rtts, paces := map[string][]quantiles{}, map[string][]quantiles{}
		perSecond := fmt.Sprint(int(time.Second / interval))
		line := func(tool, run string, rtt, pace quantiles) {
			fmt.Printf(row, perSecond, tool, run, millis(known(rtt.Median)), millis(known(rtt.P95)), millis(known(rtt.P99)),
				millis(known(pace.Median)), millis(known(pace.P95)), millis(known(pace.P99)))
		}
		for run := range noiseRuns {
			for _, t := range tools {
				rtt, pace, err := t.measure(interval)
				if b.ctx.Err() != nil {
					return b.ctx.Err()
				}
				if err != nil {
					return fmt.Errorf("%s: %w", t.name, err)
				}
				rtts[t.name], paces[t.name] = append(rtts[t.name], rtt), append(paces[t.name], pace)
				line(t.name, fmt.Sprint(run+1), rtt, pace)
			}
		}
		for _, t := range tools {
			line(t.name, "median", medians(rtts[t.name]), medians(paces[t.name]))
		}
	}
	fmt.Println()
	return nil
}

func quantilesOf(d *netsim.Distribution) quantiles {
	if d == nil {
		return quantiles{}
	}
	return quantiles{&d.Median, &d.P95, &d.P99}
}

// medians takes the median over runs of each quantile by itself.
func medians(runs []quantiles) quantiles {
	one := func(pick func(quantiles) *float64) *float64 {
		var v []float64
		for _, r := range runs {
			if p := pick(r); p != nil {
				v = append(v, *p)
			}
		}
		if len(v) == 0 {
			return nil
		}
		slices.Sort(v)
		return &v[len(v)/2]
	}
	return quantiles{
		one(func(q quantiles) *float64 { return q.Median }), one(func(q quantiles) *float64 { return q.P95 }), one(func(q quantiles) *float64 { return q.P99 }),
	}
}
