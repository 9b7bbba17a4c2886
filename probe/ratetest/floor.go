package ratetest

import (
	"context"
	"math"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// Before an exam the prime runs at this multiple of the target, less on long
	// paths, where feedback arrives late.
	primeMultiple    = 8
	primeMultipleMin = 3
	DefaultRoundTrip = 50 * time.Millisecond
	primeBucket      = 66e3 // a token bucket of this size is emptied, ...
	primeMargin      = 4e3  // ... and the delay then has this many bytes to rise, ...
	primeNoisy       = 8e3  // ... and more if the rise must stand out from noise
	noisyPath        = time.Millisecond
	primeShare       = 0.9 // share of a bucket by which arrivals must have been ahead to prove it empty: some packets get lost
	primeRise        = 30 * time.Millisecond

	// Beside other programs' traffic a train may bring the total to this multiple of
	// the target.
	besideMost  = 1.3
	besideLeast = 8 // packets of a prime beside it
	// leastShare is the share of a train's rates that remains at least after other
	// programs' traffic is subtracted.
	leastShare = 0.3

	// In an exam a train may add examQueue of queueing on a link that just meets
	// the minimum, and slowQueue on one that does not, whether known or just fallen
	// to fallShare of the minimum. A train stops at examRise; packets in flight add
	// the rest. Feedback takes a round trip, examReaction, and the time that the
	// packet which shows the rise waited and was served.
	examQueue       = 60 * time.Millisecond
	slowQueue       = 140 * time.Millisecond
	knownQueue      = 60 * time.Millisecond // on a link known to be slow, which is tested often
	fallShare       = 0.65
	examRise        = 15 * time.Millisecond
	examReaction    = 10 * time.Millisecond
	examService     = 20 * time.Millisecond
	examNoise       = 4 // on a slow link a rise is detected later by this many times the path's noise
	examMultipleMin = 1.1
	examMultipleMax = 2
	examShare       = 0.7 // share of a test's allowance for the prime

	// A glance is a train short enough that a link at half the minimum queues it
	// within the bounds above, and long enough to detect that.
	glanceMultiple = 1.5
	glancePackets  = 8
	// UDP payload of the packets of an exam's trains: at the lower rate a full
	// packet alone takes as long as all the queueing that is allowed.
	examDown = 1200
	examUp   = 600
	// examFirst is the share of the target to hold at before the receiver has a
	// reading: on a link that has just fallen, the queue must not keep growing
	// until then.
	examFirst = 0.5

	// ipHeaders is the size of a packet's headers in the cheaper of the two IP versions.
	ipHeaders = 28

	// A train that lost more than lossyShare while the delay rose by less than
	// shortQueueMost packets' service times met a policer or a very short queue. The
	// next one is at policedMultiple times the target, for policedTime, unless
	// manyPoliced packets arrived.
	lossyShare      = 0.15
	shortQueueMost  = 1.5
	manyPoliced     = 40
	policedMultiple = 2
	policedTime     = 800 * time.Millisecond

	holdTime     = 250 * time.Millisecond
	holdPerNoise = 60 // noisy paths are held longer: by this many times the noise
	maxHold      = time.Second

	// Sequential test: the indifference zone is 1.5 % to each side of the bound
	// less the tolerance; the error is 1 in 500 at its edges.
	floorMargin = 0.015
	floorError  = 0.002
)

// FloorOutcome is the outcome of a floor test.
type FloorOutcome string

// The outcomes of a floor test.
const (
	FloorMeets        FloorOutcome = "meets" // at least the target
	FloorBelow        FloorOutcome = "below"
	FloorInconclusive FloorOutcome = "inconclusive" // Floor.Why gives the reason
)

// Floor is the result of a floor test: is the rate at least the target?
type Floor struct {
	Direction wire.Direction `json:"direction"`
	Glance    bool           `json:"glance,omitempty"` // one very short train: it detects a fall, but decides nothing
	Target    float64        `json:"target_bits_per_second"`
	Decision  ippm.Decision  `json:"-"`
	Outcome   FloorOutcome   `json:"outcome"`
	Rate      ippm.Interval  `json:"rate"`
	StdErr    float64        `json:"std_err"` // relative, of Rate.Value or, without one, of the rate whose lower end is Rate.Low
	Trains    int            `json:"trains"`
	Bytes     int64          `json:"bytes"` // IP layer, as received
	Duration  ippm.Seconds   `json:"duration_seconds"`
	Rise      ippm.Seconds   `json:"rise_seconds"` // largest delay above the lowest within a train
	// Excess is the most bytes by which a train that did not fill the link was ahead
	// of the target: a larger token bucket would hide a lower rate.
	Excess int64  `json:"excess"`
	Why    string `json:"why,omitempty"`
}

