//go:build linux

package main

import (
	"math"
	"testing"
	"time"

	"examlink/cmd/internal/lab/emulator"
	"examlink/probe/netsim"
)

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
		{nil, nil, 0, 0, splitAbsent},
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
		v = append(v, time.Duration(-math.Log(1-(float64(i)+0.5)/1000)*float64(10*time.Millisecond)), netsim.NotDelivered)
	}
	if got := medianOfSums(v, v); math.Abs(got-0.01678) > 0.0002 {
		t.Errorf("median %v s, want 0.01678", got)
	}
	if got := medianOfSums(v, []time.Duration{netsim.NotDelivered}); !math.IsNaN(got) {
		t.Errorf("median %v of nothing", got)
	}
}
