package history

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"examlink/probe/ippm"
)

// Part is a part of the day, by this computer's clock.
type Part string

// The parts of a day.
const (
	Night     Part = "night"     // 0:00 to 6:00
	Morning   Part = "morning"   // 6:00 to 12:00
	Afternoon Part = "afternoon" // 12:00 to 18:00
	Evening   Part = "evening"   // 18:00 to 24:00
)

var parts = []Part{Night, Morning, Afternoon, Evening}

// What a statement about a time of day requires. Chosen by us.
const (
	// leastDays is on how many days the checks of each side were made: one bad
	// evening is not a habit.
	leastDays = 3
	// leastScore is the standard score from which two sides differ. Eight comparisons
	// (four parts, two directions) are made, one or the other of which chance alone
	// then passes in 1 of 13 histories. Five checks of each side just reach it.
	leastScore = 2.6
)

// Finding says that a direction is slower or faster at one part of the day than at
// other times.
type Finding struct {
	Part      Part          `json:"part_of_day"`
	Direction string        `json:"direction"` // download, upload
	Worse     bool          `json:"worse"`     // else better
	Checks    int           `json:"checks"`    // in this part of the day
	Others    int           `json:"other_checks"`
	Rate      ippm.Interval `json:"rate"` // median of these checks
	OtherRate ippm.Interval `json:"other_rate"`
	Sentence  string        `json:"sentence"`
}

// TimesOfDay compares each part of the day with the others, in a zone, and returns
// what differs by more than chance explains. Only checks with the server and by the
// transport of the last one are compared; the count of those is returned, too. Rates
// of which bounds are known count as different only if their intervals are apart.
func TimesOfDay(all []Check, zone *time.Location) (findings []Finding, compared int) {
	findings = []Finding{}
	if len(all) == 0 {
		return findings, 0
	}
	last := all[len(all)-1]
	all = slices.DeleteFunc(slices.Clone(all), func(c Check) bool { return c.Server != last.Server || c.Transport != last.Transport })
	for _, direction := range []string{"download", "upload"} {
		for _, p := range parts {
			var in, out side
			for _, c := range all {
				rate := c.Download.Interval
				if direction == "upload" {
					rate = c.Upload.Interval
				}
				if rate.Value == nil && rate.Low == nil {
					continue
				}
				if at := c.At.In(zone); parts[at.Hour()/6] == p {
					in.add(at, rate)
				} else {
					out.add(at, rate)
				}
			}
			if f, ok := compare(in, out); ok {
				f.Part, f.Direction = p, direction
				f.Sentence = f.sentence()
				findings = append(findings, f)
			}
		}
	}
	return findings, len(all)
}

// side is the checks of one side of a comparison.
type side struct {
	rates []ippm.Interval
	days  map[string]bool
}

func (s *side) add(at time.Time, rate ippm.Interval) {
	if s.days == nil {
		s.days = map[string]bool{}
	}
	s.rates, s.days[at.Format(time.DateOnly)] = append(s.rates, rate), true
}

// compare makes a rank test (Mann and Whitney 1947) of two sides, in which intervals
// that overlap are ties. The score leaves the ties out of the variance, which makes it
// smaller than it is: a difference is missed rather than made up.
func compare(in, out side) (f Finding, differ bool) {
	n, m := float64(len(in.rates)), float64(len(out.rates))
	if len(in.days) < leastDays || len(out.days) < leastDays {
		return f, false
	}
	sum := 0.0
	for _, a := range in.rates {
		for _, b := range out.rates {
			switch {
			case upper(a) < lower(b):
				sum--
			case lower(a) > upper(b):
				sum++
			}
		}
	}
	score := sum / math.Sqrt(n*m*(n+m+1)/3)
	return Finding{
		Worse: sum < 0, Checks: len(in.rates), Others: len(out.rates), Rate: middle(in.rates), OtherRate: middle(out.rates),
	}, math.Abs(score) >= leastScore
}

// lower and upper are the ends of a rate.
func lower(i ippm.Interval) float64 {
	if i.Low != nil {
		return *i.Low
	}
	return *i.Value
}

func upper(i ippm.Interval) float64 {
	switch {
	case i.High != nil:
		return *i.High
	case i.Value != nil:
		return *i.Value
	}
	return math.Inf(1)
}

// middle returns the median rate, the lower one of two.
func middle(rates []ippm.Interval) ippm.Interval {
	known := func(i ippm.Interval) float64 {
		if i.Value != nil {
			return *i.Value
		}
		return *i.Low
	}
	sorted := slices.SortedFunc(slices.Values(rates), func(a, b ippm.Interval) int {
		if known(a) < known(b) {
			return -1
		}
		return 1
	})
	return sorted[(len(sorted)-1)/2]
}

// sentence says a finding in words, with the number of checks it rests on.
func (f *Finding) sentence() string {
	word := "better"
	if f.Worse {
		word = "worse"
	}
	name := string(f.Part) + "s"
	return fmt.Sprintf("%s are %s for your %s: the median of %d checks is %s, that of %d checks at other times %s.",
		strings.ToUpper(name[:1])+name[1:], word, f.Direction, f.Checks, f.Rate, f.Others, f.OtherRate)
}
