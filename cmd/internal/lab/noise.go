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

// Chosen by us.
const (
	noiseLasting = 20 * time.Second
	noiseRuns    = 3 // of each tool, in turn
)

var noiseIntervals = []time.Duration{100 * time.Millisecond, 20 * time.Millisecond}

// noiseTool measures round trips, and how late it sent its packets if it knows.
type noiseTool struct {
	name    string
	measure func(interval time.Duration) (roundTrip, pacing quantiles, err error)
}

const noiseRow = "%-10s %-9s %-7s  %8s %8s %8s  %8s %8s %8s\n"

// noise measures what the instruments themselves add: over the loopback of a
// namespace, without an emulator, the tools in turn.
func (l *lab) noise(peers bool) error {
	ns, err := stage.AddNamespace(fmt.Sprintf("lab-noise-%d", os.Getpid()))
	if err != nil {
		return err
	}
	defer ns.Remove()
	const address = "127.0.0.1"
	token, err := l.serve(ns, address)
	if err != nil {
		return err
	}
	defer l.stop()
	tools := []noiseTool{{"examlink", func(interval time.Duration) (quantiles, quantiles, error) {
		m, err := l.watch(ns, token, noiseLasting, interval)
		return m.RoundTrip, m.Pacing, err
	}}}
	if peers && have("irtt") {
		tools = append(tools, noiseTool{"irtt", func(interval time.Duration) (quantiles, quantiles, error) {
			e, err := l.irtt(ns, address, noiseLasting, interval)
			return quantilesOf(e.roundTrip), quantiles{}, err
		}})
	}
	fmt.Printf("loopback without an emulator, ms\n"+noiseRow, "packets/s", "tool", "run", "rtt", "p95", "p99", "late", "p95", "p99")
	for _, interval := range noiseIntervals {
		if err := l.noiseAt(interval, tools); err != nil {
			return err
		}
	}
	fmt.Println()
	return nil
}

// noiseAt measures at one interval between packets and prints the rows.
func (l *lab) noiseAt(interval time.Duration, tools []noiseTool) error {
	roundTrips, pacings := map[string][]quantiles{}, map[string][]quantiles{}
	perSecond := fmt.Sprint(int(time.Second / interval))
	row := func(tool, run string, roundTrip, pacing quantiles) {
		fmt.Printf(noiseRow, perSecond, tool, run, millis(known(roundTrip.Median)), millis(known(roundTrip.P95)), millis(known(roundTrip.P99)),
			millis(known(pacing.Median)), millis(known(pacing.P95)), millis(known(pacing.P99)))
	}
	for run := range noiseRuns {
		for _, t := range tools {
			roundTrip, pacing, err := t.measure(interval)
			if l.ctx.Err() != nil {
				return l.ctx.Err()
			}
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			roundTrips[t.name], pacings[t.name] = append(roundTrips[t.name], roundTrip), append(pacings[t.name], pacing)
			row(t.name, fmt.Sprint(run+1), roundTrip, pacing)
		}
	}
	for _, t := range tools {
		row(t.name, "median", medians(roundTrips[t.name]), medians(pacings[t.name]))
	}
	return nil
}

// quantilesOf returns the quantiles of a distribution; nil: none are known.
func quantilesOf(d *netsim.Distribution) quantiles {
	if d == nil {
		return quantiles{}
	}
	return quantiles{&d.Median, &d.P95, &d.P99}
}

// medians returns the median over runs of each quantile by itself.
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
