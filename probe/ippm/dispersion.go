package ippm

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Chosen by us.
const (
	// busyMargin is how far one-way delay must stand above the train's lowest
	// before a packet counts as queued: above timer and scheduling noise, far
	// below the 30 ms that end a prime.
	busyMargin = 3 * time.Millisecond
	// busyNeighbours is how far the running minimum looks to each side on a
	// noisy path, so that a few late packets are not taken for a queue.
	busyNeighbours = 2
	// noisy is the delay variation above which a path counts as noisy.
	noisy = time.Millisecond
	// minBusy is the least number of queued packets a rate is fitted to.
	minBusy = 6
	// releasedAbove is how much faster than they were sent packets of a busy
	// period may arrive.
	releasedAbove = 1.25
	// minPace is the least number of gaps without a loss that tell one packet's
	// service time, if they agree.
	minPace = 3
	// ForeignShare is how much of a train's bytes other programs' traffic must
	// be to be counted in: a full packet's link header is 1.1 %.
	ForeignShare = 0.05
	// minStdErr is the smallest relative standard error ever claimed: clock
	// rate error and stamp granularity do not average out.
	minStdErr = 0.002
	// normal95 spans 95 % of a normal distribution to each side.
	normal95 = 1.96
	// lossyTail is how much more of a prime's end than of its beginning may be
	// lost before nothing can be said of a link that showed no queue.
	lossyTail = 0.1
	// decisiveFit is how much worse, in squared residuals, one account of the
	// losses must fit than the other to be ruled out.
	decisiveFit = 2
	// overflowing is the share of a prime's packets whose loss shows that the
	// queue was full, if minHold packets follow that can be fitted without it.
	overflowing = 0.15
	minHold     = 16
	// overflow is the share of losses that only a full queue explains: then
	// lost packets took none of the bottleneck's time.
	overflow = 0.25
	// overflowStdErr is the least relative standard error of a rate fitted so
	// to few packets: losses of another kind may hide among them.
	overflowStdErr = 0.05
)

// Arrival is one received packet of a train. Stamps are nanoseconds of the
// sender's and of the receiver's own monotonic clock; their offset is unknown.
type Arrival struct {
	Index    uint32
	Sent     int64
	Received int64
	Size     int   // bytes at the IP layer
	Prime    bool  // sent above the rate in question, to fill the bottleneck
	Held     bool  // may have left its host later than Sent: its delay is not known
	Other    int64 // IP-layer bytes of the same session's other packets that arrived earlier
	Foreign  int64 // bytes that other programs of the student's host had moved by then, as its interface counts them
}

func (a Arrival) delay() time.Duration { return time.Duration(a.Received - a.Sent) }

// Outcome says what an estimate of a train's rate is worth.
type Outcome string

// The outcomes.
const (
	// OutcomeEstimate: the train kept the bottleneck busy; Rate is its rate.
	OutcomeEstimate Outcome = "estimate"
	// OutcomeBound: the bottleneck never filled; its rate is at least Low.
	OutcomeBound Outcome = "bound"
	// OutcomeLossy: no queue was seen, but the end of the prime got lost, so a
	// full queue too short to be seen may have dropped it.
	OutcomeLossy Outcome = "lossy"
	// OutcomeHost: the sending host held packets up so often that no stretch
	// without such a packet is long enough to be fitted.
	OutcomeHost Outcome = "sender-held-up"
	// OutcomeSparse: too few packets arrived to say anything.
	OutcomeSparse Outcome = "too-few-packets"
)

// RateEstimate is what a train's arrivals say about the bottleneck.
type RateEstimate struct {
	Outcome  Outcome
	Rate     Rate          // fitted rate; meaningful for OutcomeEstimate only
	Low      Rate          // lower end of the 95 % interval, or the bound
	High     Rate          // upper end; +Inf for a bound
	StdErr   float64       // relative standard error of Rate, or of the bound
	Busy     int           // packets in the busy period
	Span     time.Duration // arrival time the busy period covers
	Rise     time.Duration // highest smoothed delay above the lowest
	Sent     int           // packets sent, as far as the highest index tells
	Received int
	Bytes    int64 // IP-layer bytes received
}

