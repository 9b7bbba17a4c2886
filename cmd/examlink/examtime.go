package main

import (
	"fmt"
	"io"
	"time"

	"examlink/probe"
	"examlink/probe/wire"
)

const (
	// aheadRule is how long before an exam a check is asked for: 72 hours of 3,600
	// seconds, whatever the days between are long.
	aheadRule = 72 * time.Hour
	// examLayout is how the time of an exam is printed.
	examLayout = "Mon 2 Jan 2006 15:04 MST"
)

// printExam prints when the exam is and whether this check came in time, by the
// server's clock. It prints nothing if the join token does not say.
func printExam(w io.Writer, token string, r probe.Report) {
	t, err := wire.ReadJoinToken(token)
	if err != nil || t.Starts == 0 {
		return
	}
	p := newPage(w)
	for _, line := range examLines(t, r.Started.Add(r.ClockAhead.Duration()), time.Local) {
		p.text(0, line)
	}
}

// examLines says when the exam of a token is, in the student's zone and the exam's,
// how far ahead now is, and what follows from the 72-hour rule.
func examLines(t wire.JoinToken, now time.Time, local *time.Location) (lines []string) {
	starts := time.Unix(t.Starts, 0)
	when := starts.In(local).Format(examLayout)
	if zone, err := time.LoadLocation(t.Zone); err == nil && t.Zone != "" {
		if there := starts.In(zone).Format(examLayout); there != when {
			when += ", which is " + there + " there"
		}
	}
	lines = append(lines, fmt.Sprintf("Exam %s begins on %s.", t.Exam, when))
	ahead := starts.Sub(now)
	hours := int(ahead.Hours())
	switch {
	case ahead >= aheadRule:
		lines = append(lines, fmt.Sprintf("This check is %d hours ahead: the rule to test 72 hours before is met.", hours),
			"Test again with the same computer, on the same network, at the same time of day as the exam.")
	case ahead > 0:
		lines = append(lines, fmt.Sprintf("This check is %d hours ahead, less than the 72 hours that are asked for: it counts as late.", hours))
	case now.Before(time.Unix(t.Ends, 0)):
		lines = append(lines, "The exam has begun.")
	default:
		lines = append(lines, "The exam is over.")
	}
	return lines
}
