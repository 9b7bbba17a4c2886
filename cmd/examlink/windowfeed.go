package main

import (
	"slices"
	"strings"
	"sync"
	"time"

	"examlink/cmd/internal/window"
	"examlink/probe"
	"examlink/probe/history"
	"examlink/probe/plan"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

const (
	// mostWarnings is how many warnings the page shows.
	mostWarnings = 50
	// mostChecks is how many earlier checks the page gets, each second.
	mostChecks = 10
	// windowColumns is how long the state line is there: it has room for the long form.
	windowColumns = 160
)

// windowFeed is what the page of a watch shows: a sink of the watch, from which the
// page's requests take. It is safe for concurrent use.
type windowFeed struct {
	exam string
	wall func() time.Time
	tell func(format string, args ...any)

	mu       sync.Mutex
	link     linkState
	server   window.Server
	series   window.Series
	warnings []warning.Warning // by their numbers, in the order they were raised
	record   string            // its file, once there is one
	past     pastChecks        // checks on this computer
}

var (
	_ probe.Sink     = (*windowFeed)(nil)
	_ probe.PlanSink = (*windowFeed)(nil)
	_ probe.LiveSink = (*windowFeed)(nil)
)

// newWindowFeed returns the feed of a watch for an exam, measured against a server.
func newWindowFeed(exam, server string, times plan.Window, wall func() time.Time, tell func(format string, args ...any)) *windowFeed {
	f := &windowFeed{exam: exam, wall: wall, tell: tell, link: newLinkState(times), server: window.Server{Name: server}}
	f.remember()
	return f
}

// remember reads the checks on this computer.
func (f *windowFeed) remember() {
	file, err := history.DefaultFile()
	var checks []history.Check
	if err == nil {
		checks, err = history.Read(file)
	}
	if err != nil {
		f.tell("%v; earlier checks are not shown", err)
	}
	past := newPastChecks(checks, time.Local)
	past.Checks = past.Checks[max(len(past.Checks)-mostChecks, 0):]
	f.mu.Lock()
	defer f.mu.Unlock()
	f.past = past
}

// Phase implements probe.PlanSink.
func (f *windowFeed) Phase(e probe.PhaseEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link.phase = e
}

// Checked implements probe.PlanSink: it keeps the check.
func (f *windowFeed) Checked(e probe.CheckEvent) {
	if e.Err != nil {
		return
	}
	if err := keepCheck(e.Report, true); err != nil {
		f.tell("%v; the result of the scheduled check is not in the history", err)
		return
	}
	f.remember()
}

// Session implements probe.Sink.
func (f *windowFeed) Session(e probe.SessionEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link.Session(e)
	f.server = window.Server{Name: e.Server, Transport: string(e.Transport)}
	if e.Policy.Name != "" {
		f.server.Policy = strings.TrimSpace(e.Policy.Name + " " + e.Policy.Version)
	}
}

// Window implements probe.Sink.
func (f *windowFeed) Window(e probe.WindowEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link.Window(e)
	f.series.Window(e)
}

// Live implements probe.LiveSink.
func (f *windowFeed) Live(e probe.WindowEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link.Window(e)
}

// Floor implements probe.Sink.
func (f *windowFeed) Floor(e probe.FloorEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link.Floor(e)
	f.series.Floor(e)
}

// Warning implements probe.Sink.
func (f *windowFeed) Warning(w warning.Warning) {
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

// recording takes the name of the record's file.
func (f *windowFeed) recording(file string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.record = file
}

// recordFile returns the name of the record's file; empty if there is none.
func (f *windowFeed) recordFile() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.record
}

// state returns the state now, with the points after a number.
func (f *windowFeed) state(after int) window.State {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.wall()
	word, line := f.link.line(now, windowColumns)
	s := window.State{
		Schema: window.Schema, At: now, Server: f.server, Record: f.record,
		Exam:    window.Exam{Name: f.exam, Begins: f.link.exam.Start, Ends: f.link.exam.End, Left: f.link.timeLeft(now, left)},
		Link:    window.Link{Condition: string(f.link.condition()), Word: word, Line: line, Download: f.link.rates[wire.Down], Upload: f.link.rates[wire.Up]},
		Minimum: boundsOf(f.link.policy.Minimum), Recommended: boundsOf(f.link.policy.Recommended),
		Warnings: []window.Warning{}, Checks: f.past.Checks, Compared: f.past.Compared, TimesOfDay: f.past.TimesOfDay,
	}
	if d := f.link.roundTrip; d > 0 {
		seconds := d.Seconds()
		s.Link.RoundTrip = &seconds
	}
	for _, active := range []bool{true, false} {
		for _, w := range slices.Backward(f.warnings) {
			if w.Active() == active {
				s.Warnings = append(s.Warnings, shownWarning(w))
			}
		}
	}
	f.series.Fill(&s, after)
	return s
}
