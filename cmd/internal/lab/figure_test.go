//go:build linux

package main

import (
	"math"
	"testing"
)

func TestFigures(t *testing.T) {
	v := func(x float64) *float64 { return &x }
	for _, c := range []struct {
		f     figure
		shown string
		off   float64
		ok    bool
	}{
		{figure{Value: v(9.9)}, "9.9000", -0.01, true},
		{figure{Value: v(9.9), Why: "two tests disagree"}, "9.9000", -0.01, true},
		{figure{AtLeast: v(5)}, ">=5.0", 0, false},
		{figure{AtLeast: v(11)}, ">=11.0", 0.1, true}, // a bound above the truth is wrong
		{figure{AtLeast: v(5), Why: "the host did not run"}, "-", 0, false},
		{figure{Why: "the host did not run"}, "-", 0, false},
	} {
		off, ok := c.f.off(10)
		if ok != c.ok || math.Abs(off-c.off) > 1e-9 || c.f.String() != c.shown {
			t.Errorf("%s: off by %v, %v; want %s, %v, %v", c.f, off, ok, c.shown, c.off, c.ok)
		}
	}
	if got := (rateFigures{Down: figure{AtLeast: v(5)}, Up: figure{Why: "busy"}}).why(); got != "  up: busy" {
		t.Errorf("why: %q", got)
	}
}
