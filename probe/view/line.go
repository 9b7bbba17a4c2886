package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"examlink/probe"
	"examlink/probe/plan"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// words are what a state line begins with, and its colour, an SGR code of ECMA-48.
var words = map[Condition]struct{ word, colour string }{
	Waiting: {"WAITING", "1"}, Connecting: {"CONNECTING", "1;33"}, Testing: {"TESTING", "1"},
	Good: {"GOOD", "1;32"}, Fair: {"FAIR", "1;33"}, Poor: {"POOR", "1;31"},
	Interrupted: {"NO CONNECTION", "1;31"}, Over: {"THE EXAM IS OVER", "1"},
}

// Colour returns the colour of a condition on a terminal, an SGR code of ECMA-48.
func (c Condition) Colour() string { return words[c].colour }

// Line returns the state in one line of at most width columns: its first word and the
// rest. The longest form that fits is taken.
func (s *Link) Line(now time.Time, width int) (word, rest string) {
	c := s.Condition()
	word = words[c].word
	forms := s.measured(now)
	switch c {
	case Waiting:
		forms = s.waiting(now)
	case Connecting:
		forms = []string{"to the exam's server, again and again until it answers", "to the exam's server"}
		forms = s.withTimeLeft(forms, now)
	case Interrupted:
		forms = s.withTimeLeft(s.interrupted(now), now)
	case Over:
		return word, ""
	case Testing, Good, Fair, Poor:
	}
	for _, f := range forms {
		if len([]rune(word))+2+len([]rune(f)) <= width {
			return word, f
		}
	}
	last := []rune(forms[len(forms)-1])
	return word, string(last[:max(min(len(last), width-len([]rune(word))-2), 0)])
}

// waiting says what comes before the exam.
func (s *Link) waiting(now time.Time) []string {
	begins := Left(s.Phase.Until.Sub(now))
	if s.Phase.Check.After(now) {
		check := Left(s.Phase.Check.Sub(now))
		return []string{
			fmt.Sprintf("next check in %s, watching begins in %s", check, begins),
			fmt.Sprintf("check in %s, watch in %s", check, begins),
		}
	}
	return []string{"watching begins in " + begins}
}

// interrupted says for how long there has been no connection, and why.
func (s *Link) interrupted(now time.Time) []string {
	w := s.Active[warning.Outage]
	from := w.Start
	if w.Episodes > 1 {
		from = w.Since
	}
	since := "for " + Lasted(now.Sub(from))
	if w.Cause == warning.NotKnown {
		return []string{since + ", reconnecting by itself", since}
	}
	return []string{since + " (" + string(w.Cause) + "), reconnecting by itself", since + " (" + string(w.Cause) + ")", since}
}

// withTimeLeft adds the time left in the exam to each form, and tries those without it
// last.
func (s *Link) withTimeLeft(forms []string, now time.Time) (out []string) {
	exam := s.TimeLeft(now, Left)
	if exam == "" {
		return forms
	}
	for _, f := range forms {
		out = append(out, f+", "+exam)
	}
	return append(out, forms...)
}

// measured returns rates against the minimum, round trip and time left.
func (s *Link) measured(now time.Time) []string {
	var long, short, brief, least []string
	problems := s.Problems()
	if len(problems) > 0 {
		long = append(long, problems[0].Title())
	}
	minimum := map[wire.Direction]float64{wire.Down: float64(s.Policy.Minimum.Download), wire.Up: float64(s.Policy.Minimum.Upload)}
	var pairs, bare []string
	for _, d := range []struct {
		direction   wire.Direction
		name, brief string
	}{{wire.Down, "download", "down"}, {wire.Up, "upload", "up"}} {
		rate, known := s.Rates[d.direction]
		if !known {
			continue
		}
		needs := Mbit(minimum[d.direction])
		long = append(long, fmt.Sprintf("%s %s (minimum %s)", d.name, rate, needs))
		pairs = append(pairs, fmt.Sprintf("%s %s (min %s)", d.brief, briefRate(rate), needs))
		bare = append(bare, fmt.Sprintf("%s %s/%s", d.brief, briefRate(rate), needs))
	}
	if len(pairs) > 0 {
		short, brief = append(short, strings.Join(pairs, ", ")+" Mbit/s"), append(brief, strings.Join(bare, " "))
		least = append(least, brief...)
	}
	if s.RoundTrip > 0 {
		trip := ShortDelay(s.RoundTrip)
		few := strings.Replace(trip, "under ", "<", 1)
		long, short, brief = append(long, "round trip "+trip), append(short, few), append(brief, few)
	}
	if exam := s.TimeLeft(now, Left); exam != "" {
		few := s.TimeLeft(now, Briefly)
		long, short, brief, least = append(long, exam), append(short, few), append(brief, few), append(least, few)
	}
	forms := []string{strings.Join(long, ", "), strings.Join(short, ", "), strings.Join(brief, ", "), strings.Join(least, ", ")}
	if len(problems) > 0 {
		name := problems[0].Title() + ", "
		forms = slices.Insert(forms, 1, name+forms[1], name+forms[2])
	}
	return forms
}

// TimeLeft returns the time left in the exam, or before it; empty if it is not known.
func (s *Link) TimeLeft(now time.Time, words func(time.Duration) string) string {
	switch {
	case s.Exam.IsZero() || s.Phase.Phase == plan.Done || !now.Before(s.Exam.End):
		return ""
	case now.Before(s.Exam.Start):
		return "exam in " + words(s.Exam.Start.Sub(now))
	}
	return words(s.Exam.End.Sub(now)) + " left"
}

// ShortDelay returns a delay in whole milliseconds.
func ShortDelay(d time.Duration) string {
	if d < time.Millisecond {
		return "under 1 ms"
	}
	return verdict.Format(d.Round(time.Millisecond).Seconds(), "s")
}

// Mbit returns a rate without its unit.
func Mbit(bits float64) string { return strings.TrimSuffix(verdict.Format(bits, "bit/s"), " Mbit/s") }

// briefRate returns a rate without its unit; "+" follows a lower bound.
func briefRate(i probe.Interval) string {
	if i.Value != nil {
		return Mbit(*i.Value)
	}
	return Mbit(*i.Low) + "+"
}
