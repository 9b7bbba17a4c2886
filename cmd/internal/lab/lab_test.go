//go:build linux

package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"examlink/cmd/internal/lab/emulator"
	"examlink/probe/netsim"
)

const ms = time.Millisecond

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
		{figure{AtLeast: v(5), Why: "the host stood still"}, "-", 0, false},
		{figure{Why: "the host stood still"}, "-", 0, false},
	} {
		off, ok := c.f.off(10)
		if ok != c.ok || math.Abs(off-c.off) > 1e-9 || c.f.String() != c.shown {
			t.Errorf("%s: off by %v, %v; want %s, %v, %v", c.f, off, ok, c.shown, c.off, c.ok)
		}
	}
	if got := (rates{Down: figure{AtLeast: v(5)}, Up: figure{Why: "busy"}}).why(); got != "  up: busy" {
		t.Errorf("why: %q", got)
	}
}

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
		e.add(rates{c.down, c.up}, cell{down: 1, up: 1}, outcome{})
		if got := e.shortFailures("x"); len(got) != c.want {
			t.Errorf("%s/%s: %q, want %d", c.down, c.up, got, c.want)
		}
	}
}

func TestCompareLosses(t *testing.T) {
	n := func(x int) *int { return &x }
	var s emulator.State
	s.Up.Probes = netsim.Probes{Offered: 100, Delivered: 97, Lost: 3}
	s.Down.Probes = netsim.Probes{Offered: 97, Delivered: 95, Lost: 2}
	for _, c := range []struct {
		up, down *int
		unknown  int
		copies   uint64
		want     string
	}{
		{n(3), n(2), 0, 0, splitExact},
		{n(2), n(3), 0, 0, splitWrong},
		{n(3), n(2), 1, 0, splitWrong},
		{n(3), n(2), 0, 1, splitUnclear},
		{nil, nil, 0, 0, splitUnsaid},
	} {
		s := s
		s.Down.Probes.Offered += c.copies
		if got := compare(delayLink{}, delayFigures{Sent: 100, LostUp: c.up, LostDown: c.down, Unknown: c.unknown}, s).split; got != c.want {
			t.Errorf("%+v: %s, want %s", c, got, c.want)
		}
	}
}

func TestMedianOfSumsIsNotTheSumOfMedians(t *testing.T) {
	// Two exponential delays: their sum's median is 1.678 times the mean, the
	// sum of their medians 1.386 times.
	var v []time.Duration
	for i := range 1000 {
		v = append(v, time.Duration(-math.Log(1-(float64(i)+0.5)/1000)*float64(10*ms)), netsim.NotDelivered)
	}
	if got := medianOfSums(v, v); math.Abs(got-0.01678) > 0.0002 {
		t.Errorf("median %v s, want 0.01678", got)
	}
	if got := medianOfSums(v, []time.Duration{netsim.NotDelivered}); !math.IsNaN(got) {
		t.Errorf("median %v of nothing", got)
	}
}

func TestGridOptions(t *testing.T) {
	if cells, err := (gridOptions{loss: -1}).cells(); err != nil || len(cells) != 28 {
		t.Errorf("%d cells, %v", len(cells), err)
	}
	cells, err := gridOptions{rates: "0.1/0.2,3/4", rtt: 50 * ms, loss: 0}.cells()
	if err != nil || len(cells) != 2 || cells[1].String() != "3/4 Mbit/s, 50 ms, 0 % loss" {
		t.Errorf("%v, %v", cells, err)
	}
	for _, bad := range []string{"1", "1/x", "0/1", "1/2,", "NaN/1"} {
		if _, err := (gridOptions{rates: bad}).cells(); err == nil || !strings.Contains(err.Error(), "expected Mbit/s") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
