package report

import (
	"fmt"
	"slices"
	"time"

	"examlink/probe/record"
	"examlink/probe/warning"
)

const stateRow = 18.0

// stateLane shows gaps as filled bars and warnings as hollow ones, each with
// its number and label.
type stateLane struct {
	Top, Bottom float64
	Bars        []stateBar
}

// stateBar is one gap or warning.
type stateBar struct {
	shape
	LabelX, LabelY float64
	Anchor         string // start, end
	Label          string
}

// rows places bars so that neither bars nor labels overlap.
type rows struct{ ends []float64 }

func (r *rows) place(from, to float64) int {
	for i, end := range r.ends {
		if from > end+6 {
			r.ends[i] = to
			return i
		}
	}
	r.ends = append(r.ends, to)
	return len(r.ends) - 1
}

// mostBars is the maximum number of bars drawn; the tables list all.
const mostBars = 60

// putLabel puts the label of a bar beside it: behind it, else before it, else inside. It
// returns where both begin and end.
func (b *stateBar) putLabel(x, width float64, s timeScale) (left, right float64) {
	text := float64(len([]rune(b.Label))) * labelAdvance
	switch {
	case x+width+4+text <= s.Right:
		b.Anchor, b.LabelX = "start", x+width+4
		return x, x + width + 4 + text
	case x-4-text >= 0:
		b.Anchor, b.LabelX = "end", x-4
		return x - 4 - text, x + width
	}
	b.Anchor, b.LabelX = "start", x+4
	return x, max(x+width, x+4+text)
}

func newStateLane(a *Account, s timeScale, top float64) stateLane {
	l := stateLane{Top: top}
	var packed rows
	add := func(from, to time.Time, class, label, title string) {
		if len(l.Bars) >= mostBars {
			return
		}
		x, end := s.x(from), s.x(to)
		if end < x {
			x, end = end, x
		}
		width := max(end-x, 3)
		bar := stateBar{Label: label}
		left, right := bar.putLabel(x, width, s)
		y := top + float64(packed.place(left, right))*stateRow
		bar.LabelY = y + 10.5
		bar.shape = shape{Class: class, Path: box(x, y+1.5, width, 11), Title: title}
		if class == "gap clock-step" { // no duration: drawn as a diamond
			bar.Path = fmt.Sprintf("M%s %sl5 5.5l-5 5.5l-5 -5.5z", at(x), at(y+1.5))
		}
		l.Bars = append(l.Bars, bar)
	}
	label := func(n, rest string) string {
		if s.Narrow { // the tables have the rest
			return n
		}
		return n + " " + rest
	}
	for i, r := range a.gapRows() {
		g := a.Gaps[i]
		class := "gap"
		switch {
		case g.Cause == record.TransportChange: // how it ended; the network was why
			class += " " + string(record.Network)
		case slices.Contains(record.Causes(), g.Cause):
			class += " " + string(g.Cause)
		}
		add(g.From.Time, g.To.Time, class, label(r.N, short(g.Gap)+", "+r.Lasted),
			fmt.Sprintf("%s from %s, %s: %s", r.N, r.Start, r.Lasted, r.Cause))
	}
	for i, r := range a.warningRows() {
		w := a.Warnings[i]
		end := w.End
		if end.IsZero() {
			end = a.To.Time
			if !w.Cleared.IsZero() {
				end = w.Cleared
			}
		}
		add(w.Start, end, "warning", label(r.N, r.Title), fmt.Sprintf("%s from %s to %s: %s. %s", r.N, r.Start, r.End, r.Title, r.Evidence))
	}
	l.Bottom = top + max(float64(len(packed.ends)), 1)*stateRow
	return l
}

// short returns the cause of a gap in one or two words.
func short(g record.Gap) string {
	switch g.Cause {
	case record.Network:
		return "network"
	case record.Suspended:
		return "asleep"
	case record.ClockStep:
		return "clock set"
	case record.HostBusy:
		return "computer busy"
	case record.ClientStopped:
		return "examlink off"
	case record.ServerGone:
		return "no server"
	case record.TransportChange:
		switch g.Words {
		case record.ToWebSocket:
			return "UDP blocked"
		case string(warning.CauseMoved):
			return "other network"
		}
		return "network"
	}
	return string(g.Cause)
}
