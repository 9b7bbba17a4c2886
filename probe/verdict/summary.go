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
	for _, r := range v.Reasons {
		switch {
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
