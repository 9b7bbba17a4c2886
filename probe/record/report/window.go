package report

import (
	"fmt"
	"time"

	"examlink/probe/record"
)

// Window is the exam's time.
type Window struct {
	Begins  record.Time `json:"begins"`
	Ends    record.Time `json:"ends"`
	Watched float64     `json:"watched_seconds"` // of it, interruptions included
	Share   float64     `json:"watched_share"`

	missed spans // its parts that were not watched
}

// windowOf returns the exam's time of a start line; nil if it has none.
func windowOf(s *record.Start, watched spans) *Window {
	if s.Begins.IsZero() || !s.Ends.After(s.Begins.Time) {
		return nil
	}
	exam := spans{{s.Begins.Time, s.Ends.Time}}
	d := watched.and(exam).length()
	var missed spans
	for _, x := range exam.without(watched) {
		if x.to.Sub(x.from) >= time.Second {
			missed = append(missed, x)
		}
	}
	return &Window{s.Begins, s.Ends, d.Seconds(), d.Seconds() / exam.length().Seconds(), missed}
}

// mostMissed is how many parts of an exam that were not watched are listed.
const mostMissed = 5

// examRows say when the exam was and which part of it was watched; none if its time is
// not known.
func (a *Account) examRows() []pair {
	w := a.Window
	if w == nil {
		return nil
	}
	watched := fmt.Sprintf("%s of %s (%s)", seconds(w.Watched), seconds(w.Ends.Sub(w.Begins.Time).Seconds()), percent(w.Share))
	var parts []string
	for _, x := range w.missed[:min(len(w.missed), mostMissed)] {
		parts = append(parts, a.clock(x.from)+" to "+a.clock(x.to))
	}
	if n := len(w.missed) - len(parts); n > 0 {
		parts = append(parts, fmt.Sprintf("%d other times", n))
	}
	if len(parts) > 0 {
		watched += "; not from " + join(parts)
	}
	return []pair{
		{"Exam's time", w.Begins.In(a.zone).Format("2006-01-02 15:04") + " to " + w.Ends.In(a.zone).Format("2006-01-02 15:04")},
		{"Exam watched", watched},
	}
}
