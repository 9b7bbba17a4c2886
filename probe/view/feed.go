package view

import (
	"slices"
	"strings"
	"sync"
	"time"

	"examlink/probe"
	"examlink/probe/history"
	"examlink/probe/plan"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

const (
	// mostWarnings is how many warnings a page shows.
	mostWarnings = 50
	// lineColumns is how long the state line is: it has room for the long form.
	lineColumns = 160
)

// Feed is what the page of a watch shows: a sink of the watch, from which the page's
// requests take. It is safe for concurrent use.
type Feed struct {
	exam string
	wall func() time.Time

	mu       sync.Mutex
	link     Link
	server   Server
	series   Series
	warnings []warning.Warning // by their numbers, in the order they were raised
}

var (
	_ probe.Sink     = (*Feed)(nil)
	_ probe.PlanSink = (*Feed)(nil)
	_ probe.LiveSink = (*Feed)(nil)
)

// NewFeed returns the feed of a watch for an exam, measured against a server, host:port.
// wall is the clock of the watch.
func NewFeed(exam, server string, times plan.Window, wall func() time.Time) *Feed {
	return &Feed{exam: exam, wall: wall, link: NewLink(times), server: Server{Name: server}}
}

// Keep bounds the points of each kind that are kept. Call it before the first event.
func (f *Feed) Keep(points int) { f.series.Most = points }

// Phase implements probe.PlanSink.
func (f *Feed) Phase(e probe.PhaseEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link.Phase = e
}

// Checked implements probe.PlanSink.
func (f *Feed) Checked(probe.CheckEvent) {}

// Session implements probe.Sink.
func (f *Feed) Session(e probe.SessionEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link.Session(e)
	f.server = Server{Name: e.Server, Transport: string(e.Transport)}
	if e.Policy.Name != "" {
		f.server.Policy = strings.TrimSpace(e.Policy.Name + " " + e.Policy.Version)
	}
}

// Window implements probe.Sink.
func (f *Feed) Window(e probe.WindowEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link.Window(e)
	f.series.Window(e)
}

// Live implements probe.LiveSink.
func (f *Feed) Live(e probe.WindowEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link.Window(e)
}

// Floor implements probe.Sink.
func (f *Feed) Floor(e probe.FloorEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link.Floor(e)
	f.series.Floor(e)
}

// Warning implements probe.Sink.
func (f *Feed) Warning(w warning.Warning) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link.Warning(w)
	if i := slices.IndexFunc(f.warnings, func(x warning.Warning) bool { return x.ID == w.ID }); i >= 0 {
		f.warnings[i] = w
		return
	}
	f.warnings = append(f.warnings, w)
	f.warnings = f.warnings[max(len(f.warnings)-mostWarnings, 0):]
}

// State returns the state now, with the points after a number. It has neither a record
// nor checks: who keeps them adds them.
func (f *Feed) State(after int) State {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.wall()
	word, line := f.link.Line(now, lineColumns)
	s := State{
		Schema: Schema, At: now, Server: f.server,
		Exam:    Exam{Name: f.exam, Begins: f.link.Exam.Start, Ends: f.link.Exam.End, Left: f.link.TimeLeft(now, Left)},
		Link:    LinkNow{Condition: f.link.Condition(), Word: word, Line: line, Download: f.link.Rates[wire.Down], Upload: f.link.Rates[wire.Up]},
		Minimum: boundsOf(f.link.Policy.Minimum), Recommended: boundsOf(f.link.Policy.Recommended),
		Warnings: []Warning{}, Checks: []history.Check{}, TimesOfDay: []history.Finding{},
	}
	if d := f.link.RoundTrip; d > 0 {
		seconds := d.Seconds()
		s.Link.RoundTrip = &seconds
	}
	for _, active := range []bool{true, false} {
		for _, w := range slices.Backward(f.warnings) {
			if w.Active() == active {
				s.Warnings = append(s.Warnings, Shown(w))
			}
		}
	}
	f.series.Fill(&s, after)
	return s
}
