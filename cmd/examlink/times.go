package main

import (
	"examlink/probe/view"
	"fmt"
	"time"

	"examlink/probe"
)

// Times are shown in whole seconds, as in a report, and durations are the differences of
// what is shown.

// clockTime returns the time of day in the student's zone.
func clockTime(t time.Time) string { return t.Truncate(time.Second).Local().Format(time.TimeOnly) }

// dayTime returns a day and a time in the student's zone, as far as minutes.
func dayTime(t time.Time) string { return t.Local().Format("Mon 2 Jan 15:04") }

// between returns a time from its beginning to its end, and how long it was. The day is
// shown if it ends on another.
func between(from, to time.Time) string {
	a, b := from.Truncate(time.Second).Local(), to.Truncate(time.Second).Local()
	layout := time.TimeOnly
	if a.Format(time.DateOnly) != b.Format(time.DateOnly) {
		layout = "Mon 2 Jan 15:04:05"
	}
	return fmt.Sprintf("from %s to %s (%s)", a.Format(layout), b.Format(layout), view.Lasted(b.Sub(a)))
}

// shownLength returns how long an episode was, as shown.
func shownLength(e probe.Episode) time.Duration {
	return e.To.Truncate(time.Second).Sub(e.From.Truncate(time.Second))
}
