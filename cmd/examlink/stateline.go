package main

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

// stateWords are what a state line begins with, and its colour.
var stateWords = map[condition]struct{ word, colour string }{
	conditionWaiting: {"WAITING", "1"}, conditionConnecting: {"CONNECTING", "1;33"}, conditionTesting: {"TESTING", "1"},
	conditionGood: {"GOOD", "1;32"}, conditionFair: {"FAIR", "1;33"}, conditionPoor: {"POOR", "1;31"},
	conditionInterrupted: {"NO CONNECTION", "1;31"}, conditionOver: {"THE EXAM IS OVER", "1"},
}

// line returns the state in one line of at most width columns: its first word and the
// rest. The longest form that fits is taken.
func (s *linkState) line(now time.Time, width int) (word, rest string) {
	c := s.condition()
	word = stateWords[c].word
	forms := s.measured(now)
	switch c {
	case conditionWaiting:
		forms = s.waiting(now)
	case conditionConnecting:
		forms = []string{"to the exam's server, again and again until it answers", "to the exam's server"}
		forms = s.withTimeLeft(forms, now)
	case conditionInterrupted:
		forms = s.withTimeLeft(s.interrupted(now), now)
	case conditionOver:
		return word, ""
	case conditionTesting, conditionGood, conditionFair, conditionPoor:
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
func (s *linkState) waiting(now time.Time) []string {
	begins := left(s.phase.Until.Sub(now))
	if s.phase.Check.After(now) {
		check := left(s.phase.Check.Sub(now))
		return []string{
			fmt.Sprintf("next check in %s, watching begins in %s", check, begins),
			fmt.Sprintf("check in %s, watch in %s", check, begins),
		}
	}
	return []string{"watching begins in " + begins}
}

// interrupted says for how long there has been no connection, and why.
func (s *linkState) interrupted(now time.Time) []string {
	w := s.active[warning.Outage]
	from := w.Start
	if w.Episodes > 1 {
		from = w.Since
	}
	since := "for " + lasted(now.Sub(from))
	if w.Cause == warning.NotKnown {
		return []string{since + ", reconnecting by itself", since}
	}
	return []string{since + " (" + string(w.Cause) + "), reconnecting by itself", since + " (" + string(w.Cause) + ")", since}
}

// withTimeLeft adds the time left in the exam to each form, and tries those without it
// last.
func (s *linkState) withTimeLeft(forms []string, now time.Time) (out []string) {
	exam := s.timeLeft(now, left)
	if exam == "" {
		return forms
	}
	for _, f := range forms {
		out = append(out, f+", "+exam)
	}
	return append(out, forms...)
}

// measured returns rates against the minimum, round trip and time left.
func (s *linkState) measured(now time.Time) []string {
	var long, short, brief, least []string
	problems := s.problems()
	if len(problems) > 0 {
		long = append(long, problems[0].Title())
	}
	minimum := map[wire.Direction]float64{wire.Down: float64(s.policy.Minimum.Download), wire.Up: float64(s.policy.Minimum.Upload)}
	var pairs, bare []string
	for _, d := range []struct {
		direction   wire.Direction
		name, brief string
	}{{wire.Down, "download", "down"}, {wire.Up, "upload", "up"}} {
		rate, known := s.rates[d.direction]
		if !known {
			continue
		}
		needs := mbit(minimum[d.direction])
		long = append(long, fmt.Sprintf("%s %s (minimum %s)", d.name, rate, needs))
		pairs = append(pairs, fmt.Sprintf("%s %s (min %s)", d.brief, briefRate(rate), needs))
		bare = append(bare, fmt.Sprintf("%s %s/%s", d.brief, briefRate(rate), needs))
	}
	if len(pairs) > 0 {
		short, brief = append(short, strings.Join(pairs, ", ")+" Mbit/s"), append(brief, strings.Join(bare, " "))
		least = append(least, brief...)
	}
	if s.roundTrip > 0 {
		trip := shortDelay(s.roundTrip)
		few := strings.Replace(trip, "under ", "<", 1)
		long, short, brief = append(long, "round trip "+trip), append(short, few), append(brief, few)
	}
	if exam := s.timeLeft(now, left); exam != "" {
		few := s.timeLeft(now, briefly)
		long, short, brief, least = append(long, exam), append(short, few), append(brief, few), append(least, few)
	}
	forms := []string{strings.Join(long, ", "), strings.Join(short, ", "), strings.Join(brief, ", "), strings.Join(least, ", ")}
	if len(problems) > 0 {
		name := problems[0].Title() + ", "
		forms = slices.Insert(forms, 1, name+forms[1], name+forms[2])
	}
	return forms
}

// timeLeft returns the time left in the exam, or before it; empty if it is not known.
func (s *linkState) timeLeft(now time.Time, words func(time.Duration) string) string {
	switch {
	case s.exam.IsZero() || s.phase.Phase == plan.Done || !now.Before(s.exam.End):
		return ""
	case now.Before(s.exam.Start):
		return "exam in " + words(s.exam.Start.Sub(now))
	}
	return words(s.exam.End.Sub(now)) + " left"
}

// shortDelay returns a delay in whole milliseconds.
func shortDelay(d time.Duration) string {
	if d < time.Millisecond {
		return "under 1 ms"
	}
	return verdict.Format(d.Round(time.Millisecond).Seconds(), "s")
}

// mbit returns a rate without its unit.
func mbit(bits float64) string { return strings.TrimSuffix(verdict.Format(bits, "bit/s"), " Mbit/s") }

// briefRate returns a rate without its unit; "+" follows a lower bound.
func briefRate(i probe.Interval) string {
	if i.Value != nil {
		return mbit(*i.Value)
	}
	return mbit(*i.Low) + "+"
}
