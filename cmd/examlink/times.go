package main

import (
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
	return fmt.Sprintf("from %s to %s (%s)", a.Format(layout), b.Format(layout), lasted(b.Sub(a)))
}

// shownLength returns how long an episode was, as shown.
func shownLength(e probe.Episode) time.Duration {
	return e.To.Truncate(time.Second).Sub(e.From.Truncate(time.Second))
}

// lasted returns a duration in words.
func lasted(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Second:
		return "less than 1 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

// left returns a time that is left, in words; short ones to the second.
func left(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(d, 0).Truncate(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d days %d h", d/day, d%day/time.Hour)
}

// briefly returns a time that is left, in few columns.
func briefly(d time.Duration) string {
	if d = max(d, 0); d < time.Hour || d >= 48*time.Hour {
		return left(d)
	}
	return fmt.Sprintf("%d:%02d h", d/time.Hour, d%time.Hour/time.Minute)
}
