//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
)

// shortMaxError is the largest error of a rate that a short run accepts. Chosen
// by us.
const shortMaxError = 0.05

// rateErrors are a tool's errors on the links of one loss.
type rateErrors struct {
	down, up             []float64 // relative, absolute values
	mb, seconds          []float64
	bounds, inconclusive int // directions
	broken               int // measurements that could not be made
}

// add counts a measurement and returns the columns of its errors.
func (e *rateErrors) add(r rateFigures, c cell, m measurement) (down, up string) {
	e.mb, e.seconds = append(e.mb, float64(m.Bytes)/1e6), append(e.seconds, m.Seconds)
	one := func(f figure, truth float64, to *[]float64) string {
		switch {
		case f.bound():
			e.bounds++
		case f.Value == nil:
			e.inconclusive++
		}
		off, ok := f.off(truth)
		if !ok {
			return "-"
		}
		*to = append(*to, math.Abs(off))
		return fmt.Sprintf("%.2f%%", 100*off)
	}
	return one(r.Down, c.down, &e.down), one(r.Up, c.up, &e.up)
}

// String returns the columns of the summary.
func (e *rateErrors) String() string {
	pair := func(v []float64) string {
		if len(v) == 0 {
			return "-"
		}
		s := slices.Sorted(slices.Values(v))
		return fmt.Sprintf("%.2f%% /%6.2f%%", 100*s[len(s)/2], 100*s[len(s)-1])
	}
	worst := func(v []float64) string {
		if len(v) == 0 {
			return "-"
		}
		return fmt.Sprintf("%.2f", slices.Max(v))
	}
	return fmt.Sprintf("%18s %18s %8s %7s %7d %7d %7d", pair(e.down), pair(e.up), worst(e.mb), worst(e.seconds), e.bounds, e.inconclusive, e.broken)
}

// shortFailures returns why a short run fails; empty: it does not.
func (e *rateErrors) shortFailures(name string) (out []string) {
	for _, d := range [][]float64{e.down, e.up} {
		if len(d) > 0 && slices.Max(d) > shortMaxError {
			out = append(out, fmt.Sprintf("%s: a rate is off by %.1f %%, expected at most %g %%", name, 100*slices.Max(d), 100*shortMaxError))
		}
	}
	if len(e.down) == 0 && len(e.up) == 0 {
		out = append(out, name+": no rate was measured at all")
	}
	return out
}
