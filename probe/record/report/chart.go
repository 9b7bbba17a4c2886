package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"examlink/probe/record"
	"examlink/probe/wire"
)

// Heights of the chart's lanes.
const (
	rateHeight  = 96.0
	delayHeight = 92.0
	lossHeight  = 76.0
	laneGap     = 30.0
	firstLane   = 24.0
	leastLoss   = 0.02 // least upper end of the loss lane's scale: a share
)

// chart is the timeline, ready to draw.
type chart struct {
	Width, Height, Left, Right float64
	Bottom                     float64 // of the plots
	Title, Desc                string
	Ticks                      []mark
	Shades                     []shape // gaps, drawn through all lanes
	Lanes                      []lane
	State                      stateLane
}

// lane is one figure over time.
type lane struct {
	Title, Unit string
	Top, Bottom float64
	Middle      float64 // axis of a two-sided lane; 0: none
	Grid        []mark
	Bounds      []bound
	Shapes      []shape
	Empty       string // reason why nothing is drawn
}

// bound is a line at one of the policy's rates.
type bound struct {
	Y     float64
	Class string
	Label string
}

// shape is one drawn element, identified by class and form.
type shape struct {
	Class string
	Path  string
	Title string
}

func newChart(a *Account) chart {
	s := newTimeScale(a.From.Time, a.To.Time, a.zone)
	c := chart{Width: chartWidth, Left: plotLeft, Right: plotRight, Ticks: s.ticks()}
	c.Title = "Timeline of exam " + a.Exam
	c.Desc = a.Headline + " The tables hold the same data."
	y := firstLane
	for _, make := range []func(a *Account, s timeScale, top float64) lane{
		func(a *Account, s timeScale, top float64) lane { return rateLane(a, s, wire.Down, a.Down, top) },
		func(a *Account, s timeScale, top float64) lane { return rateLane(a, s, wire.Up, a.Up, top) },
		delayLane, lossLane,
	} {
		l := make(a, s, y)
		c.Lanes = append(c.Lanes, l)
		y = l.Bottom + laneGap
	}
	c.State = newStateLane(a, s, y)
	c.Bottom = c.State.Bottom
	c.Height = c.Bottom + 26
	for _, g := range a.Gaps {
		x, to := s.x(g.From.Time), s.x(g.To.Time)
		if to > x {
			c.Shades = append(c.Shades, shape{Class: "shade", Path: box(x, firstLane, max(to-x, 1), c.State.Top-laneGap/2-firstLane)})
		}
	}
	return c
}

// box returns the path of a rectangle.
func box(x, y, w, h float64) string {
	return fmt.Sprintf("M%s %sh%sv%sh%sz", at(x), at(y), at(w), at(h), at(-w))
}

