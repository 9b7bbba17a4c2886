package ippm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// queue is a drop-tail queue behind a token bucket with a constant delay.
type queue struct {
	rate   float64 // bit/s
	bucket float64 // bytes
	limit  float64 // bytes of backlog
	delay  time.Duration
	free   float64 // seconds: when the server is next free
	tokens float64
	last   float64
}

// pass returns when a packet sent at s leaves, or false when it is dropped.
func (q *queue) pass(s float64, size int) (float64, bool) {
	q.tokens = min(q.bucket, q.tokens+(max(s, q.last)-q.last)*q.rate/8)
	q.last = max(s, q.last)
	start := max(s, q.free)
	if (start-s)*q.rate/8 > q.limit {
		return 0, false
	}
	if q.free <= s && q.tokens >= float64(size) {
		q.tokens -= float64(size)
		return s + q.delay.Seconds(), true
	}
	short := max(float64(size)-q.tokens, 0)
	q.tokens = max(q.tokens-float64(size), 0)
	q.free = start + short*8/q.rate
	q.last = max(q.last, q.free)
	return q.free + q.delay.Seconds(), true
}

// train sends prime bytes at fast, then holds at slow for hold seconds; the
// hold starts as soon as the delay has risen by 30 ms.
func train(q *queue, rng *rand.Rand, fast, slow, prime, hold float64, jitter, before, behind float64) []Arrival {
	const size = 1228
	var out []Arrival
	now, sent, rate, until := 0.0, 0.0, fast, math.Inf(1)
	for i := uint32(0); now < until; i++ {
		drop := rng.Float64() < before
		if !drop {
			at, ok := q.pass(now, size)
			if ok && rng.Float64() >= behind {
				got := at + rng.ExpFloat64()*jitter
				out = append(out, Arrival{Index: i, Sent: int64(now * 1e9), Received: int64(got*1e9) + 5e9, Size: size, Prime: rate == fast})
				if at-now-q.delay.Seconds() > 0.03 && rate == fast {
					rate, until = slow, now+hold
				}
			}
		}
		sent += size
		if sent >= prime && rate == fast {
			rate, until = slow, now+hold
		}
		now += size * 8 / rate
	}
	return out
}

func TestEstimateRateOverTokenBuckets(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, rate := range []float64{0.3e6, 0.5e6, 0.7e6, 0.75e6, 0.768e6, 0.8e6, 1e6, 1.5e6, 3e6} {
		for _, bucket := range []float64{0, 5e3, 16e3, 64e3} {
			q := &queue{rate: rate, bucket: bucket, tokens: bucket, limit: rate / 8 * 0.2, delay: 20 * time.Millisecond}
			est := EstimateRate(train(q, rng, 8*0.768e6, 0.768e6, 100e3, 0.5, 0, 0, 0), 0)
			if rate*bucket > 1e6*64e3 && est.Outcome == OutcomeBound {
				continue // the bucket outlasts the cap: only a bound can be known
			}
			if est.Outcome != OutcomeEstimate {
				t.Errorf("rate %.3f bucket %.0f: outcome %s", rate/1e6, bucket, est.Outcome)
				continue
			}
			if e := math.Abs(float64(est.Rate)/rate - 1); e > 0.005 {
				t.Errorf("rate %.3f bucket %.0f: estimate %v is %.2f %% off (busy %d)", rate/1e6, bucket, est.Rate, e*100, est.Busy)
			}
		}
	}
}

func TestEstimateRateUnderLoss(t *testing.T) {
	for _, c := range []struct {
		name           string
		before, behind float64
	}{{"before", 0.05, 0}, {"behind", 0, 0.05}, {"both", 0.02, 0.02}} {
		rng := rand.New(rand.NewPCG(9, 10))
		for _, rate := range []float64{0.5e6, 0.75e6, 0.8e6, 2e6} {
			q := &queue{rate: rate, limit: rate / 8, delay: 20 * time.Millisecond}
			est := EstimateRate(train(q, rng, 4*0.768e6, 0.768e6, 100e3, 1, 0, c.before, c.behind), 0)
			if e := math.Abs(float64(est.Rate)/rate - 1); est.Outcome != OutcomeEstimate || e > 0.01 {
				t.Errorf("loss %s, rate %.3f: %s %v, %.2f %% off: %+v", c.name, rate/1e6, est.Outcome, est.Rate, e*100, est)
			}
		}
	}
}

