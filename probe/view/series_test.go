package view

import (
	"fmt"
	"testing"
	"time"

	"examlink/probe"
	"examlink/probe/wire"
)

// A long watch keeps the last points of each kind, and hands out each once.
func TestSeriesIsBounded(t *testing.T) {
	var s Series
	start := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	low, last, rates, delays := 1e6, 0, 0, 0
	for i := range 10000 {
		at := start.Add(time.Duration(i) * 5 * time.Second)
		s.Window(probe.WindowEvent{From: at.Add(-5 * time.Second), To: at, Account: &probe.Account{Sent: 50, Received: 50}})
		s.Floor(probe.FloorEvent{At: at, Floor: probe.Floor{Direction: wire.Up, Outcome: probe.FloorMeets, Rate: probe.Interval{Low: &low}}})
		if i%100 == 0 {
			var x State
			s.Fill(&x, last)
			last, rates, delays = x.Last, rates+len(x.Rates), delays+len(x.Delays)
		}
	}
	if want := 9901; rates != want || delays != want {
		t.Errorf("a page that asks often got %d rates and %d delays, want %d", rates, delays, want)
	}
	var all State
	s.Fill(&all, 0)
	if len(all.Rates) != 4320 || len(all.Delays) != 4320 || all.Rates[4319].Number != 20000 || all.Last != 20000 {
		t.Errorf("%d rates, %d delays, last %d", len(all.Rates), len(all.Delays), all.Last)
	}
}

// What is not known is not made up.
func TestPointsOfUnknowns(t *testing.T) {
	var s Series
	value := 1e6
	for _, f := range []probe.Floor{
		{Outcome: probe.FloorInconclusive, Rate: probe.Interval{Value: &value}}, {Outcome: probe.FloorMeets}, {Outcome: probe.FloorMeets, Glance: true, Rate: probe.Interval{Low: &value}},
	} {
		s.Floor(probe.FloorEvent{Floor: f})
	}
	s.Window(probe.WindowEvent{Account: &probe.Account{}})
	s.Window(probe.WindowEvent{Account: &probe.Account{Sent: 50, LostUnknown: 50, GapUnknown: 50}})
	s.Window(probe.WindowEvent{Account: &probe.Account{Sent: 50, Received: 40, LostUp: 10, OverTCP: 50}})
	s.Window(probe.WindowEvent{Account: &probe.Account{Sent: 50, Received: 30, LostUp: 15, GapUp: 10, LostDown: 5}})
	var x State
	s.Fill(&x, 0)
	if len(x.Rates) != 0 || len(x.Delays) != 4 {
		t.Fatalf("%d rates, %d delays", len(x.Rates), len(x.Delays))
	}
	for i, p := range x.Delays[:3] {
		if p.LostShare != nil || p.RoundTrip != nil || p.RoundTrip95 != nil {
			t.Errorf("window %d: %+v", i, p)
		}
	}
	if got := fmt.Sprint(*x.Delays[3].LostShare); got != "0.25" {
		t.Errorf("lost %s, want 10 of the 40 that were not sent in an interruption", got)
	}
}