// rateLane shows floor tests: a dot for a measured rate, a downward triangle
// for one below the minimum, an upward arrow for a lower bound, a cross for an
// inconclusive test.
func rateLane(a *Account, s timeScale, d wire.Direction, of Direction, top float64) lane {
	l := lane{Title: "Download", Unit: "Mbit/s", Top: top, Bottom: top + rateHeight}
	if d == wire.Up {
		l.Title = "Upload"
	}
	values := []float64{of.Minimum, of.Recommended}
	for _, f := range a.floors {
		if f.Direction == d {
			for _, v := range []*float64{f.Rate, f.Low} {
				if v != nil && (v == f.Rate || f.Rate == nil) {
					values = append(values, *v)
				}
			}
		}
	}
	y := newLogScale(l.Top, l.Bottom, values...)
	l.Grid = y.ticks(func(v float64) string { return fmt.Sprintf("%g", v/1e6) })
	for _, b := range []struct {
		v           float64
		class, name string
	}{{of.Recommended, "recommended", "recommended"}, {of.Minimum, "minimum", "minimum"}} {
		if b.v > 0 {
			l.Bounds = append(l.Bounds, bound{y.y(b.v), b.class, fmt.Sprintf("%s %g", b.name, b.v/1e6)})
		}
	}
	worst := map[string]float64{} // per column and form, where many tests coincide
	column := func(form string, x, v float64) bool {
		key := fmt.Sprint(form, math.Round(x))
		if was, ok := worst[key]; ok && was <= v {
			return false
		}
		worst[key] = v
		return true
	}
	for _, f := range a.floors {
		if f.Direction != d {
			continue
		}
		x := s.x(f.T)
		title := fmt.Sprintf("%s: %s, %s", a.clock(f.T), reading(f.Rate, f.Low), outcome(f.Outcome))
		switch {
		case f.Rate != nil && f.Outcome == "below" && column("below", x, *f.Rate):
			v := y.y(*f.Rate)
			l.Shapes = append(l.Shapes, shape{"point below", fmt.Sprintf("M%s %sl-4.5 -7h9z", at(x), at(v+3.5)), title})
		case f.Rate != nil && f.Outcome != "below" && column("rate", x, *f.Rate):
			v := y.y(*f.Rate)
			l.Shapes = append(l.Shapes, shape{"point " + string(d), fmt.Sprintf("M%s %sa3 3 0 1 0 6 0a3 3 0 1 0 -6 0z", at(x-3), at(v)), title})
		case f.Rate == nil && f.Low != nil && f.Outcome != "inconclusive" && column("bound", x, *f.Low):
			v := y.y(*f.Low)
			l.Shapes = append(l.Shapes, shape{"tick " + string(d), fmt.Sprintf("M%s %sv-9m-3 3.5l3 -3.5l3 3.5", at(x), at(v)), title})
		case f.Rate == nil && (f.Low == nil || f.Outcome == "inconclusive") && column("cross", x, 0):
			l.Shapes = append(l.Shapes, shape{"tick unclear", fmt.Sprintf("M%s %sl6 6m0 -6l-6 6", at(x-3), at(l.Bottom-8)), title})
		}
	}
	if len(l.Shapes) == 0 {
		l.Empty = "no rate test"
	}
	return l
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

// columns groups minutes that fall into one column of the chart.
func columns(minutes []record.Minute, s timeScale) [][]record.Minute {
	var out [][]record.Minute
	last := math.Inf(-1)
	for _, m := range minutes {
		if x := math.Floor(s.x(m.From.Time)); x != last {
			out, last = append(out, nil), x
		}
		out[len(out)-1] = append(out[len(out)-1], m)
	}
	return out
}

// delayLane shows the median round trip of each minute as a line, the 99th
// percentile as a thin bar above it.
func delayLane(a *Account, s timeScale, top float64) lane {
	l := lane{Title: "Round trip", Unit: "ms", Top: top, Bottom: top + delayHeight}
	var values []float64
	for _, m := range a.minutes {
		for _, v := range []*float64{m.RoundTrip, m.RoundTrip99} {
			if v != nil {
				values = append(values, *v)
			}
		}
	}
	if len(values) == 0 {
		l.Empty = "no packet came back"
		return l
	}
	y := newLogScale(l.Top, l.Bottom, values...)
	l.Grid = y.ticks(func(v float64) string { return fmt.Sprintf("%g", v*1000) })
	var line, high strings.Builder
	var before time.Time
	for _, c := range columns(a.minutes, s) {
		median, p99 := figures(c).RoundTrip, figures(c).RoundTrip99
		from, to := c[0].From.Time, c[len(c)-1].To.Time
		if median == nil {
			before = time.Time{}
			continue
		}
		join := "M"
		if !before.IsZero() && from.Sub(before) < time.Second {
			join = "L"
		}
		before = to
		fmt.Fprintf(&line, "%s%s %sH%s", join, at(s.x(from)), at(y.y(median.Middle)), at(s.x(to)))
		if p99 != nil {
			fmt.Fprintf(&high, "M%s %sV%s", at((s.x(from)+s.x(to))/2), at(y.y(median.Middle)), at(y.y(p99.Worst)))
		}
	}
	l.Shapes = []shape{{Class: "p99", Path: high.String()}, {Class: "median", Path: line.String()}}
	return l
}

// lossLane shows loss up above its axis, loss down below it.
func lossLane(a *Account, s timeScale, top float64) lane {
	l := lane{Title: "Loss, %", Top: top, Bottom: top + lossHeight, Middle: top + lossHeight/2}
	cols := columns(a.minutes, s)
	scale := leastLoss
	for _, c := range cols {
		f := figures(c)
		if f.Sent > 0 {
			scale = max(scale, float64(f.LostUp+f.LostUnknown)/float64(f.Sent), float64(f.LostDown)/float64(f.Sent))
		}
	}
	scale = min(scale, 1)
	half := lossHeight / 2
	height := func(share float64) float64 { return math.Sqrt(min(share/scale, 1)) * half } // makes small losses visible
	for _, v := range []float64{0, 0.01, 0.05, 0.2, 0.5, 1} {
		if h := height(v); v <= scale && (h == 0 || h >= 12) {
			l.Grid = append(l.Grid, mark{l.Middle - h, fmt.Sprintf("%g", v*100)})
			if h > 0 {
				l.Grid = append(l.Grid, mark{l.Middle + h, fmt.Sprintf("%g", v*100)})
			}
		}
	}
	for _, c := range cols {
		f := figures(c)
		if f.Sent == 0 || f.LostUp+f.LostDown+f.LostUnknown == 0 {
			continue
		}
		x, to := s.x(c[0].From.Time), s.x(c[len(c)-1].To.Time)
		w := max(to-x-0.6, 1)
		title := fmt.Sprintf("%s: of %d packets %d lost up, %d down, %d in an unknown direction", a.clock(c[0].From.Time), f.Sent, f.LostUp, f.LostDown, f.LostUnknown)
		of := func(n uint64) float64 { return height(float64(n) / float64(f.Sent)) }
		up, down := of(f.LostUp), of(f.LostDown)
		unknown := of(f.LostUp+f.LostUnknown) - up
		for _, b := range []struct {
			class string
			y, h  float64
		}{{"bar up", l.Middle - up, up}, {"bar unknown", l.Middle - up - unknown, unknown}, {"bar down", l.Middle, down}} {
			if b.h > 0 {
				l.Shapes = append(l.Shapes, shape{b.class, box(x, b.y, w, b.h), title})
			}
		}
	}
	switch {
	case a.Figures.Sent == 0:
		l.Empty = "no packet was sent"
	case len(l.Shapes) == 0:
		l.Empty = "no packet was lost"
	}
	return l
}

var funcs = template.FuncMap{"at": at, "count": count, "half": func(a, b float64) float64 { return (a + b) / 2 }, "add": func(a, b float64) float64 { return a + b }}
