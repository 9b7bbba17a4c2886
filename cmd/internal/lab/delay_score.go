//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
)

// delayScore sums up a tool's comparisons.
type delayScore struct {
	exact, judged, unclear int
	above, ipdv, pdv       []float64 // absolute differences from the truth
}

// add counts a comparison.
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

// String returns the line of the summary.
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
