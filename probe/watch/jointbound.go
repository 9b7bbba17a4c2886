package watch

import (
	"examlink/probe/ippm"
	"examlink/probe/ratetest"
	"examlink/probe/verdict"
)

// jointMost is how many floor tests are combined. Chosen by us.
const jointMost = 6

// jointBound combines the floor tests of one direction at the target that did not
// fill the link, since the last one that did. On a noisy path a single test is
// inexact; the combination is not.
type jointBound struct{ sum ippm.Combined }

// with adds a floor test and returns it with the joint lower bound if that is
// higher. Steps of a climb ask for less than the target and restart the sum.
func (b *jointBound) with(f ratetest.Floor, climb bool) ratetest.Floor {
	rate := f.Offered()
	if climb || f.Rate.Value != nil || b.sum.Len() >= jointMost {
		b.sum = ippm.Combined{}
	}
	if climb || f.Rate.Value != nil || rate <= 0 || f.StdErr <= 0 {
		return f
	}
	b.sum.Add(rate, f.StdErr)
	joint, _ := b.sum.Interval()
	if *joint.Low <= *f.Rate.Low {
		return f
	}
	f.Rate.Low = joint.Low
	if bound := f.Target * (1 - verdict.Tolerance); f.Decision == ippm.Undecided && *joint.Low >= bound {
		f.Decision, f.Outcome, f.Why = ippm.Accept, ratetest.FloorMeets, ""
	}
	return f
}
