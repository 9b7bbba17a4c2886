package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"examlink/probe/record"
)

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
	l.Grid = y.ticks(func(v float64) string { return fmt.Sprintf("%.4g", v*1000) })
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

// lossLane shows loss up above its axis, loss down below it. Losses of an interruption are
// not drawn: its shade is.
func lossLane(a *Account, s timeScale, top float64) lane {
	l := lane{Title: "Loss, %", Top: top, Bottom: top + lossHeight, Middle: top + lossHeight/2}
	cols := columns(a.minutes, s)
	scale := leastLoss
	for _, c := range cols {
		f := figures(c)
		if f.Sent > 0 {
			o := f.outside
			scale = max(scale, float64(o.up+o.unknown)/float64(f.Sent), float64(o.down)/float64(f.Sent))
		}
	}
	scale = min(scale, 1)
	half := lossHeight / 2
	height := func(share float64) float64 { return math.Sqrt(min(share/scale, 1)) * half } // makes small losses visible
	for _, v := range []float64{0, 0.01, 0.05, 0.2, 0.5, 1} {
		if h := height(v); v <= scale && (h == 0 || h >= 12) {
			l.Grid = append(l.Grid, mark{At: l.Middle - h, Label: fmt.Sprintf("%g", v*100)})
			if h > 0 {
				l.Grid = append(l.Grid, mark{At: l.Middle + h, Label: fmt.Sprintf("%g", v*100)})
			}
		}
	}
	for _, c := range cols {
		f := figures(c)
		o := f.outside
		if f.Sent == 0 || o.all() == 0 {
			continue
		}
		x, to := s.x(c[0].From.Time), s.x(c[len(c)-1].To.Time)
		w := max(to-x-0.6, 1)
		title := fmt.Sprintf("%s: of %d packets %d lost up, %d down, %d in an unknown direction", a.clock(c[0].From.Time), f.Sent, o.up, o.down, o.unknown)
		of := func(n uint64) float64 { return height(float64(n) / float64(f.Sent)) }
		up, down := of(o.up), of(o.down)
		unknown := of(o.up+o.unknown) - up
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
		l.Empty = "no packet was lost outside interruptions"
		if a.Figures.LostInGaps == 0 {
			l.Empty = "no packet was lost"
		}
	}
	return l
}
