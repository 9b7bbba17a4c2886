//go:build linux

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"examlink/cmd/internal/lab/emulator"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
)

// How a tool's split of the losses by direction stands against the truth.
const (
	splitExact   = "exact"
	splitWrong   = "WRONG"
	splitUnsaid  = "-"      // the tool does not say
	splitUnclear = "copies" // its server answered copies: packets lost are not answers lost
)

// comparison is one measurement of delay against the truth. Durations are
// seconds; NaN: not known.
type comparison struct {
	sent                    string
	roundTrip               float64
	aboveTruth              float64 // of the round trip, over what the probes really had in the emulator
	aboveNominal            float64 // over the link's own delay, if that is constant
	ipdvUp, ipdvDown        pair
	pdvUp, pdvDown          pair
	lostUp, lostDown, split string
}

// pair is a tool's figure and the truth.
type pair struct{ tool, truth float64 }

func compare(l delayLink, f delayFigures, s emulator.State) comparison {
	up, down := s.Up.Probes, s.Down.Probes
	c := comparison{
		sent: strconv.Itoa(f.Sent), roundTrip: known(f.RoundTrip), aboveNominal: math.NaN(),
		ipdvUp: pair{known(f.IPDVUp), of(up.IPDV).Median}, ipdvDown: pair{known(f.IPDVDown), of(down.IPDV).Median},
		pdvUp: pair{known(f.PDVUp), of(up.PDV).P99}, pdvDown: pair{known(f.PDVDown), of(down.PDV).P99},
		lostUp: against(f.LostUp, up.Lost), lostDown: against(f.LostDown, down.Lost),
	}
	if uint64(f.Sent) != up.Offered {
		c.sent += fmt.Sprintf("/%d", up.Offered) // what reached the link
	}
	c.aboveTruth = c.roundTrip - medianOfSums(s.Up.Delays, s.Down.Delays)
	if l.p.Jitter == 0 {
		c.aboveNominal = c.roundTrip - 2*l.p.Delay.Seconds()
	}
	switch {
	case f.LostUp == nil || f.LostDown == nil:
		c.split = splitUnsaid
	case down.Offered > up.Delivered:
		c.split = splitUnclear
	case f.Unknown == 0 && uint64(*f.LostUp) == up.Lost && uint64(*f.LostDown) == down.Lost:
		c.split = splitExact
	default:
		c.split = splitWrong
	}
	return c
}

func known(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// of is a distribution without values when there is none.
func of(d *netsim.Distribution) netsim.Distribution {
	if d == nil {
		n := math.NaN()
		return netsim.Distribution{Min: n, Median: n, Mean: n, P95: n, P99: n, Max: n}
	}
	return *d
}

func against(tool *int, truth uint64) string {
	if tool == nil {
		return fmt.Sprintf("-/%d", truth)
	}
	return fmt.Sprintf("%d/%d", *tool, truth)
}

// medianOfSums is the median round trip that two independent directions make,
// in seconds: the sum of their medians is not, unless both are symmetric.
func medianOfSums(up, down []time.Duration) float64 {
	const draws = 200_000
	delivered := func(v []time.Duration) []time.Duration {
		return slices.DeleteFunc(slices.Clone(v), func(d time.Duration) bool { return d == netsim.NotDelivered })
	}
	up, down = delivered(up), delivered(down)
	if len(up) == 0 || len(down) == 0 {
		return math.NaN()
	}
	rng := rand.New(rand.NewPCG(1, 2))
	sums := make([]time.Duration, draws)
	for i := range sums {
		sums[i] = up[rng.IntN(len(up))] + down[rng.IntN(len(down))]
	}
	return netsim.NewDistribution(sums).Median
}

func pdvP99(delays []time.Duration) *float64 {
	var v []time.Duration
	for _, d := range ippm.PDVOf(delays) {
		v = append(v, time.Duration(d))
	}
	if d := netsim.NewDistribution(v); d != nil {
		return &d.P99
	}
	return nil
}

// Milliseconds, but for packets; a tool's figure stands before the truth.
var delayHeader = fmt.Sprintf(delayRow, "link", "tool", "sent", "rtt ms", "-truth", "-nominal", "ipdv up", "ipdv down", "pdv99 up", "pdv99 down", "lost up", "lost dn", "split", "rep")

const delayRow = "%-31s %-8s %9s %8s %7s %8s  %-13s %-13s  %-15s %-15s  %-7s %-7s %-6s %s"

func (c comparison) line(link, tool, mark string) string {
	return fmt.Sprintf(delayRow, link, tool, c.sent, millis(c.roundTrip), millis(c.aboveTruth), millis(c.aboveNominal),
		c.ipdvUp, c.ipdvDown, c.pdvUp, c.pdvDown, c.lostUp, c.lostDown, c.split, mark)
}

func (p pair) String() string { return millis(p.tool) + "/" + millis(p.truth) }

func millis(seconds float64) string {
	if math.IsNaN(seconds) {
		return "-"
	}
	return fmt.Sprintf("%.3f", seconds*1000)
}

// delayScore sums up a tool's measurements.
type delayScore struct {
	exact, judged, unclear int
	above, ipdv, pdv       []float64 // absolute differences from the truth
}

func (s *delayScore) add(c comparison) {
	switch c.split {
	case splitExact:
		s.exact++
		s.judged++
	case splitWrong:
		s.judged++
	case splitUnclear:
		s.unclear++
	}
	put := func(to *[]float64, v float64) {
		if !math.IsNaN(v) {
			*to = append(*to, math.Abs(v))
		}
	}
	put(&s.above, c.aboveTruth)
	for _, p := range []pair{c.ipdvUp, c.ipdvDown} {
		put(&s.ipdv, p.tool-p.truth)
	}
	for _, p := range []pair{c.pdvUp, c.pdvDown} {
		put(&s.pdv, p.tool-p.truth)
	}
}

func (s *delayScore) String() string {
	out := "loss per direction not said"
	if s.judged+s.unclear > 0 {
		out = fmt.Sprintf("loss per direction exact in %d of %d runs", s.exact, s.judged)
	}
	if s.unclear > 0 {
		out += fmt.Sprintf(" (%d more: its server answers copies)", s.unclear)
	}
	for _, x := range []struct {
		name string
		v    []float64
	}{{"round trip", s.above}, {"IPDV", s.ipdv}, {"PDV p99", s.pdv}} {
		if len(x.v) > 0 {
			v := slices.Sorted(slices.Values(x.v))
			out += fmt.Sprintf("; %s off by %s ms median, %s worst", x.name, millis(v[len(v)/2]), millis(v[len(v)-1]))
		}
	}
	return out
}
