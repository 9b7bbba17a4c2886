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
		text := float64(len([]rune(label))) * labelAdvance
		bar := stateBar{Label: label, Anchor: "start", LabelX: x + width + 4}
		left, right := x, x+width+4+text
		if right > plotRight {
			bar.Anchor, bar.LabelX = "end", x-4
			left, right = x-4-text, x+width
		}
		y := top + float64(packed.place(left, right))*stateRow
		bar.LabelY = y + 10.5
		bar.shape = shape{Class: class, Path: box(x, y+1.5, width, 11), Title: title}
		if class == "gap clock-step" { // no duration: drawn as a diamond
			bar.Path = fmt.Sprintf("M%s %sl5 5.5l-5 5.5l-5 -5.5z", at(x), at(y+1.5))
		}
		l.Bars = append(l.Bars, bar)
	}
	for i, r := range a.gapRows() {
		g := a.Gaps[i]
		class := "gap"
		if slices.Contains(record.Causes(), g.Cause) {
			class += " " + string(g.Cause)
		}
		add(g.From.Time, g.To.Time, class, fmt.Sprintf("%s %s, %s", r.N, short(g.Gap), r.Lasted),
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
		add(w.Start, end, "warning", r.N+" "+r.Title, fmt.Sprintf("%s from %s to %s: %s. %s", r.N, r.Start, r.End, r.Title, r.Evidence))
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
