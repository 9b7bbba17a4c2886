package probe

import (
	"context"
	"math"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/train"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// Before an exam the prime runs at this multiple of the rate in question,
	// less on long paths, where feedback comes late.
	primeMultiple    = 8
	primeMultipleMin = 3
	primeRoundTrip   = 50 * time.Millisecond
	primeBucket      = 66e3 // a token bucket of this size is emptied, ...
	primeMargin      = 4e3  // ... and the delay then has this many bytes to rise, ...
	primeNoisy       = 8e3  // ... and more where it must stand out of noise
	noisyPath        = time.Millisecond
	primeShare       = 0.9 // of a bucket that arrivals must have been ahead by, to prove it empty: some get lost
	primeRise        = 30 * time.Millisecond

	// Beside other programs' traffic a train may bring the whole to this
	// multiple of the rate in question.
	besideMost  = 1.3
	besideLeast = 8 // packets of a prime beside it

	// In an exam a train may add examQueue of queueing on a link that just
	// meets the minimum, and slowQueue on one that does not, be it known or just
	// fallen to fallShare of the minimum. A train stops at examRise; what is on
	// its way by then adds the rest. Feedback takes a round trip, examReaction,
	// and as long as the packet that shows the rise waited and was served.
	examQueue       = 60 * time.Millisecond
	slowQueue       = 140 * time.Millisecond
	knownQueue      = 60 * time.Millisecond // on a link known to be slow, which is tested often
	fallShare       = 0.65
	examRise        = 15 * time.Millisecond
	examReaction    = 10 * time.Millisecond
	examService     = 20 * time.Millisecond
	examNoise       = 4 // on a slow link a rise is seen this many times the path's noise later
	examMultipleMin = 1.1
	examMultipleMax = 2
	examShare       = 0.7 // of what the schedule allows one test, for the prime

	// A glance is a train so short that a link at half the minimum still
	// queues it within the bounds above, and long enough to notice that.
	glanceMultiple = 1.5
	glancePackets  = 8
	// UDP payload of the packets of an exam's trains: at the lower rate a full
	// packet alone takes as long as all the queueing that is allowed.
	examDown = 1200
	examUp   = 600
	// examFirst is the share of the rate in question to hold at before the
	// receiver has read any: on a link that has just fallen the queue must not
	// go on growing until then.
	examFirst = 0.5

	// ipHeaders are the headers of a packet in the cheaper of the two IPs.
	ipHeaders = 28

	holdTime     = 250 * time.Millisecond
	holdPerNoise = 60 // noisy paths are held longer: this many times the noise
	maxHold      = time.Second

	// Sequential test: the indifference zone is 1.5 % to each side of the
	// bound less the tolerance, an error 1 in 500 at its edges.
	floorMargin = 0.015
	floorError  = 0.002
)