// Untested returns the result of a floor test that has not run.
func Untested(d wire.Direction, target ippm.Rate) Floor {
	return Floor{Direction: d, Target: float64(target), Outcome: FloorInconclusive}
}

// Offered returns the rate that a test offered and fully delivered without filling
// the link; Rate.Low is its lower end. 0 if not known.
func (f Floor) Offered() float64 {
	if spread := 1 - 1.96*f.StdErr; f.Rate.Low != nil && spread > 0 {
		return *f.Rate.Low / spread
	}
	return 0
}

// dropped reports whether a train lost much while hardly any queue grew: a policer,
// or a queue of a packet or so, dropped most of the prime. What little of it arrived
// shows no exact rate, and a hold fills neither evenly.
func dropped(rep wire.TrainReport) bool {
	if rep.Outcome == string(ippm.OutcomeLossy) {
		return true
	}
	if float64(rep.Sent-rep.Received) <= lossyShare*float64(rep.Sent) {
		return false
	}
	switch rep.Outcome {
	case string(ippm.OutcomeSparse):
		return rep.Received > 0 && 2*rep.Received < rep.Sent
	case string(ippm.OutcomeEstimate):
		service := ippm.Rate(*rep.Rate).Time(int(rep.Bytes / int64(rep.Received)))
		return float64(rep.Rise) < shortQueueMost*float64(service) && (rep.Busy < manyPoliced || rep.StdErr > 0.01)
	}
	return false
}

// RunFloor runs trains until the target is decided or the plan is exhausted. An error
// means that nothing could be measured.
func RunFloor(ctx context.Context, s Runner, p FloorPlan) (Floor, error) {
	f := Floor{Direction: p.Direction, Glance: p.Glance, Target: float64(p.Target), Outcome: FloorInconclusive}
	bound := float64(p.Target) * (1 - verdict.Tolerance)
	test := ippm.SPRT{Margin: floorMargin, Error: floorError}
	var sum ippm.Combined
	began := s.Now()
	for f.Trains < p.MaxTrains && f.Decision == ippm.Undecided {
		rep, _, err := s.RunTrain(ctx, p.request())
		if p.policed, p.wasPoliced = !p.InExam && !p.Glance && dropped(rep), p.policed; p.policed && !p.wasPoliced {
			f.Why = "packets were lost before the test filled the link"
			continue
		}
		f.Trains++
		f.Bytes += rep.Bytes
		f.Rise = max(f.Rise, ippm.Seconds(rep.Rise))
		if err != nil {
			return f, err
		}
		switch rep.Outcome {
		case string(ippm.OutcomeEstimate):
			sum.Add(*rep.Rate, rep.StdErr)
			test.Add(math.Log(*rep.Rate/bound), rep.StdErr)
			f.Rate, f.StdErr = sum.Interval()
			f.Decision = test.Decision()
			f.Why = ""
		case string(ippm.OutcomeBound):
			if f.Rate.Value == nil && (f.Rate.Low == nil || *rep.Low > *f.Rate.Low) {
				f.Rate.Low, f.StdErr = rep.Low, rep.StdErr
			}
			f.Excess = max(f.Excess, rep.Excess)
			switch {
			case *rep.Low >= bound && (p.InExam || p.wasPoliced || s.Traits().HidesLoss && rep.Busy > 0 || float64(rep.Excess) >= primeShare*p.deepest()):
				f.Decision = ippm.Accept
			case *rep.Low < bound && rep.SenderUnsent == 0 && rep.SenderSkipped == 0:
				f.Why = "the test could not fill the link"
			default: // it arrived too slowly, or too few bytes at a time
				f.Why = spoiltBy(p.Direction, rep)
			}
		case string(ippm.OutcomeLossy):
			f.Why = "packets were lost before the test filled the link"
		default:
			f.Why = spoiltBy(p.Direction, rep)
		}
	}
	f.Duration = ippm.Seconds(s.Now() - began)
	if s.Traits().HidesLoss && f.Decision == ippm.Undecided {
		f.Why = WhyRateHidden
	}
	switch f.Decision {
	case ippm.Accept:
		f.Outcome = FloorMeets
	case ippm.Reject:
		f.Outcome = FloorBelow
	default:
		if f.Why == "" {
			f.Why = "the rate is too close to the bound to tell"
		}
	}
	return f, nil
}
