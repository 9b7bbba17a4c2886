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
			bad = append(bad, fmt.Sprintf("%d of %d tests of the %s read less than the minimum, not enough in a row for a warning", d.d.Below, d.d.Tests, d.name))
		}
	}
	if n, longest := a.interruptions(); n > 0 {
		times := "once, for " + seconds(longest)
		if n > 1 {
			times = fmt.Sprintf("%d times, for %s in all and %s at the longest", n, seconds(a.Interrupted), seconds(longest))
		}
		bad = append(bad, "the connection was interrupted "+times)
	}
	watched := fmt.Sprintf("In the %s watched", seconds(a.Watched))
	out := watched + " " + join(bad) + "."
	switch {
	case len(bad) == 0 && len(open) == 0:
		out = watched + " the link stood above the minimum and was not interrupted."
	case len(bad) == 0:
		out = watched + " the link was not interrupted."
	}
	if len(open) > 0 {
		out += fmt.Sprintf(" Whether the %s met the minimum was not measured.", join(open))
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
		return fmt.Sprintf("The record is NOT whole: %s. In all %s of %s lines do not fit.", c.Break, count(c.Breaks), count(c.Lines))
	}
	s := fmt.Sprintf("The record is whole: %s lines.", count(c.Lines))
	if c.Lines == 1 {
		s = "The record is whole: one line."
	}
	return s
}

// unknown lists what the record does not show. ended: the client closed the
// record properly.
func (a *Account) unknown(r *record.Record, ended bool) []string {
	out := []string{}
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if a.Away >= 1 {
		say("Nothing is known of the network for %s of the %s from first to last: the table of gaps says why.", seconds(a.Away), seconds(a.To.Sub(a.From.Time).Seconds()))
	}
	for _, d := range []struct {
		name string
		d    Direction
	}{{"download", a.Down}, {"upload", a.Up}} {
		if d.d.Inconclusive > 0 {
			say("%d of %d tests of the %s could not tell.", d.d.Inconclusive, d.d.Tests, d.name)
		}
	}
	if n := a.Figures.LostUnknown; n > 0 {
		say("In which direction %s packets were lost.", count(int(n)))
	}
	if b := a.Figures.OneWayBound; b != nil {
		say("One-way delays closer than to %s: the clocks of two computers are compared.", delay(*b))
	}
	for _, w := range a.Warnings {
		if w.LostSight || w.State == record.Stood {
			say("When warning %d (%s) would have ended.", w.N, w.Title())
		}
	}
	for _, l := range r.Lines {
		switch {
		case l.Note != nil:
			say("Line %d notes: %s.", l.Seq, strings.TrimSuffix(l.Note.Words, "."))
		case l.End != nil && l.End.LeftOut > 0:
			say("%s lines for which the record had no room.", count(int(l.End.LeftOut)))
		}
	}
	for _, b := range r.Bad {
		say("What line %d said: %s.", b.Line, b.Problem)
	}
	if r.Chain.Torn > 0 {
		say("What the last line said: it is torn, %d bytes are there.", r.Chain.Torn)
	}
	if !ended {
		say("How it went on after %s: the record has no end line, so the client was still running, or was killed.", a.clock(a.To.Time))
	}
	say("Whether lines are missing after the last one, or all were written anew: compare the chain's head, %d %s, with one kept elsewhere.", r.Chain.Head.Seq, r.Chain.Head.Hash)
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
