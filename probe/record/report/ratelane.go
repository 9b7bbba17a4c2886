package report

import (
	"fmt"
	"math"

	"examlink/probe/record"
	"examlink/probe/wire"
)

func downLane(a *Account, s timeScale, top float64) lane {
	return rateLane(a, s, wire.Down, a.Down, lane{Title: "Download", Unit: "Mbit/s", Top: top, Bottom: top + rateHeight})
}

func upLane(a *Account, s timeScale, top float64) lane {
	return rateLane(a, s, wire.Up, a.Up, lane{Title: "Upload", Unit: "Mbit/s", Top: top, Bottom: top + rateHeight})
}

// mark of a floor test in the chart.
type testMark string

const (
	markBelow testMark = "below" // a downward triangle at the measured rate
	markRate  testMark = "rate"  // a dot at the measured rate
	markBound testMark = "bound" // an upward arrow from the lower bound
	markCross testMark = "cross" // at the bottom: an inconclusive test has no place on the axis
)

// markOf returns how a floor test is drawn, and at which rate; 0 for a cross.
func markOf(f record.Floor) (testMark, float64) {
	switch {
	case f.Outcome == "inconclusive", f.Rate == nil && f.Low == nil:
		return markCross, 0
	case f.Rate != nil && f.Outcome == "below":
		return markBelow, *f.Rate
	case f.Rate != nil:
		return markRate, *f.Rate
	}
	return markBound, *f.Low
}

// rateLane draws the floor tests of one direction in a lane.
func rateLane(a *Account, s timeScale, d wire.Direction, of Direction, l lane) lane {
	values := []float64{of.Minimum, of.Recommended}
	for _, f := range a.floors {
		if _, v := markOf(f.Floor); f.Direction == d {
			values = append(values, v) // the scale ignores the 0 of a cross
		}
	}
	y := newLogScale(l.Top, l.Bottom, values...)
	l.Grid = y.ticks(func(v float64) string { return fmt.Sprintf("%.4g", v/1e6) })
	for _, b := range []struct {
		v           float64
		class, name string
	}{{of.Recommended, "recommended", "recommended"}, {of.Minimum, "minimum", "minimum"}} {
		if b.v > 0 {
			l.Bounds = append(l.Bounds, bound{y.y(b.v), b.class, fmt.Sprintf("%s %g", b.name, b.v/1e6)})
		}
	}
	worst := map[string]float64{} // per column and mark, where many tests coincide
	for _, f := range a.floors {
		if f.Direction != d {
			continue
		}
		m, v := markOf(f.Floor)
		x := s.x(f.T)
		key := fmt.Sprint(m, math.Round(x))
		if was, ok := worst[key]; ok && was <= v {
			continue
		}
		worst[key] = v
		title := fmt.Sprintf("%s: %s, %s", a.clock(f.T), reading(f.Rate, f.Low), outcome(f.Outcome))
		l.Shapes = append(l.Shapes, m.shape(d, x, y.y(v), l.Bottom, title))
	}
	if len(l.Shapes) == 0 {
		l.Empty = "no rate test"
	}
	return l
}

// shape draws a mark at x and y; bottom is that of the lane.
func (m testMark) shape(d wire.Direction, x, y, bottom float64, title string) shape {
	switch m {
	case markBelow:
		return shape{"point below", fmt.Sprintf("M%s %sl-4.5 -7h9z", at(x), at(y+3.5)), title}
	case markRate:
		return shape{"point " + string(d), fmt.Sprintf("M%s %sa3 3 0 1 0 6 0a3 3 0 1 0 -6 0z", at(x-3), at(y)), title}
	case markBound:
		return shape{"tick " + string(d), fmt.Sprintf("M%s %sv-9m-3 3.5l3 -3.5l3 3.5", at(x), at(y)), title}
	default:
		return shape{"tick unclear", fmt.Sprintf("M%s %sl6 6m0 -6l-6 6", at(x-3), at(bottom-8)), title}
	}
}

func outcome(s string) string {
	switch s {
	case "meets":
		return "meets the minimum"
	case "below":
		return "below the minimum"
	}
	return "inconclusive"
}
