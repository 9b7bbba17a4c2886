package probe

import (
	"fmt"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/verdict"
)

// Chosen by us.
const (
	// A stream that carries less than streamShare of a rate, and less than
	// streamAmple times the recommended one, contradicts it.
	streamShare = 0.5
	streamAmple = 1.5
)

// way is what a check has found of one direction.
type way struct {
	floorStep   int // of the plan
	step        int // of the search, and of a repeated test
	floor       *ratetest.Floor
	capacity    *ratetest.Capacity
	goodput     *ratetest.Goodput
	loaded      *monitor.Loaded
	recommended ippm.Rate
	load        ratetest.Load
	loading     *monitor.Window // of the monitor stream, during load
}

// hiddenByBucket reports whether the floor test passed although the link's rate is
// below its target: a token bucket is larger than that test emptied.
func (x *way) hiddenByBucket() bool {
	return x.floor.Decision == ippm.Accept && x.floor.Rate.Value == nil &&
		x.capacity.Rate.High != nil && *x.capacity.Rate.High < x.floor.Target*(1-verdict.Tolerance)
}

// unfilled reports whether no test has filled the link, although a stream followed.
func (x *way) unfilled() bool {
	return x.capacity.Rate.Value == nil && x.floor.Rate.Value == nil && x.floor.Decision == ippm.Accept && x.goodput.Value != nil
}

// contradicted reports whether the stream carried so little that the rate, or its
// bound, is in doubt: a token bucket larger than all tests emptied, or losses that
// slow the stream down.
func (x *way) contradicted() bool {
	rate := x.capacity.Rate.Low
	return x.goodput.Value != nil && rate != nil && *x.goodput.Value < streamShare**rate &&
		*x.goodput.Value < streamAmple*float64(x.recommended)
}

// repeated takes the result of a repeated floor test.
func (x *way) repeated(f ratetest.Floor) {
	was := *x.floor
	f.Excess, f.Bytes = max(was.Excess, f.Excess), f.Bytes+was.Bytes
	f.Trains, f.Duration = f.Trains+was.Trains, f.Duration+was.Duration
	if f.Rate.Value == nil {
		return // it showed no rate behind the bucket
	}
	why := fmt.Sprintf("after a burst of more than %d kB the link falls to this rate", was.Excess/1000)
	if f.Decision == ippm.Reject {
		f.Why = why
	}
	if c := x.capacity; c.Rate.Low != nil && *c.Rate.Low > *f.Rate.High {
		c.Rate, c.StdErr, c.Why = f.Rate, f.StdErr, why
	}
	*x.floor = f
}

// unproved withdraws a bound that is in doubt and cannot be tested again.
func (x *way) unproved() {
	const why = "a stream carried much less than the tests, and the data budget is used up"
	x.floor.Decision, x.floor.Outcome, x.floor.Rate, x.floor.Why = ippm.Undecided, ratetest.FloorInconclusive, ippm.Interval{}, why
	x.capacity.Rate, x.capacity.Why = ippm.Interval{}, why
}

// drained returns how long the buffers that loads have filled take to empty.
func drained(ways []*way) (d time.Duration) {
	for _, x := range ways {
		if rise := x.load.Rise; rise != nil {
			d = max(d, time.Duration(*rise*float64(time.Second)))
		}
	}
	return d
}

// compare says so if the stream still contradicts the rate.
func (x *way) compare() {
	if x.contradicted() {
		x.goodput.Why = "much less than the link carries; losses or a long delay slow a stream down"
	}
}
