package main

import (
	"examlink/probe/view"
	"strings"
	"time"

	"examlink/probe/plan"
	"examlink/probe/wire"
)

// introduce says what is about to happen, and what the student has to do: the first lines
// of a watch.
func (v *voice) introduce(token wire.JoinToken, exam plan.Window) {
	var b strings.Builder
	p := page{w: &b, width: v.screen.width()}
	for _, line := range introduction(token, exam, v.wall(), time.Local) {
		p.text(0, line)
	}
	_, _ = v.screen.Write([]byte(b.String()))
}

// introduction returns the first lines of a watch. local is the student's time zone.
func introduction(token wire.JoinToken, exam plan.Window, now time.Time, local *time.Location) []string {
	stay := "Leave this window open until the exam is over."
	if !exam.IsZero() && now.Before(exam.Start.Add(-plan.DefaultPreExam)) {
		stay = "Leave this window open until the exam is over, or start examlink again before the exam begins."
	}
	lines := []string{
		"examlink is watching your internet link for exam " + token.Exam + ".",
		stay + " If something is wrong with the link, you will read here what it is and what to do. Ctrl-C ends the watch.",
	}
	if exam.IsZero() {
		return lines
	}
	begins := exam.Start.In(local).Format(examLayout)
	if there := exam.Start.Format(examLayout); there != begins {
		begins += " (" + there + " at the exam)"
	}
	switch {
	case now.Before(exam.Start):
		return append(lines, "The exam begins on "+begins+", in "+view.Left(exam.Start.Sub(now))+".")
	case now.Before(exam.End):
		return append(lines, "The exam began on "+begins+" and ends in "+view.Left(exam.End.Sub(now))+".")
	}
	return append(lines, "The exam began on "+begins+" and is over.")
}