func TestEstimateRateCoversTruthUnderJitter(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	inside, n := 0, 0
	for range 60 {
		for _, rate := range []float64{0.6e6, 0.75e6, 0.9e6} {
			q := &queue{rate: rate, limit: rate / 8 * 0.3, delay: 20 * time.Millisecond}
			est := EstimateRate(train(q, rng, 8*0.768e6, 0.768e6, 100e3, 1, 0.008, 0, 0), 5*time.Millisecond)
			if est.Outcome != OutcomeEstimate {
				continue
			}
			n++
			if float64(est.Low) <= rate && rate <= float64(est.High) {
				inside++
			}
		}
	}
	if n < 150 || float64(inside)/float64(n) < 0.85 {
		t.Errorf("the 95 %% interval held the truth %d of %d times", inside, n)
	}
}

func TestEstimateRateBoundsAnUnfilledLink(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	q := &queue{rate: 100e6, limit: 1e6, delay: 20 * time.Millisecond}
	est := EstimateRate(train(q, rng, 8*0.768e6, 0.768e6, 100e3, 0, 0, 0, 0), 0)
	if est.Outcome != OutcomeBound || !math.IsInf(float64(est.High), 1) {
		t.Fatalf("outcome %s, high %v", est.Outcome, est.High)
	}
	if math.Abs(float64(est.Low)/(8*0.768e6)-1) > 0.01 {
		t.Errorf("bound %v, want about 6.14 Mbit/s", est.Low)
	}
}

func TestEstimateRateSaysWhenItCannotKnow(t *testing.T) {
	if est := EstimateRate(nil, 0); est.Outcome != OutcomeSparse {
		t.Errorf("nothing arrived, outcome %s", est.Outcome)
	}
	few := []Arrival{{Index: 0, Size: 1228}, {Index: 3, Received: 1e6, Size: 1228}}
	if est := EstimateRate(few, 0); est.Outcome != OutcomeSparse || est.Sent != 4 || est.Received != 2 {
		t.Errorf("two of four: %+v", est)
	}
}

func TestEstimateRateIgnoresDuplicatesAndOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	q := &queue{rate: 0.7e6, limit: 50e3, delay: 20 * time.Millisecond}
	as := train(q, rng, 8*0.768e6, 0.768e6, 100e3, 0.5, 0, 0, 0)
	want := EstimateRate(as, 0)
	mixed := append(append([]Arrival{}, as...), as[3:20]...)
	rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	if got := EstimateRate(mixed, 0); got != want {
		t.Errorf("shuffled with duplicates: %+v, want %+v", got, want)
	}
}

// A policer drops without delaying. Its drops prove no rate.
func TestEstimateRateIsNotFooledByAPolicer(t *testing.T) {
	for _, bucket := range []float64{2500, 4000, 16000} {
		for _, prime := range []float64{0.93e6, 1.15e6, 6.1e6} {
			const rate = 0.6e6
			tokens, last := bucket, 0.0
			var as []Arrival
			for i := range uint32(80) {
				now := float64(i) * 1228 * 8 / prime
				tokens = min(bucket, tokens+(now-last)*rate/8)
				last = now
				if tokens >= 1228 {
					tokens -= 1228
					as = append(as, Arrival{Index: i, Sent: int64(now * 1e9), Received: int64(now*1e9) + 1e9, Size: 1228, Prime: true})
				}
			}
			if est := EstimateRate(as, 0); est.Outcome == OutcomeBound && float64(est.Low) > 0.7*prime || est.Outcome == OutcomeBound && prime < 2e6 && est.Low > 0.76e6 {
				t.Errorf("policed to 0.6 Mbit/s with %v bytes of bucket, offered %v: %+v", bucket, prime, est)
			}
		}
	}
}