// EstimateRate fits the rate of the bottleneck to the arrivals of one train.
// Only the busy period counts: packets whose delay stands above the train's
// lowest by more than a margin, which grows with noise, the stream's own delay
// variation. Within it the arrival times are regressed on the bytes received
// and, as a second variable, on the packets lost, so that it does not matter
// whether losses happened before the bottleneck or behind it. Duplicates are
// ignored; the order of arrival does not matter.
func EstimateRate(arrivals []Arrival, noise time.Duration) RateEstimate {
	as := slices.Clone(arrivals)
	slices.SortStableFunc(as, func(a, b Arrival) int { return int(int64(a.Index) - int64(b.Index)) })
	as = slices.CompactFunc(as, func(a, b Arrival) bool { return a.Index == b.Index })
	countForeign(as)
	est := RateEstimate{Outcome: OutcomeSparse, High: Rate(math.Inf(1)), Received: len(as)}
	for _, a := range as {
		est.Bytes += int64(a.Size)
	}
	if len(as) > 0 {
		est.Sent = int(as[len(as)-1].Index) + 1
	}
	if len(as) < minBusy {
		return est
	}
	neighbours := 0
	if noise >= noisy {
		neighbours = busyNeighbours
	}
	rise := smoothedRise(as, neighbours)
	est.Rise = slices.Max(rise)
	margin := busyMargin + 2*noise
	from, to := longestRun(rise, margin)
	if cut(as, rise) {
		// While a host held its packet up the bottleneck may have run dry:
		// only what lies between two such packets is one busy period.
		was := to - from
		if from, to = longestRun(rise, margin); was >= minBusy && to-from < minBusy {
			est.Outcome = OutcomeHost
			return est
		}
	}
	if to-from >= minBusy {
		// A queue that the train itself made does not empty faster than the train
		// filled it: what comes faster was held up on the way, all together.
		if fit, ok := fitRate(as[from:to]); ok && float64(fit.rate) <= sentRate(as[from:to])*releasedAbove {
			est.Outcome = OutcomeEstimate
			est.Busy = to - from
			est.Span = time.Duration(as[to-1].Received - as[from].Received)
			est.Rate, est.StdErr = fit.rate, fit.stdErr
			est.Low = fit.rate * Rate(1-normal95*fit.stdErr)
			est.High = fit.rate * Rate(1+normal95*fit.stdErr)
			return est
		}
	}
	// Not filled: the link carried at least what arrived of the prime.
	prime := slices.DeleteFunc(as, func(a Arrival) bool { return !a.Prime })
	if len(prime) < minBusy {
		return est
	}
	if tailLoss(prime) > lossyTail {
		est.Outcome = OutcomeLossy
		return est
	}
	if fit, ok := fitReceived(prime); ok {
		est.Outcome = OutcomeBound
		est.StdErr = fit.stdErr
		est.Low = fit.rate * Rate(max(1-normal95*fit.stdErr, 0))
	}
	return est
}

// sentRate is the rate at which packets were sent, with what came in between, in
// bit/s; +Inf when they were sent all at once.
func sentRate(as []Arrival) float64 {
	first, last := as[0], as[len(as)-1]
	bytes := last.Other - first.Other - int64(first.Size)
	for _, a := range as {
		bytes += int64(a.Size)
	}
	if last.Sent <= first.Sent {
		return math.Inf(1)
	}
	// What was lost had been sent, too.
	lost := float64(int(last.Index-first.Index)+1-len(as)) * float64(first.Size)
	return (float64(bytes) + lost) * 8e9 / float64(last.Sent-first.Sent)
}

// countForeign adds other programs' traffic to what arrived, if it is more than
// the link's headers of our own packets, which an interface counts, too.
func countForeign(as []Arrival) {
	if len(as) == 0 {
		return
	}
	var bytes int64
	for _, a := range as {
		bytes += int64(a.Size)
	}
	first, last := as[0].Foreign, as[0].Foreign
	for _, a := range as {
		first, last = min(first, a.Foreign), max(last, a.Foreign)
	}
	if float64(last-first) < ForeignShare*float64(bytes) {
		return
	}
	for i := range as {
		as[i].Other += as[i].Foreign
	}
}

// Excess is the most by which a stretch of a train was ahead of a rate: bytes
// received in it, at the IP layer, less those that the rate would have brought
// in that time. A token bucket of more bytes than that could have carried the
// whole train over a link slower than the rate.
func Excess(arrivals []Arrival, rate Rate) (bytes int64) {
	as := slices.Clone(arrivals)
	slices.SortFunc(as, func(a, b Arrival) int { return cmp.Compare(a.Received, b.Received) })
	var ahead, most float64
	for i, a := range as {
		if i > 0 {
			ahead = max(ahead-rate.BytesPerSecond()*float64(a.Received-as[i-1].Received)/1e9, 0)
		}
		ahead += float64(a.Size)
		most = max(most, ahead)
	}
	return int64(most)
}

// tailLoss is how much larger the share of packets lost is in the last third
// of a train than in the rest.
func tailLoss(as []Arrival) float64 {
	loss := func(as []Arrival) float64 {
		return 1 - float64(len(as))/float64(as[len(as)-1].Index-as[0].Index+1)
	}
	cut := len(as) * 2 / 3
	return loss(as[cut:]) - loss(as[:cut])
}

// smoothedRise returns each packet's delay above the train's lowest, after a
// running minimum over its neighbours.
func smoothedRise(as []Arrival, neighbours int) []time.Duration {
	low := time.Duration(math.MaxInt64)
	for _, a := range as {
		low = min(low, a.delay())
	}
	out := make([]time.Duration, len(as))
	for i := range as {
		d := as[i].delay()
		for j := max(i-neighbours, 0); j <= min(i+neighbours, len(as)-1); j++ {
			d = min(d, as[j].delay())
		}
		out[i] = d - low
	}
	return out
}

// cut takes held packets out of the rise and says whether there were any.
func cut(as []Arrival, rise []time.Duration) (any bool) {
	for i, a := range as {
		if a.Held {
			rise[i], any = 0, true
		}
	}
	return any
}

// longestRun returns the bounds of the longest run of values above margin.
func longestRun(v []time.Duration, margin time.Duration) (from, to int) {
	for i := 0; i < len(v); {
		if v[i] <= margin {
			i++
			continue
		}
		j := i
		for j < len(v) && v[j] > margin {
			j++
		}
		if j-i > to-from {
			from, to = i, j
		}
		i = j
	}
	return from, to
}
