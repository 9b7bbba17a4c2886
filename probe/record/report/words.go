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

// integrity describes the state of the chains of some records.
func integrity(c record.Chain, records int) string {
	what, are := "The record", "is"
	if records > 1 {
		what, are = fmt.Sprintf("The %d records", records), "are"
	}
	switch {
	case c.Breaks > 0:
		return fmt.Sprintf("%s %s NOT intact: %s. %s of %s lines do not fit the chain.", what, are, c.Break, count(c.Breaks), count(c.Lines))
	case c.Lines == 1:
		return what + " " + are + " intact: one line."
	}
	return fmt.Sprintf("%s %s intact: %s lines.", what, are, count(c.Lines))
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
