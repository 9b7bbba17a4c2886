package watch

import (
	"examlink/probe/ippm"
	"examlink/probe/ratetest"
	"examlink/probe/verdict"
)

// jointMost is how many floor tests are combined. Chosen by us.
const jointMost = 6

// jointBound combines the latest floor tests of one direction at the target that
// did not fill the link, since the last one that did. On a noisy path a single test
// is inexact; the combination is not.
type jointBound struct{ tests []offer }

// offer is what one test offered and the link fully delivered: bit/s and relative
// standard error.
type offer struct{ rate, stdErr float64 }

// with adds a floor test and returns it with the joint lower bound, and its standard
// error, if that is higher. Steps of a climb ask for less than the target and restart
// the sum.
func (b *jointBound) with(f ratetest.Floor, climb bool) ratetest.Floor {
	rate := f.Offered()
	if climb || f.Rate.Value != nil {
		b.tests = nil
	}
	if climb || f.Rate.Value != nil || rate <= 0 || f.StdErr <= 0 {
		return f
	}
	b.tests = append(b.tests, offer{rate, f.StdErr})
	b.tests = b.tests[max(len(b.tests)-jointMost, 0):]
	var sum ippm.Combined
	for _, t := range b.tests {
		sum.Add(t.rate, t.stdErr)
	}
	joint, stdErr := sum.Interval()
	if *joint.Low <= *f.Rate.Low {
		return f
	}
	f.Rate.Low, f.StdErr = joint.Low, stdErr
	if bound := f.Target * (1 - verdict.Tolerance); f.Decision == ippm.Undecided && *joint.Low >= bound {
		f.Decision, f.Outcome, f.Why = ippm.Accept, ratetest.FloorMeets, ""
	}
	return f
}
