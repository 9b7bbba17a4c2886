package main

import (
	"sync"
	"time"

	"examlink/probe"
	"examlink/probe/history"
	"examlink/probe/plan"
	"examlink/probe/view"
)

// mostChecks is how many earlier checks the page gets, each second.
const mostChecks = 10

// windowFeed is what the page of a watch shows: what the watch says, the checks on this
// computer, and the record. It is safe for concurrent use.
type windowFeed struct {
	*view.Feed
	tell func(format string, args ...any)

	mu     sync.Mutex
	record string     // its file, once there is one
	past   pastChecks // checks on this computer
}

var (
	_ probe.Sink     = (*windowFeed)(nil)
	_ probe.PlanSink = (*windowFeed)(nil)
	_ probe.LiveSink = (*windowFeed)(nil)
)

// newWindowFeed returns the feed of a watch for an exam, measured against a server.
func newWindowFeed(exam, server string, times plan.Window, wall func() time.Time, tell func(format string, args ...any)) *windowFeed {
	f := &windowFeed{Feed: view.NewFeed(exam, server, times, wall), tell: tell}
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
func (f *windowFeed) state(after int) view.State {
	s := f.State(after)
	f.mu.Lock()
	defer f.mu.Unlock()
	s.Record, s.Checks, s.Compared, s.TimesOfDay = f.record, f.past.Checks, f.past.Compared, f.past.TimesOfDay
	return s
}
