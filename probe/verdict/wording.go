package verdict

import (
	"fmt"
	"slices"
	"strings"
)

// names are what reports call the criteria.
var names = map[Criterion]string{
	Download: "download", Upload: "upload",
	OneWayDelayDown: "delay, down", OneWayDelayUp: "delay, up", RoundTripDelay: "round trip",
	DelayVariationDown: "variation, down", DelayVariationUp: "variation, up",
	LoadedDelayDown: "load delay, down", LoadedDelayUp: "load delay, up",
	LossDown: "loss, down", LossUp: "loss, up", Outage: "longest gap", UDP: "UDP",
}

// Name returns what a report calls the criterion, in a word or two.
func (c Criterion) Name() string { return names[c] }

// WorstFirst returns the reasons, those that miss a minimum first, then what is
// unclear, then what is below the recommendation.
func WorstFirst(reasons []Reason) []Reason {
	rank := func(r Reason) int {
		switch {
		case r.AgainstMin == Missed:
			return 0
		case r.AgainstMin == Unclear:
			return 1
		case !r.Good():
			return 2
		}
		return 3
	}
	out := slices.Clone(reasons)
	slices.SortStableFunc(out, func(a, b Reason) int { return rank(a) - rank(b) })
	return out
}

// Good reports whether the criterion counts against the link in no way.
func (r Reason) Good() bool {
	against := func(s Status) bool { return s == Missed || s == Unclear }
	return !against(r.AgainstMin) && !against(r.AgainstRec)
}

// Standing returns the result for the criterion in words.
func (r Reason) Standing() string {
	limit := r.Unit != "bit/s"
	switch {
	case r.Criterion == UDP:
		return "only just"
	case r.AgainstMin == Hidden, r.AgainstRec == Hidden:
		return "not measured"
	case r.AgainstMin == Missed && limit:
		return "over the limit"
	case r.AgainstMin == Missed:
		return "below minimum"
	case r.AgainstMin == Unclear:
		return "unclear"
	case r.AgainstRec == Missed:
		return "only just"
	case r.AgainstRec == Unclear:
		return "meets minimum"
	}
	return "good"
}

// AlsoMissed names the missed minima besides the one of the sentence; empty: none.
func (v Verdict) AlsoMissed() string {
	var also []string
	for _, r := range v.Reasons {
		if r.AgainstMin == Missed {
			word := "the minimum is"
			if r.Unit != "bit/s" {
				word = "the limit is"
			}
			also = append(also, fmt.Sprintf("%s is %s (%s %s)", r.Criterion.Name(), FormatValue(r), word, Format(r.Minimum, r.Unit)))
		}
	}
	if len(also) < 2 {
		return ""
	}
	return "Also: " + strings.Join(also[1:], "; ") + "."
}
