package ratetest

import (
	"time"

	"examlink/probe/ippm"
	"examlink/probe/train"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// FloorPlan configures a floor test.
type FloorPlan struct {
	Direction wire.Direction
	Target    ippm.Rate
	InExam    bool
	Glance    bool // in an exam: one very short train
	MaxTrains int
	MaxBytes  int64   // IP layer, of one train
	Bucket    float64 // bytes of the largest token bucket to empty; 0: an ordinary one
	RoundTrip time.Duration
	Noise     time.Duration
	Foreign   ippm.Rate // traffic of this host's other programs in the same direction
	Known     ippm.Rate // reading of the last test, if it was below the target

	// policed is set when a train met a policer: the next one is made for it.
	policed, wasPoliced bool
}

// deepest returns the token bucket that the plan's trains empty, in bytes.
func (p FloorPlan) deepest() float64 { return max(p.Bucket, primeBucket) }

// GlanceBytes returns the cost of a glance at the IP layer.
func GlanceBytes(d wire.Direction) int64 {
	if d == wire.Up {
		return glancePackets * (examUp + ipHeaders)
	}
	return glancePackets * (examDown + ipHeaders)
}

// multipleFor returns the multiple of a rate to prime at, such that the queue of a
// link at share of that rate stays below most.
func multipleFor(most time.Duration, share float64, roundTrip time.Duration) float64 {
	late := roundTrip + examReaction + examRise + examService
	m := share * (1 + float64(most-examRise)/float64(late))
	return min(max(m, examMultipleMin), examMultipleMax)
}

// examMultiple respects both bounds: on a link that just meets the minimum and on
// one that has just fallen.
func examMultiple(roundTrip time.Duration) float64 {
	return min(multipleFor(examQueue, 1, roundTrip), multipleFor(slowQueue, fallShare, roundTrip))
}

// request computes the train of a plan; it is plain arithmetic.
func (p FloorPlan) request() wire.TrainRequest {
	r := p.alone()
	if p.Foreign > 0 {
		// Other programs already load the link: only the difference is added.
		less := func(rate float64) float64 { return max(rate-float64(p.Foreign), rate*leastShare) }
		r.PrimeRate = min(r.PrimeRate, float64(p.Target)*besideMost)
		r.PrimeRate, r.HoldRate, r.HoldFirst = less(r.PrimeRate), less(r.HoldRate), less(r.HoldFirst)
		if over := r.PrimeRate + float64(p.Foreign) - float64(p.Target); p.InExam && over > 0 {
			// Their packets make the path noisy, so a rise is detected late.
			most := examQueue.Seconds() * float64(p.Target) / over * r.PrimeRate / 8
			r.PrimeBytes = min(r.PrimeBytes, max(int64(most), besideLeast*int64(r.PacketSize+ipHeaders)))
		}
	}
	return r
}

// alone computes the train for an otherwise idle link.
func (p FloorPlan) alone() wire.TrainRequest {
	t := float64(p.Target)
	r := wire.TrainRequest{
		Direction: p.Direction, HoldRate: t, Target: t * (1 - verdict.Tolerance),
		HoldTime: min(holdTime+holdPerNoise*p.Noise, maxHold),
	}
	if p.InExam {
		r.PacketSize = examDown
		if p.Direction == wire.Up {
			r.PacketSize = examUp
		}
		r.HoldFirst = t * examFirst
	}
	if p.Glance {
		r.PrimeRate, r.StopRise = t*glanceMultiple, train.MaxRise
		r.PrimeBytes = glancePackets * int64(r.PacketSize+ipHeaders)
		r.MaxBytes = r.PrimeBytes
		return r
	}
	if p.policed && !p.InExam {
		// Slow enough that a policer at the target passes half of it, long enough to
		// empty what has run into its bucket since.
		r.PrimeRate, r.HoldRate, r.StopRise = t*policedMultiple, 0, train.MaxRise
		r.PrimeBytes = int64(r.PrimeRate / 8 * policedTime.Seconds())
		r.MaxBytes = r.PrimeBytes + int64(r.PacketSize+ipHeaders)
		return r
	}
	if p.InExam {
		r.PrimeRate = t * examMultiple(p.RoundTrip)
		if p.Known > 0 {
			r.PrimeRate = float64(p.Known) * multipleFor(knownQueue, 1, p.RoundTrip+examNoise*p.Noise)
			r.HoldRate = min(t, float64(p.Known))
		}
		r.StopRise = examRise
		r.PrimeBytes = int64(float64(p.MaxBytes) * examShare)
		r.MaxBytes = p.MaxBytes
		return r
	}
	multiple := float64(primeMultiple)
	if p.RoundTrip > DefaultRoundTrip {
		multiple = max(multiple*float64(DefaultRoundTrip)/float64(p.RoundTrip), primeMultipleMin)
	}
	margin := p.deepest() - primeBucket + primeMargin
	if p.Noise >= noisyPath {
		margin += primeNoisy
	}
	// The bucket refills meanwhile at the target rate.
	r.PrimeRate, r.StopRise, r.PrimeBytes = t*multiple, primeRise, int64(primeBucket/(1-1/multiple)+margin)
	r.MaxBytes = r.PrimeBytes + int64(t/8*r.HoldTime.Seconds()) + 40e3
	if p.MaxBytes > 0 {
		r.MaxBytes = min(r.MaxBytes, p.MaxBytes)
		r.PrimeBytes = min(r.PrimeBytes, r.MaxBytes)
	}
	return r
}