func TestExcess(t *testing.T) {
	at := func(ms int64, n int) (out []Arrival) {
		for range n {
			out = append(out, Arrival{Received: ms * 1e6, Size: 1000})
		}
		return out
	}
	burst := append(at(0, 10), append(at(100, 10), at(5000, 5)...)...)
	for rate, want := range map[Rate]int64{
		8e4: 19000, // 100 ms are 1,000 bytes
		8e6: 10000, // each burst by itself
		0:   25000,
	} {
		if got := Excess(burst, rate); got != want {
			t.Errorf("ahead of %v by %d bytes, want %d", rate, got, want)
		}
	}
	if Excess(nil, 1e6) != 0 {
		t.Error("nothing is ahead of something")
	}
}

// Packets held on the way and released together prove only that the link
// carried them.
func TestReleasedTogether(t *testing.T) {
	const size, gap = 1228, 400 * time.Microsecond // 24.6 Mbit/s
	var as []Arrival
	for i := range 200 {
		sent := time.Duration(i) * gap
		at := sent
		for _, stall := range []time.Duration{10 * time.Millisecond, 40 * time.Millisecond} {
			if end := stall + 15*time.Millisecond; sent >= stall && sent < end {
				at = end + (sent-stall)/200
			}
		}
		as = append(as, Arrival{Index: uint32(i), Sent: int64(sent), Received: int64(at + time.Hour), Size: size, Prime: true})
	}
	est := EstimateRate(as, 0)
	if est.Outcome != OutcomeBound || est.Low > 26e6 || est.Low < 20e6 {
		t.Errorf("%s, %.1f Mbit/s, at least %.1f; want a bound of about 24.6", est.Outcome, est.Rate/1e6, est.Low/1e6)
	}
}

// Packets that arrive as far apart as they were sent, a little late, show no rate:
// nothing but noise has delayed them.
func TestEstimateRateIsNotTheSendersPace(t *testing.T) {
	const size = 1228
	hold := Rate(0.384e6)
	for _, late := range []time.Duration{4 * time.Millisecond, 8 * time.Millisecond, 20 * time.Millisecond} {
		var as []Arrival
		var now time.Duration
		for i := range uint32(30) {
			a := Arrival{Index: i, Sent: int64(now), Received: int64(now) + 1e9, Size: size, Prime: i < 10}
			now += Rate(1.1e6).Time(size)
			if !a.Prime {
				a.Received += int64(late)
				now = time.Duration(a.Sent) + hold.Time(size)
			}
			as = append(as, a)
		}
		if est := EstimateRate(as, 100*time.Microsecond); est.Outcome != OutcomeBound || float64(est.Low) < 1e6 {
			t.Errorf("%v late: %s, %v from %v, want a bound near 1.1 Mbit/s", late, est.Outcome, est.Rate, est.Low)
		}
	}
}

// A path that holds packets and releases them together has no rate to read from a
// few releases.
func TestEstimateRateFromFewReleases(t *testing.T) {
	const size = 628
	releases := []int64{177, 265, 335, 367, 470}
	var as []Arrival
	for i := range uint32(26) {
		sent := int64(i) * 13
		k := slices.IndexFunc(releases, func(at int64) bool { return at > sent+100 })
		if k < 0 {
			break
		}
		as = append(as, Arrival{Index: i, Sent: sent * 1e6, Received: releases[k]*1e6 + 1e9, Size: size, Prime: i < 20})
	}
	as[0].Received = 1e9
	if est := EstimateRate(as, 50*time.Millisecond); est.Outcome == OutcomeEstimate {
		t.Errorf("%d releases read as %v: %+v", len(releases), est.Rate, est)
	}
}

// An interface counts packets before they are read. What is ahead only for a while
// belongs to no other program.
func TestReadingLagIsNoForeignTraffic(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	q := &queue{rate: 2e6, limit: 50e3, delay: 20 * time.Millisecond}
	as := train(q, rng, 8*0.768e6, 0.768e6, 100e3, 0.5, 0, 0, 0)
	want := EstimateRate(as, 0)
	for i := range as {
		if i%7 < 5 && i < len(as)-2 {
			as[i].Foreign += int64(1000 * (i % 7) * 3)
		}
	}
	if got := EstimateRate(as, 0); math.Abs(float64(got.Rate/want.Rate)-1) > 0.01 {
		t.Errorf("%v, want %v", got.Rate, want.Rate)
	}
}
