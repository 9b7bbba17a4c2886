package report

import (
	"fmt"
	"html/template"
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

// geometry is the form of a chart, in units of its view box.
type geometry struct {
	ID          string // of its parts in the page
	Width       float64
	Left, Right float64 // of the plots
	MostTicks   int
	Narrow      bool // titles stand above the lanes, and bars have short labels
}

// The page shows the first where there is room for it, else the second: each is legible
// in its place.
var (
	wideChart   = geometry{ID: "chart", Width: 1000, Left: 112, Right: 988, MostTicks: 10}
	narrowChart = geometry{ID: "narrow-chart", Width: 350, Left: 40, Right: 346, MostTicks: 4, Narrow: true}
)

// chart is the timeline, ready to draw.
type chart struct {
	geometry
	Height      float64
	Bottom      float64 // of the plots
	Title, Desc string
	Ticks       []mark
	Shades      []shape // gaps, drawn through all lanes
	Lanes       []lane
	State       stateLane
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

func newChart(a *Account, g geometry) chart {
	s := newTimeScale(a.From.Time, a.To.Time, a.zone, g)
	c := chart{geometry: g, Ticks: s.ticks()}
	c.Title = "Timeline of exam " + a.Exam
	c.Desc = a.Headline + " The tables hold the same data."
	y := firstLane
	for _, make := range []func(a *Account, s timeScale, top float64) lane{downLane, upLane, delayLane, lossLane} {
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

var funcs = template.FuncMap{"at": at, "count": count, "half": func(a, b float64) float64 { return (a + b) / 2 }, "add": func(a, b float64) float64 { return a + b }}
