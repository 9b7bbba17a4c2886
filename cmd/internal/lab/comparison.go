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

// How a tool's losses by direction compare with the truth.
const (
	splitExact   = "exact"
	splitWrong   = "WRONG"
	splitAbsent  = "-"      // the tool does not report them
	splitUnclear = "copies" // its server answered copies: lost packets are not lost answers
)

// comparison compares one measurement of delay with the truth. Durations are
// seconds; NaN: not known.
type comparison struct {
	sent                    string
	roundTrip               float64
	aboveTruth              float64 // the round trip above the probes' real delays in the emulator
	aboveNominal            float64 // the round trip above the link's delay, if that is constant
	ipdvUp, ipdvDown        pair
	pdvUp, pdvDown          pair
	lostUp, lostDown, split string
}

// pair is a tool's figure and the truth.
type pair struct{ tool, truth float64 }

// compare compares a tool's figures with the emulator's truth.
func compare(link delayLink, f delayFigures, s emulator.State) comparison {
	up, down := s.Up.Probes, s.Down.Probes
	c := comparison{
		sent: strconv.Itoa(f.Sent), roundTrip: known(f.RoundTrip), aboveNominal: math.NaN(),
		ipdvUp: pair{known(f.IPDVUp), orUnknown(up.IPDV).Median}, ipdvDown: pair{known(f.IPDVDown), orUnknown(down.IPDV).Median},
		pdvUp: pair{known(f.PDVUp), orUnknown(up.PDV).P99}, pdvDown: pair{known(f.PDVDown), orUnknown(down.PDV).P99},
		lostUp: lossColumn(f.LostUp, up.Lost), lostDown: lossColumn(f.LostDown, down.Lost),
	}
	if uint64(f.Sent) != up.Offered {
		c.sent += fmt.Sprintf("/%d", up.Offered) // what reached the link
	}
	c.aboveTruth = c.roundTrip - medianOfSums(s.Up.Delays, s.Down.Delays)
	if link.p.Jitter == 0 {
		c.aboveNominal = c.roundTrip - 2*link.p.Delay.Seconds()
	}
	switch {
	case f.LostUp == nil || f.LostDown == nil:
		c.split = splitAbsent
	case down.Offered > up.Delivered:
		c.split = splitUnclear
	case f.Unknown == 0 && uint64(*f.LostUp) == up.Lost && uint64(*f.LostDown) == down.Lost:
		c.split = splitExact
	default:
		c.split = splitWrong
	}
	return c
}

// known returns the value, or NaN when there is none.
func known(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// orUnknown returns the distribution, or one of NaN when there is none.
func orUnknown(d *netsim.Distribution) netsim.Distribution {
	if d == nil {
		n := math.NaN()
		return netsim.Distribution{Min: n, Median: n, Mean: n, P95: n, P99: n, Max: n}
	}
	return *d
}

// lossColumn returns a column: a tool's number of losses and the real one.
func lossColumn(tool *int, truth uint64) string {
	if tool == nil {
		return fmt.Sprintf("-/%d", truth)
	}
	return fmt.Sprintf("%d/%d", *tool, truth)
}

// medianOfSums returns the median round trip, in seconds, over two directions
// whose delays are independent. The sum of their medians differs from it unless
// both distributions are symmetric.
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

// pdvP99 returns the 99th percentile of the delays above their minimum, in
// seconds; nil: there are no delays.
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

// delayHeader is the head of the table. Times are milliseconds; pairs are the
// tool's figure and the truth.
var delayHeader = fmt.Sprintf(delayRow, "link", "tool", "sent", "rtt ms", "-truth", "-nominal", "ipdv up", "ipdv down", "pdv99 up", "pdv99 down", "lost up", "lost dn", "split", "rep")

const delayRow = "%-31s %-8s %9s %8s %7s %8s  %-13s %-13s  %-15s %-15s  %-7s %-7s %-6s %s"

// row returns the row of the table.
func (c comparison) row(link, tool, mark string) string {
	return fmt.Sprintf(delayRow, link, tool, c.sent, millis(c.roundTrip), millis(c.aboveTruth), millis(c.aboveNominal),
		c.ipdvUp, c.ipdvDown, c.pdvUp, c.pdvDown, c.lostUp, c.lostDown, c.split, mark)
}

// String returns both in milliseconds.
func (p pair) String() string { return millis(p.tool) + "/" + millis(p.truth) }

// millis returns seconds as milliseconds.
func millis(seconds float64) string {
	if math.IsNaN(seconds) {
		return "-"
	}
	return fmt.Sprintf("%.3f", seconds*1000)
}
