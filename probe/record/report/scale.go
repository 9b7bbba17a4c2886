package report

import (
	"fmt"
	"math"
	"time"
)

const (
	logDecades   = 4   // maximum span of a logarithmic scale
	labelAdvance = 6.1 // of one character, in units of the view box
)

// mark is a tick with its label; At is x or y.
type mark struct {
	At     float64
	Label  string
	Anchor string // of a label below the plot
}

// timeScale maps time to x.
type timeScale struct {
	from, to time.Time
	zone     *time.Location
	geometry
}

func newTimeScale(from, to time.Time, zone *time.Location, g geometry) timeScale {
	if to.Sub(from) < time.Second {
		to = from.Add(time.Second)
	}
	return timeScale{from, to, zone, g}
}

// x returns the position of t, clamped to the plot.
func (s timeScale) x(t time.Time) float64 {
	share := float64(t.Sub(s.from)) / float64(s.to.Sub(s.from))
	return s.Left + (s.Right-s.Left)*min(max(share, 0), 1)
}

// ticks returns ticks on whole seconds, minutes, hours or days of the record's
// zone.
func (s timeScale) ticks() (out []mark) {
	const day = 24 * time.Hour
	span := s.to.Sub(s.from)
	step, mostTicks := day, time.Duration(s.MostTicks)
	for _, d := range []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	} {
		if span/d <= mostTicks {
			step = d
			break
		}
	}
	for span/step > mostTicks {
		step *= 2
	}
	layout := "15:04"
	switch {
	case step < time.Minute:
		layout = time.TimeOnly
	case step >= day:
		layout = "01-02"
	case span > day:
		layout = "01-02 15:04"
	}
	// Truncate counts from year 1 in UTC; the zone's midnight may differ.
	_, offset := s.from.In(s.zone).Zone()
	shift := time.Duration(offset) * time.Second
	t := s.from.Add(shift).Truncate(step).Add(-shift)
	for ; !t.After(s.to) && len(out) <= s.MostTicks+2; t = t.Add(step) {
		if !t.Before(s.from) {
			m := mark{s.x(t), t.In(s.zone).Format(layout), "middle"}
			half := float64(len(m.Label)) * labelAdvance / 2
			switch {
			case m.At+half > s.Width:
				m.Anchor = "end"
			case m.At-half < 0:
				m.Anchor = "start"
			}
			out = append(out, m)
		}
	}
	return out
}

// logScale maps a positive figure to y: lo at the bottom, hi at the top.
type logScale struct{ lo, hi, top, bottom float64 }

// newLogScale spans the values, with some margin.
func newLogScale(top, bottom float64, values ...float64) logScale {
	s := logScale{math.Inf(1), 0, top, bottom}
	for _, v := range values {
		if v > 0 && !math.IsInf(v, 0) {
			s.lo, s.hi = min(s.lo, v), max(s.hi, v)
		}
	}
	if s.hi == 0 {
		s.lo, s.hi = 1, 10
	}
	s.lo, s.hi = s.lo/1.6, s.hi*1.6
	s.lo = max(s.lo, s.hi/math.Pow(10, logDecades))
	return s
}

func (s logScale) y(v float64) float64 {
	if !(v > s.lo) {
		return s.bottom
	}
	share := math.Log(v/s.lo) / math.Log(s.hi/s.lo)
	return s.bottom - (s.bottom-s.top)*min(share, 1)
}

// ticks returns ticks at 1, 2 and 5, or at powers of ten if those would be too
// many.
func (s logScale) ticks(format func(float64) string) (out []mark) {
	steps := []float64{1, 2, 5}
	if s.hi/s.lo > 60 {
		steps = []float64{1}
	}
	for e := math.Floor(math.Log10(s.lo)); e <= math.Log10(s.hi); e++ {
		for _, k := range steps {
			if v := k * math.Pow(10, e); v >= s.lo && v <= s.hi {
				out = append(out, mark{At: s.y(v), Label: format(v)})
			}
		}
	}
	return out
}

// at prints a coordinate.
func at(v float64) string { return fmt.Sprintf("%.1f", v) }
