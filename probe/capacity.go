package probe

import (
	"context"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	climbFactor  = 2.5                    // from one bound to the next rate offered
	climbTime    = 200 * time.Millisecond // of an unfilled climbing train
	climbMargin  = 1.05                   // above the highest rate asked for, to pass it for sure
	refineFactor = 1.3                    // prime of a refining train over the rate read so far
	refineBucket = 300e3                  // bytes it may take to empty a token bucket of 64 kB
	refineHold   = 700 * time.Millisecond
	refineLeast  = 250 * time.Millisecond
	refineBytes  = 1.2e6 // above 14 Mbit/s the hold is as long as this lasts, but refineLeast
	refineMax    = 3 * time.Second
	refineCount  = 40 // packets a hold should have at least
	refineEnough = 0.004
	refineTrains = 3
)

// Capacity is the result of a capacity search: what is the rate?
type Capacity struct {
	Direction wire.Direction `json:"direction"`
	Rate      Interval       `json:"rate"` // IP-layer bit/s
	StdErr    float64        `json:"std_err"`
	Trains    int            `json:"trains"`
	Bytes     int64          `json:"bytes"`
	Duration  time.Duration  `json:"duration"`
	Why       string         `json:"why,omitempty"`
}

// searchCapacity climbs from what is known to a rate that fills the link, then
// refines around it. start is what the floor test found; budget the IP-layer
// bytes it may use; rates above ceiling are not looked for.
func (s *session) searchCapacity(ctx context.Context, d wire.Direction, start Floor, ceiling ippm.Rate, budget int64) (Capacity, error) {
	c := Capacity{Direction: d}
	began := s.o.Clock.Now()
	defer func() { c.Duration = s.o.Clock.Now() - began }()
	// bound is where the climb stands, proved what trains have shown: only the
	// second is ever reported.
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
	if g := s.welcome.Grant.TrainBitRate; g > 0 {
		ceiling = min(ceiling, ippm.Rate(g/climbMargin))
	}
	top := float64(ceiling) * climbMargin
	run := func(r wire.TrainRequest) (wire.TrainReport, bool, error) {
		if c.Bytes+r.PrimeBytes > budget {
			c.Why = "the byte budget is spent"
			return wire.TrainReport{}, false, nil
		}
		r.MaxBytes = min(r.MaxBytes, budget-c.Bytes)
		rep, _, err := s.runTrain(ctx, r)
		c.Trains++
		c.Bytes += rep.Bytes
		return rep, err == nil, err
	}
	for guess == 0 {
		rate := min(bound*climbFactor, top)
		bytes := max(int64(rate/8*climbTime.Seconds()), 60e3)
		rep, ok, err := run(wire.TrainRequest{
			Direction: d, PrimeRate: rate, PrimeBytes: bytes, MaxBytes: bytes * 2,
			HoldTime: holdTime, StopRise: primeRise,
		})
		if !ok {
			c.Rate.Low = proved
			return c, err
		}
		switch rep.Outcome {
		case string(ippm.OutcomeEstimate):
			guess = *rep.Rate
		case string(ippm.OutcomeBound):
			low := *rep.Low
			prove(rep.Low)
			if low < 0.9*rate && low < float64(ceiling) {
				// Less arrived than was sent and no queue stood: losses, or a
				// host too slow. What arrived is all that is known.
				c.Rate.Low = proved
				c.Why = "the link did not fill and not everything arrived"
				return c, nil
			}
			bound = low
			if bound >= float64(ceiling)*0.98 || rate >= top {
				c.Rate.Low = proved
				return c, nil
			}
		case string(ippm.OutcomeLossy):
			guess = rate / climbFactor * 1.2 // a short queue dropped the end: it is not much faster than before
		default:
			c.Rate.Low = proved
			c.Why = "too few packets arrived"
			return c, nil
		}
	}
	var sum estimates
	for sum.n < refineTrains && c.Trains < 2*refineTrains+8 {
		size := float64(s.o.TrainPacket + 28)
		hold := min(refineHold, max(refineLeast, time.Duration(refineBytes*8/guess*float64(time.Second))))
		hold = min(max(hold, time.Duration(refineCount*size*8/guess*float64(time.Second))), refineMax)
		prime := int64(guess/8*0.2 + refineBucket)
		rep, ok, err := run(wire.TrainRequest{
			Direction: d, PrimeRate: guess * refineFactor, PrimeBytes: prime, HoldTime: hold, StopRise: primeRise,
			MaxBytes: prime + int64(guess/8*hold.Seconds()*1.2) + 50e3,
		})
		if err != nil {
			return c, err
		}
		if !ok {
			break
		}
		switch rep.Outcome {
		case string(ippm.OutcomeEstimate):
			sum.add(*rep.Rate, rep.StdErr)
			guess = *rep.Rate
		case string(ippm.OutcomeBound):
			prove(rep.Low)
			guess = max(*rep.Low, guess) * refineFactor // it was faster than it looked
			if guess > top*refineFactor {
				c.Rate.Low = proved
				return c, nil
			}
		default:
			c.Why = "too few packets arrived"
		}
		if c.Why != "" {
			break
		}
		if sum.n > 0 {
			if _, stdErr := sum.interval(); stdErr <= refineEnough {
				break
			}
		}
	}
	if sum.n == 0 {
		if start.Rate.Value != nil {
			c.Rate, c.StdErr = start.Rate, start.StdErr
		} else {
			c.Rate.Low = proved
		}
		return c, nil
	}
	c.Rate, c.StdErr = sum.interval()
	c.Why = ""
	return c, nil
}
