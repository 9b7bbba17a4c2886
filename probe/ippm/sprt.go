package ippm

import "math"

// Decision is the state of a sequential test.
type Decision int

// The decisions of a sequential test.
const (
	Undecided Decision = iota
	Accept             // the quantity is at or above the bound
	Reject             // the quantity is below the bound
)

func (d Decision) String() string {
	switch d {
	case Accept:
		return "accept"
	case Reject:
		return "reject"
	}
	return "undecided"
}

// SPRT is Wald's sequential probability ratio test of a mean with known
// standard errors: is the relative distance from a bound above +Margin or below
// -Margin? Between the two, either answer is right. RFC 8337, section 6.2.1
// uses the same form for losses. Margin and Error must be set.
type SPRT struct {
	Margin float64 // half the width of the indifference zone, relative
	Error  float64 // probability of a wrong decision at the zone's edges
	llr    float64
	n      int
}

// Add adds one observation, ln(value/bound), with its standard error.
func (s *SPRT) Add(distance, stdErr float64) {
	s.llr += 2 * s.Margin * distance / (stdErr * stdErr)
	s.n++
}

// Observations returns the number of observations added.
func (s *SPRT) Observations() int { return s.n }

// Decision returns the decision so far.
func (s *SPRT) Decision() Decision {
	limit := math.Log((1 - s.Error) / s.Error)
	switch {
	case s.n == 0:
		return Undecided
	case s.llr >= limit:
		return Accept
	case s.llr <= -limit:
		return Reject
	}
	return Undecided
}

// LossSPRT is the sequential test of RFC 8337, section 6.2.1: does a packet
// stream lose at most P0, or at least P1? Losses are assumed to be independent.
type LossSPRT struct {
	P0, P1      float64 // loss ratios of the two hypotheses, P0 < P1
	Alpha, Beta float64 // error of the first and of the second kind
}

// Decide judges lost of sent packets. Accept means at most P0.
func (l LossSPRT) Decide(lost, sent uint64) Decision {
	k := math.Log(l.P1 * (1 - l.P0) / (l.P0 * (1 - l.P1)))
	h1 := math.Log((1-l.Alpha)/l.Beta) / k
	h2 := math.Log((1-l.Beta)/l.Alpha) / k
	s := math.Log((1-l.P0)/(1-l.P1)) / k
	switch n := float64(sent); {
	case float64(lost) <= -h1+s*n:
		return Accept
	case float64(lost) >= h2+s*n:
		return Reject
	}
	return Undecided
}
