package verdict

import (
	"fmt"
	"slices"
)

// Summary is a verdict without figures and words, as clients report it to the
// server after a check. The criteria in its lists are in the order of Criteria.
type Summary struct {
	Outcome Outcome     `json:"outcome"`
	Policy  string      `json:"policy"`
	Version string      `json:"policy_version"`
	Missed  []Criterion `json:"missed,omitempty"`  // the minimum was missed
	Unclear []Criterion `json:"unclear,omitempty"` // whether the minimum is met is unknown
	Below   []Criterion `json:"below,omitempty"`   // the minimum is met, the recommendation is not
}

// Summary returns the summary of a verdict.
func (v Verdict) Summary() Summary {
	s := Summary{Outcome: v.Outcome, Policy: v.Policy, Version: v.Version}
	known := slices.ContainsFunc(v.Reasons, func(r Reason) bool { return r.Criterion == RoundTripDelay && r.Value != nil })
	for _, r := range v.Reasons {
		switch {
		case known && split(r.Criterion, r): // counts for nothing, as in Judge
		case r.AgainstMin == Missed:
			s.Missed = append(s.Missed, r.Criterion)
		case r.AgainstMin == Unclear:
			s.Unclear = append(s.Unclear, r.Criterion)
		case r.AgainstRec == Missed || r.AgainstRec == Unclear:
			s.Below = append(s.Below, r.Criterion)
		}
	}
	return s
}

// Validate checks a summary from outside: it must not contain an unknown
// outcome or criterion, or one criterion twice.
func (s Summary) Validate() error {
	if !slices.Contains(Outcomes(), s.Outcome) {
		return fmt.Errorf("outcome %q, expected one of %q", s.Outcome, Outcomes())
	}
	seen := map[Criterion]bool{}
	for _, c := range slices.Concat(s.Missed, s.Unclear, s.Below) {
		if !slices.Contains(Criteria(), c) || seen[c] {
			return fmt.Errorf("criterion %q, expected each of %q once at most", c, Criteria())
		}
		seen[c] = true
	}
	return nil
}

// Outcomes lists every outcome, best first.
func Outcomes() []Outcome { return []Outcome{Ready, Marginal, NotReady, Inconclusive} }

// Criteria lists every criterion in report order.
func Criteria() []Criterion {
	list := []Criterion{UDP}
	for _, r := range rules() {
		list = append(list, r.criterion)
	}
	return list
}

// Statement is a verdict with its figures and without words, as clients report it to the
// server after a check.
type Statement struct {
	Summary
	Figures []Figure `json:"figures,omitempty"` // in the order of Criteria
}

// Figure is what was measured for one criterion, in its unit. What is not known is nil.
type Figure struct {
	Criterion Criterion `json:"criterion"`
	Value     *float64  `json:"value,omitempty"`
	Low       *float64  `json:"low,omitempty"`
	High      *float64  `json:"high,omitempty"`
	Unit      string    `json:"unit"`
}

// Statement returns the statement of a verdict.
func (v Verdict) Statement() Statement {
	s := Statement{Summary: v.Summary()}
	for _, r := range v.Reasons {
		if r.Value != nil || r.Low != nil || r.High != nil {
			s.Figures = append(s.Figures, Figure{r.Criterion, r.Value, r.Low, r.High, r.Unit})
		}
	}
	return s
}

// Validate checks a statement from outside: its summary, and that each figure is a
// number of a known criterion, once at most.
func (s Statement) Validate() error {
	if err := s.Summary.Validate(); err != nil {
		return err
	}
	seen := map[Criterion]bool{}
	for _, f := range s.Figures {
		if !slices.Contains(Criteria(), f.Criterion) || seen[f.Criterion] {
			return fmt.Errorf("figure of criterion %q, expected each of %q once at most", f.Criterion, Criteria())
		}
		if len(f.Unit) > maxUnit {
			return fmt.Errorf("unit %q, expected at most %d bytes", f.Unit, maxUnit)
		}
		seen[f.Criterion] = true
	}
	return nil
}

// maxUnit is the longest name of a unit. Chosen by us.
const maxUnit = 16
