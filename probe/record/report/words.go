package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/record"
)

// Disclaimer is printed below every account.
const Disclaimer = "This is evidence about a network and the computer it was measured on. It says nothing about what anybody did."

// headline summarizes the record in one or two sentences.
func (a *Account) headline() string {
	if a.Watched <= 0 {
		return "Nothing was measured in this record."
	}
	var bad, open []string
	for _, d := range []struct {
		name string
		d    Direction
	}{{"download", a.Down}, {"upload", a.Up}} {
		switch {
		case d.d.BelowFor == nil:
			open = append(open, d.name)
		case *d.d.BelowFor > 0:
			bad = append(bad, fmt.Sprintf("the %s was below the minimum of %s for %s (%s of the time watched)",
				d.name, rate(d.d.Minimum), seconds(*d.d.BelowFor), percent(*d.d.BelowShare)))
		case d.d.Below > 0:
			bad = append(bad, fmt.Sprintf("%d of %d %s tests measured less than the minimum, but too few in a row for a warning", d.d.Below, d.d.Tests, d.name))
		}
	}
	if n, longest := a.interruptions(); n > 0 {
		times := "once, for " + seconds(longest)
		if n > 1 {
			times = fmt.Sprintf("%d times, for %s in total and for up to %s at a time", n, seconds(a.Interrupted), seconds(longest))
		}
		bad = append(bad, "the connection was interrupted "+times)
	}
	watched := fmt.Sprintf("During the %s watched,", seconds(a.Watched))
	out := watched + " " + join(bad) + "."
	switch {
	case len(bad) == 0 && len(open) == 0:
		out = watched + " the link met the minimum and was not interrupted."
	case len(bad) == 0:
		out = watched + " the link was not interrupted."
	}
	if len(open) > 0 {
		out += fmt.Sprintf(" No test could tell whether the %s met the minimum.", join(open))
	}
	return out
}

// interruptions counts the gaps caused by the network or the server.
func (a *Account) interruptions() (n int, longest float64) {
	for _, g := range a.Gaps {
		if g.ofNetwork() {
			n++
			longest = max(longest, g.Duration)
		}
	}
	return n, longest
}

// integrity describes the state of the chain.
func integrity(r *record.Record) string {
	c := r.Chain
	if !c.Whole() {
		return fmt.Sprintf("The record is NOT intact: %s. %s of %s lines do not fit the chain.", c.Break, count(c.Breaks), count(c.Lines))
	}
	s := fmt.Sprintf("The record is intact: %s lines.", count(c.Lines))
	if c.Lines == 1 {
		s = "The record is intact: one line."
	}
	return s
}

// unknown lists what the record does not show. ended: the client closed the
// record properly.
func (a *Account) unknown(r *record.Record, ended bool) []string {
	out := []string{}
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if a.Away >= 1 {
		say("The state of the network during %s of the %s from start to end: the table of gaps gives the causes.", seconds(a.Away), seconds(a.To.Sub(a.From.Time).Seconds()))
	}
	for _, d := range []struct {
		name string
		d    Direction
	}{{"download", a.Down}, {"upload", a.Up}} {
		if d.d.Inconclusive > 0 {
			say("The outcome of %d of %d tests of the %s: they were inconclusive.", d.d.Inconclusive, d.d.Tests, d.name)
		}
	}
	if n := a.Figures.LostUnknown; n > 0 {
		say("The direction in which %s packets were lost.", count(int(n)))
	}
	if b := a.Figures.OneWayBound; b != nil {
		say("One-way delays to better than %s: they compare the clocks of two computers.", delay(*b))
	}
	for _, w := range a.Warnings {
		if w.LostSight || w.State == record.Stood {
			say("When the cause of warning %d (%s) ended.", w.N, w.Title())
		}
	}
	for _, l := range r.Lines {
		switch {
		case l.Note != nil:
			say("Line %d notes: %s.", l.Seq, strings.TrimSuffix(l.Note.Words, "."))
		case l.End != nil && l.End.LeftOut > 0:
			say("%s lines that did not fit in the record.", count(int(l.End.LeftOut)))
		}
	}
	for _, b := range r.Bad {
		say("The contents of line %d: %s.", b.Line, b.Problem)
	}
	if r.Chain.Torn > 0 {
		say("The contents of the last line: only %d bytes of it were written.", r.Chain.Torn)
	}
	if !ended {
		say("What happened after %s: the record has no end line, so the client was still running or was killed.", a.clock(a.To.Time))
	}
	say("Whether lines were removed from the end or the whole record was rewritten: compare the head of its chain, %d %s, with a copy kept elsewhere.", r.Chain.Head.Seq, r.Chain.Head.Hash)
	return out
}

func join(s []string) string {
	if len(s) < 2 {
		return strings.Join(s, "")
	}
	return strings.Join(s[:len(s)-1], ", ") + " and " + s[len(s)-1]
}

// seconds formats a duration in everyday words.
func seconds(s float64) string {
	switch d := time.Duration(s * float64(time.Second)); {
	case s < 0.9995:
		return fmt.Sprintf("%.0f ms", s*1000)
	case s < 59.95:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", s), ".0") + " s"
	case d.Round(time.Second) < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	default:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
}

// delay formats a delay in milliseconds.
func delay(s float64) string {
	ms := s * 1000
	switch {
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.2f ms", ms)
}

func percent(share float64) string {
	switch p := share * 100; {
	case p == 0:
		return "0 %"
	case p < 0.01:
		return "less than 0.01 %"
	case p < 10:
		return fmt.Sprintf("%.2g %%", p)
	default:
		return fmt.Sprintf("%.0f %%", math.Min(p, 100))
	}
}

func rate(bits float64) string { return ippm.Rate(bits).String() }

func megabytes(n int64) string { return fmt.Sprintf("%.2f MB", float64(n)/1e6) }

// count formats a number with commas.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// reading formats the result of a floor test.
func reading(value, low *float64) string {
	switch {
	case value != nil:
		return rate(*value)
	case low != nil:
		return "at least " + rate(*low)
	}
	return "unknown"
}

// clock formats a time of day in the record's zone, with the date if the record
// spans several days.
func (a *Account) clock(t time.Time) string {
	t = t.In(a.zone)
	if a.From.Format(time.DateOnly) != a.To.Format(time.DateOnly) {
		return t.Format("01-02 15:04:05")
	}
	return t.Format(time.TimeOnly)
}

// zoneOf returns a time's zone, reduced to its offset.
func zoneOf(t time.Time) *time.Location {
	_, offset := t.Zone()
	return time.FixedZone("UTC"+t.Format("-07:00"), offset)
}

func zoneName(t time.Time, name string) string {
	s := "UTC" + t.Format("-07:00")
	if name != "" && name != "UTC" && !strings.HasPrefix(name, "+") && !strings.HasPrefix(name, "-") {
		s += " (" + name + ")"
	}
	return s
}
