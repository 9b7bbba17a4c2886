package ratetest

import (
	"context"
	"math"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	climbFactor = 2.5                    // from one bound to the next offered rate, ...
	climbGentle = 1.5                    // ... and above fastRate, where overshooting costs megabytes
	climbTime   = 200 * time.Millisecond // of an unfilled climbing train
	climbFast   = 100 * time.Millisecond
	climbMargin = 1.05 // above the highest rate of interest, to be sure to pass it

	// Above quickRate a rise of quickRise is a queue of many packets, and above
	// fastRate shorter trains contain enough packets.
	quickRate = 10e6
	quickRise = 10 * time.Millisecond
	fastRate  = 30e6
	fastHold  = 60 * time.Millisecond

	refineFactor = 1.3   // prime of a refining train relative to the rate read so far
	refineFast   = 1.15  // the same above fastRate
	refineBucket = 300e3 // bytes it may take to empty a token bucket of 64 kB
	refineHold   = 700 * time.Millisecond
	refineLeast  = 250 * time.Millisecond
	refineBytes  = 1.2e6 // above 14 Mbit/s the hold is as long as this lasts, but at least refineLeast
	refineMax    = 2 * time.Second
	refinePrime  = 3 * time.Second // of a prime that meets no queue
	refineCount  = 40              // packets a hold should have at least
	refineEnough = 0.004
	refineTrains = 3
	// Two readings agree if they differ by less than agreeWithin or by less than
	// agreeErrors of their standard errors. A single reading is not reported.
	agreeWithin = 0.02
	agreeErrors = 4
	trainsMost  = 14 // of one search
	// afterLoss is the multiple of the target at which the search begins again when
	// most of a train was lost.
	afterLoss  = 2
	spoiltMost = 3 // trains spoilt by a host before the search gives up
)

// Capacity is the result of a capacity search: the link's rate.
type Capacity struct {
	Direction wire.Direction `json:"direction"`
	Rate      ippm.Interval  `json:"rate"` // IP-layer bit/s
	StdErr    float64        `json:"std_err"`
	Trains    int            `json:"trains"`
	Bytes     int64          `json:"bytes"`
	Duration  ippm.Seconds   `json:"duration_seconds"`
	Why       string         `json:"why,omitempty"`
}