// Interval is a rate with its 95 % interval, in IP-layer bit/s. Value is nil
// when only a bound is known; High is nil when there is no upper end.
type Interval struct {
	Value *float64 `json:"value"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// Floor is the result of a floor test: is the rate at least the target?
type Floor struct {
	Direction wire.Direction `json:"direction"`
	Glance    bool           `json:"glance,omitempty"` // one very short train: it notices, and decides nothing
	Target    float64        `json:"target"`           // bit/s
	Decision  ippm.Decision  `json:"-"`
	Outcome   string         `json:"outcome"` // meets, below, inconclusive
	Rate      Interval       `json:"rate"`
	StdErr    float64        `json:"std_err"` // relative, of Rate.Value or, where there is none, of what Rate.Low is the lower end of
	Trains    int            `json:"trains"`
	Bytes     int64          `json:"bytes"` // IP layer, as received
	Duration  time.Duration  `json:"duration"`
	Rise      time.Duration  `json:"rise"` // highest delay above the lowest that a train saw
	// Excess is the most bytes by which a train that did not fill the link was
	// ahead of the target: a token bucket larger than that hides a lower rate.
	Excess int64  `json:"excess"`
	Why    string `json:"why,omitempty"`
}

// floorPlan is how a floor test is run.
type floorPlan struct {
	direction wire.Direction
	target    ippm.Rate
	inExam    bool
	glance    bool // in an exam: one very short train
	maxTrains int
	maxBytes  int64   // IP layer, of one train
	bucket    float64 // bytes of the largest token bucket to empty; 0: an ordinary one
	roundTrip time.Duration
	noise     time.Duration
	foreign   ippm.Rate // what other programs of this host move in the same direction
	known     ippm.Rate // what the last test read, if that was below the target
}

// deepest is the token bucket the plan's trains empty, in bytes.
func (p floorPlan) deepest() float64 { return max(p.bucket, primeBucket) }

// glanceBytes is what a glance costs at the IP layer.
func glanceBytes(d wire.Direction) int64 {
	if d == wire.Up {
		return glancePackets * (examUp + ipHeaders)
	}
	return glancePackets * (examDown + ipHeaders)
}

// multipleFor is the multiple of a rate to prime at, so that the queue of a link
// at a share of that rate does not grow above most.
func multipleFor(most time.Duration, share float64, roundTrip time.Duration) float64 {
	late := roundTrip + examReaction + examRise + examService
	m := share * (1 + float64(most-examRise)/float64(late))
	return min(max(m, examMultipleMin), examMultipleMax)
}

// examMultiple keeps to both bounds, on a link that just meets the minimum and
// on one that has just fallen.
func examMultiple(roundTrip time.Duration) float64 {
	return min(multipleFor(examQueue, 1, roundTrip), multipleFor(slowQueue, fallShare, roundTrip))
}

// request computes the train of a plan; it is plain arithmetic.
func (p floorPlan) request() wire.TrainRequest {
	r := p.alone()
	if p.foreign > 0 {
		// They load the link already: only what is missing is added.
		less := func(rate float64) float64 { return max(rate-float64(p.foreign), rate*leastShare) }
		r.PrimeRate = min(r.PrimeRate, float64(p.target)*besideMost)
		r.PrimeRate, r.HoldRate, r.HoldFirst = less(r.PrimeRate), less(r.HoldRate), less(r.HoldFirst)
		if over := r.PrimeRate + float64(p.foreign) - float64(p.target); p.inExam && over > 0 {
			// Their packets make the path noisy, and a rise is seen late.
			most := examQueue.Seconds() * float64(p.target) / over * r.PrimeRate / 8
			r.PrimeBytes = min(r.PrimeBytes, max(int64(most), besideLeast*int64(r.PacketSize+ipHeaders)))
		}
	}
	return r
}

// alone computes the train for a link that nothing else loads.
func (p floorPlan) alone() wire.TrainRequest {
	t := float64(p.target)
	r := wire.TrainRequest{
		Direction: p.direction, HoldRate: t, Target: t * (1 - verdict.Tolerance),
		HoldTime: min(holdTime+holdPerNoise*p.noise, maxHold),
	}
	if p.inExam {
		r.PacketSize = examDown
		if p.direction == wire.Up {
			r.PacketSize = examUp
		}
		r.HoldFirst = t * examFirst
	}
	if p.glance {
		r.PrimeRate, r.StopRise = t*glanceMultiple, train.MaxRise
		r.PrimeBytes = glancePackets * int64(r.PacketSize+ipHeaders)
		r.MaxBytes = r.PrimeBytes
		return r
	}
	if p.inExam {
		r.PrimeRate = t * examMultiple(p.roundTrip)
		if p.known > 0 {
			r.PrimeRate = float64(p.known) * multipleFor(knownQueue, 1, p.roundTrip+examNoise*p.noise)
			r.HoldRate = min(t, float64(p.known))
		}
		r.StopRise = examRise
		r.PrimeBytes = int64(float64(p.maxBytes) * examShare)
		r.MaxBytes = p.maxBytes
		return r
	}
	multiple := float64(primeMultiple)
	if p.roundTrip > primeRoundTrip {
		multiple = max(multiple*float64(primeRoundTrip)/float64(p.roundTrip), primeMultipleMin)
	}
	margin := p.deepest() - primeBucket + primeMargin
	if p.noise >= noisyPath {
		margin += primeNoisy
	}
	// The bucket fills up again meanwhile, at the rate in question.
	r.PrimeRate, r.StopRise, r.PrimeBytes = t*multiple, primeRise, int64(primeBucket/(1-1/multiple)+margin)
	r.MaxBytes = r.PrimeBytes + int64(t/8*r.HoldTime.Seconds()) + 40e3
	if p.maxBytes > 0 {
		r.MaxBytes = min(r.MaxBytes, p.maxBytes)
		r.PrimeBytes = min(r.PrimeBytes, r.MaxBytes)
	}
	return r
}

// runFloor runs trains until the target is decided or the plan is exhausted.
// An error means that the network let us measure nothing at all.
func (s *session) runFloor(ctx context.Context, p floorPlan) (Floor, error) {
	f := Floor{Direction: p.direction, Glance: p.glance, Target: float64(p.target), Outcome: "inconclusive"}
	bound := float64(p.target) * (1 - verdict.Tolerance)
	test := ippm.SPRT{Margin: floorMargin, Error: floorError}
	var sum estimates
	began := s.o.Clock.Now()
	for f.Trains < p.maxTrains && f.Decision == ippm.Undecided {
		rep, _, err := s.runTrain(ctx, p.request())
		f.Trains++
		f.Bytes += rep.Bytes
		f.Rise = max(f.Rise, rep.Rise)
		if err != nil {
			return f, err
		}
		switch rep.Outcome {
		case string(ippm.OutcomeEstimate):
			sum.add(*rep.Rate, rep.StdErr)
			test.Add(math.Log(*rep.Rate/bound), rep.StdErr)
			f.Rate, f.StdErr = sum.interval()
			f.Decision = test.Decision()
			f.Why = ""
		case string(ippm.OutcomeBound):
			if f.Rate.Value == nil && (f.Rate.Low == nil || *rep.Low > *f.Rate.Low) {
				f.Rate.Low, f.StdErr = rep.Low, rep.StdErr
			}
			f.Excess = max(f.Excess, rep.Excess)
			switch {
			case *rep.Low >= bound && (p.inExam || s.overTCP() && rep.Busy > 0 || float64(rep.Excess) >= primeShare*p.deepest()):
				f.Decision = ippm.Accept
			case *rep.Low < bound && rep.SenderUnsent == 0 && rep.SenderSkipped == 0:
				f.Why = "the test could not fill the link"
			default: // it arrived too slowly, or too little at a time
				f.Why = spoiltBy(p.direction, rep)
			}
		case string(ippm.OutcomeLossy):
			f.Why = "packets got lost before the link was seen to fill"
		default:
			f.Why = spoiltBy(p.direction, rep)
		}
	}
	f.Duration = s.o.Clock.Now() - began
	if s.overTCP() && f.Decision == ippm.Undecided {
		f.Why = whyRateHidden
	}
	switch f.Decision {
	case ippm.Accept:
		f.Outcome = "meets"
	case ippm.Reject:
		f.Outcome = "below"
	default:
		if f.Why == "" {
			f.Why = "the rate is too close to the bound to tell"
		}
	}
	return f, nil
}

// estimates combines estimates of one rate by the inverse of their variances.
type estimates struct {
	sum, weight float64
	n           int
}

func (e *estimates) add(rate, stdErr float64) {
	w := 1 / (stdErr * stdErr)
	e.sum += math.Log(rate) * w
	e.weight += w
	e.n++
}

func (e *estimates) interval() (Interval, float64) {
	rate, stdErr := math.Exp(e.sum/e.weight), 1/math.Sqrt(e.weight)
	low, high := rate*(1-1.96*stdErr), rate*(1+1.96*stdErr)
	return Interval{Value: &rate, Low: &low, High: &high}, stdErr
}
