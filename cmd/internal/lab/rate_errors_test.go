//go:build linux

package main

import "testing"

func TestShortRunFails(t *testing.T) {
	v := func(x float64) *float64 { return &x }
	for _, c := range []struct {
		down, up figure
		want     int
	}{
		{figure{Value: v(1.02)}, figure{Value: v(0.98)}, 0},
		{figure{Value: v(1.06)}, figure{Value: v(0.94)}, 2},
		{figure{Why: "busy"}, figure{Value: v(1)}, 0},
		{figure{Why: "busy"}, figure{Why: "busy"}, 1},
	} {
		var e rateErrors
		e.add(rateFigures{c.down, c.up}, cell{down: 1, up: 1}, measurement{})
		if got := e.shortFailures("x"); len(got) != c.want {
			t.Errorf("%s/%s: %q, want %d", c.down, c.up, got, c.want)
		}
	}
}
