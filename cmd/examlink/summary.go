package main

import (
	"examlink/probe/view"
	"fmt"
	"io"
	"strings"
	"time"

	"examlink/probe"
	"examlink/probe/agent"
	"examlink/probe/plan"
	"examlink/probe/warning"
)

// printSummary prints the verdict on a watch, what happened during it, and how to make a
// report of its record.
func printSummary(w io.Writer, r agent.Result, link *view.Link) {
	s, p := r.Summary, newPage(w)
	v := judgeWatch(s, link)
	fmt.Fprintln(w)
	p.coloured(outcomeColours[v.outcome], v.sentence)
	if v.outcome == outcomeNotMeasured {
		p.recordHint(r.Record)
		return
	}
	for _, x := range v.spells {
		p.after("  - ", 4, 4, x.String())
	}
	p.text(0, "Watched "+between(s.Started, s.Ended)+"."+ofTheExam(link.Exam, s))
	m := s.Monitor
	text := lossWords(m)
	if m.RoundTrip.Median != nil {
		text += " The typical round trip was " + secondsShort(*m.RoundTrip.Median)
		if m.RoundTrip.P99 != nil && secondsShort(*m.RoundTrip.P99) != secondsShort(*m.RoundTrip.Median) {
			text += "; one in a hundred took more than " + secondsShort(*m.RoundTrip.P99)
		}
		text += "."
	}
	p.text(0, text)
	if m.OverTCP > 0 {
		p.text(0, fmt.Sprintf("%d of the packets went over TCP, where losses show as delay.", m.OverTCP))
	}
	p.text(0, fmt.Sprintf("Watching used %.1f MB down and %.1f MB up.", float64(s.BytesDown)/1e6, float64(s.BytesUp)/1e6))
	p.recordHint(r.Record)
}

func secondsShort(s float64) string { return view.ShortDelay(time.Duration(s * float64(time.Second))) }

// recordHint names the record and how to make a report of it. File names are not wrapped,
// so that they can be copied.
func (p *page) recordHint(file string) {
	if file == "" {
		return
	}
	fmt.Fprintf(p.w, "Record: %s\n", file)
	fmt.Fprintf(p.w, "To make a report of it:\n  examlink report --html report.html %s\n", shellWord(file))
}

// shellWord quotes a file name for a shell, if it has to be.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(`/\:._-`, r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return `"` + s + `"`
}

// ofTheExam says which part of an exam was watched; empty if its time is not known. The
// time in which the computer was asleep was not.
func ofTheExam(exam plan.Window, s probe.Summary) string {
	if exam.IsZero() {
		return ""
	}
	name := fmt.Sprintf(" The exam is from %s to %s", exam.Start.Local().Format("Mon 2 Jan 15:04"), exam.End.Local().Format("15:04"))
	within := func(from, to time.Time) time.Duration {
		if from.Before(exam.Start) {
			from = exam.Start
		}
		if to.After(exam.End) {
			to = exam.End
		}
		return max(to.Sub(from), 0)
	}
	watched := within(s.Started, s.Ended)
	for _, e := range s.Episodes {
		if e.Kind == warning.Suspended {
			watched -= within(e.From, e.To)
		}
	}
	switch {
	case watched <= 0:
		return name + ": no part of it was watched."
	case watched >= exam.End.Sub(exam.Start)-time.Second:
		return name + ": all of it was watched."
	}
	share := "less than 1 %"
	if percent := 100 * watched.Seconds() / exam.End.Sub(exam.Start).Seconds(); percent >= 1 {
		share = fmt.Sprintf("%.0f %%", percent)
	}
	return fmt.Sprintf("%s: %s of it were watched (%s).", name, view.Lasted(watched), share)
}
