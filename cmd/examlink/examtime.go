package main

import (
	"fmt"
	"io"
	"time"

	"examlink/probe"
	"examlink/probe/plan"
	"examlink/probe/wire"
)

// examLayout is how the time of an exam is printed.
const examLayout = "Mon 2 Jan 2006 15:04 MST"

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
	for _, said := range plan.Ahead(starts, time.Unix(t.Ends, 0), now) {
		lines = append(lines, said.String())
	}
	return lines
}