// SearchCapacity climbs from the known rate to one that fills the link, then refines
// around it. start is the result of the floor test; budget limits the IP-layer
// bytes; rates above ceiling are not searched.
func SearchCapacity(ctx context.Context, s Runner, d wire.Direction, start Floor, ceiling ippm.Rate, budget int64) (c Capacity, err error) {
	c.Direction = d
	began := s.Now()
	defer func() { c.Duration = ippm.Seconds(s.Now() - began) }()
	// bound is the current position of the climb, proved the lower bound shown by
	// trains; only proved is reported.
	guess, bound := 0.0, start.Target
	proved := start.Rate.Low
	if start.Rate.Value != nil {
		guess, proved = *start.Rate.Value, nil
	} else if proved != nil {
		bound = max(*proved, bound/2)
	}
	prove := func(low *float64) {
		if low != nil && (proved == nil || *low > *proved) {
			proved = low
		}
	}
	if g := s.Grant().TrainBitRate; g > 0 {
		ceiling = min(ceiling, ippm.Rate(g/climbMargin))
	}
	top := float64(ceiling) * climbMargin
	run := func(r wire.TrainRequest) (wire.TrainReport, bool, error) {
		if c.Bytes+r.PrimeBytes > budget {
			c.Why = "the data budget is used up"
			return wire.TrainReport{}, false, nil
		}
		r.MaxBytes = min(r.MaxBytes, budget-c.Bytes)
		rep, _, err := s.RunTrain(ctx, r)
		c.Trains++
		c.Bytes += rep.Bytes
		return rep, err == nil, err
	}
	var seen readings
	spoilt := 0
	// odd records why a train gave no reading and reports whether to continue.
	odd := func(rep wire.TrainReport) (on bool) {
		c.Why = spoiltBy(d, rep)
		spoilt++
		return spoilt <= spoiltMost
	}
	unknown := func() (Capacity, error) {
		c.Rate.Low = proved
		return c, nil
	}
	for guess == 0 {
		r := climbTrain(d, min(bound*climbStep(bound), top))
		if r.PrimeRate >= top { // its bound is the result, and must hold behind a bucket
			r.PrimeBytes += refineBucket - primeBucket
			r.MaxBytes = 2 * r.PrimeBytes
		}
		rep, ok, err := run(r)
		if !ok {
			c.Rate.Low = proved
			return c, err
		}
		switch rep.Outcome {
		case string(ippm.OutcomeEstimate):
			guess = *rep.Rate
			seen.add(*rep.Rate, rep.StdErr)
		case string(ippm.OutcomeBound):
			low := *rep.Low
			prove(rep.Low)
			if low < 0.9*r.PrimeRate && low < float64(ceiling) {
				// Less arrived than was offered, without a queue: losses, or a slow
				// host. Only the rate that arrived is known.
				if odd(rep) {
					continue
				}
				return unknown()
			}
			bound = low
			if bound >= float64(ceiling)*0.98 || r.PrimeRate >= top {
				c.Why = ""
				return unknown()
			}
		case string(ippm.OutcomeLossy):
			guess = r.PrimeRate / climbStep(bound) * 1.2 // a short queue dropped the end: the rate is not much higher than before
		default:
			if !odd(rep) {
				return unknown()
			}
			if muchLost(rep) { // what passed before may have passed a bucket that is empty now
				guess, proved = start.Target*afterLoss, nil
			}
		}
	}
	if start.Rate.Value != nil {
		seen.add(*start.Rate.Value, start.StdErr)
	}
	for c.Trains < trainsMost && !seen.enough(guess) {
		rep, ok, err := run(refineTrain(d, guess, s.TrainPacket()))
		if err != nil {
			return c, err
		}
		if !ok {
			break
		}
		switch rep.Outcome {
		case string(ippm.OutcomeEstimate):
			seen.add(*rep.Rate, rep.StdErr)
			guess = *rep.Rate
		case string(ippm.OutcomeBound):
			prove(rep.Low)
			if *rep.Low < 0.9*guess { // less arrived than was offered, as in the climb
				if !odd(rep) {
					return unknown()
				}
				continue
			}
			guess = max(*rep.Low, guess) * refineFactor // it was faster than it seemed
			if guess > top*refineFactor {
				return unknown()
			}
		default:
			if muchLost(rep) {
				guess, proved = max(guess/2, start.Target), nil
			}
			if !odd(rep) {
				return unknown()
			}
		}
	}
	return seen.conclude(c, proved), nil
}

// readings holds the rates read by the trains of one search.
type readings struct{ list []reading }

type reading struct{ rate, stdErr float64 }

func (r *readings) add(rate, stdErr float64) {
	if rate > 0 && stdErr > 0 {
		r.list = append(r.list, reading{rate, stdErr})
	}
}

func (a reading) agrees(b reading) bool {
	apart := math.Abs(math.Log(a.rate / b.rate))
	return apart <= agreeWithin || apart <= agreeErrors*math.Hypot(a.stdErr, b.stdErr)
}

// agreed combines the largest group of readings that agree. Of two groups of equal
// size the later wins: it was read more closely.
func (r *readings) agreed() (sum ippm.Combined) {
	for _, middle := range r.list {
		var e ippm.Combined
		for _, x := range r.list {
			if middle.agrees(x) {
				e.Add(x.rate, x.stdErr)
			}
		}
		if e.Len() >= sum.Len() {
			sum = e
		}
	}
	return sum
}

// enough reports whether another train would add little: two readings agree and are
// exact enough, or there were many.
func (r *readings) enough(guess float64) bool {
	sum := r.agreed()
	if sum.Len() < 2 {
		return false
	}
	_, stdErr := sum.Interval()
	return stdErr <= refineEnough || len(r.list) > refineTrains
}

// conclude stores the result of the readings in c. proved is a lower bound that
// holds in any case.
func (r *readings) conclude(c Capacity, proved *float64) Capacity {
	sum := r.agreed()
	switch sum.Len() {
	case 0:
		c.Rate.Low = proved
	case 1:
		low, high := math.Inf(1), 0.0
		for _, x := range r.list {
			low, high = min(low, x.rate*(1-1.96*x.stdErr)), max(high, x.rate*(1+1.96*x.stdErr))
		}
		low = max(low, 0)
		c.Rate = ippm.Interval{Low: &low, High: &high}
		switch {
		case len(r.list) > 1:
			c.Why = "no two measurements agree; the link's rate varies, or a computer was busy"
		case c.Why == "":
			c.Why = "only one measurement succeeded"
		}
	default:
		c.Rate, c.StdErr = sum.Interval()
		c.Why = ""
	}
	return c
}
