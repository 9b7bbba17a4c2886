package ippm

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Chosen by us.
const (
	// busyMargin is the one-way delay above the train's lowest from which a packet
	// counts as queued: above timer and scheduling noise, far below the 30 ms that
	// end a prime.
	busyMargin = 3 * time.Millisecond
	// busyNeighbours is the number of neighbours on each side that the running
	// minimum covers on a noisy path, so that a few late packets do not count as a
	// queue.
	busyNeighbours = 2
	// noisy is the delay variation above which a path counts as noisy.
	noisy = time.Millisecond
	// minBusy is the least number of queued packets for fitting a rate.
	minBusy = 6
	// releasedAbove is the highest ratio of arrival rate to sending rate in a busy
	// period.
	releasedAbove = 1.25
	// ownPace is the least share by which packets come further apart than they were
	// sent where the bottleneck set their spacing, and ownNoise how much further the
	// delay must have risen on a noisy path where they do not, in units of its delay
	// variation.
	ownPace  = 0.03
	ownNoise = 1
	// togetherShare is the share of a packet's service time within which two packets
	// arrive together, 1 in togetherShare: the bottleneck did not space them.
	togetherShare = 4
	// minPace is the least number of gaps without loss that determine one packet's
	// service time, if they agree.
	minPace = 3
	// ForeignShare is the least share of a train's bytes at which other programs'
	// traffic is counted: a full packet's link header is 1.1 %.
	ForeignShare = 0.05
	// minStdErr is the smallest relative standard error ever claimed: clock rate
	// error and timestamp granularity do not average out.
	minStdErr = 0.002
	// normal95 spans 95 % of a normal distribution to each side.
	normal95 = 1.96
	// lossyTail is the excess of the loss share at a prime's end over that at its
	// beginning above which a train without a queue proves nothing about the link.
	lossyTail = 0.1
	// Losses at a prime's very end are endMissing or more of its lastPackets.
	lastPackets = 8
	endMissing  = 3
	// decisiveFit is the ratio of squared residuals at which the worse of two
	// explanations of the losses is ruled out.
	decisiveFit = 2
	// overflowing is the share of a prime's packets whose loss shows that the
	// queue was full, if at least minHold fittable packets follow the prime.
	overflowing = 0.15
	minHold     = 16
	// overflow is the share of losses that only a full queue explains: lost
	// packets then took none of the bottleneck's time.
	overflow = 0.25
	// overflowStdErr is the least relative standard error of a rate fitted to so
	// few packets, because losses of another kind may hide among them.
	overflowStdErr = 0.05
)

// Arrival is one received packet of a train. Timestamps are nanoseconds of the
// sender's and the receiver's own monotonic clocks; their offset is unknown.
type Arrival struct {
	Index    uint32
	Sent     int64
	Received int64
	Size     int   // bytes at the IP layer
	Prime    bool  // sent above the rate in question, to fill the bottleneck
	Held     bool  // may have left its host later than Sent: its delay is unknown
	Other    int64 // IP-layer bytes of the same session's other packets that arrived earlier
	Foreign  int64 // bytes of other programs on the student's host until then, from its interface counters
}

func (a Arrival) delay() time.Duration { return time.Duration(a.Received - a.Sent) }

// Outcome grades an estimate of a train's rate.
type Outcome string

// The outcomes.
const (
	// OutcomeEstimate: the train kept the bottleneck busy, or exceeded a policer;
	// Rate is its rate.
	OutcomeEstimate Outcome = "estimate"
	// OutcomeBound: the bottleneck never filled; its rate is at least Low.
	OutcomeBound Outcome = "bound"
	// OutcomeLossy: no queue was seen, but the end of the prime was lost, possibly
	// in a full queue too short to be seen.
	OutcomeLossy Outcome = "lossy"
	// OutcomeHost: the sending host held packets so often that no stretch between
	// them is long enough to be fitted.
	OutcomeHost Outcome = "sender-held-up"
	// OutcomeSparse: too few packets arrived for an estimate.
	OutcomeSparse Outcome = "too-few-packets"
)

// RateEstimate is an estimate of the bottleneck's rate from a train's arrivals.
type RateEstimate struct {
	Outcome  Outcome
	Rate     Rate          // fitted rate; meaningful for OutcomeEstimate only
	Low      Rate          // lower end of the 95 % interval, or the bound
	High     Rate          // upper end; +Inf for a bound
	StdErr   float64       // relative standard error of Rate, or of the bound
	Busy     int           // packets in the busy period
	Span     time.Duration // arrival time the busy period covers
	Rise     time.Duration // highest smoothed delay above the lowest
	Sent     int           // packets sent, up to the highest index seen
	Received int
	Bytes    int64 // IP-layer bytes received
}

// EstimateRate fits the rate of the bottleneck to the arrivals of one train. It
// uses only the busy period: packets whose delay exceeds the train's lowest by
// more than a margin, which grows with noise, the stream's own delay variation.
// Within it, arrival times are regressed on the bytes received and, as a second
// variable, on the packets lost, so that losses may occur before or behind the
// bottleneck. Duplicates are ignored; the order of arrivals does not matter.
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
		// While a host held its packet, the bottleneck may have run dry: a busy
		// period lies between two such packets.
		was := to - from
		if from, to = longestRun(rise, margin); was >= minBusy && to-from < minBusy {
			est.Outcome = OutcomeHost
			return est
		}
	}
	if to-from >= minBusy {
		// A queue built by the train does not drain faster than the train filled it:
		// packets that arrive faster were held on the way and released together.
		fit, ok := fitRate(as[from:to])
		if ok && float64(fit.rate) <= sentRate(as[from:to])*releasedAbove && bottleneckPaced(as[from:to], rise[from:to], fit, noise) {
			return est.fitted(fit, as[from:to])
		}
	}
	// Not filled: the link carried at least the arrived part of the prime.
	prime := primeOf(as)
	if len(prime) < minBusy {
		return est
	}
	if fit, n, ok := fitPoliced(prime); ok && est.Rise <= margin+fit.rate.Time(prime[0].Size) { // else a queue dropped them
		return est.fitted(fit, prime[len(prime)-n:])
	}
	if tailLoss(prime) > lossyTail || endLost(as, len(prime)) {
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

// fitted returns the estimate with a rate fitted to some of the arrivals.
func (e RateEstimate) fitted(fit rateFit, as []Arrival) RateEstimate {
	e.Outcome, e.Busy = OutcomeEstimate, len(as)
	e.Span = time.Duration(as[len(as)-1].Received - as[0].Received)
	e.Rate, e.StdErr = fit.rate, fit.stdErr
	e.Low, e.High = fit.rate*Rate(1-normal95*fit.stdErr), fit.rate*Rate(1+normal95*fit.stdErr)
	return e
}

// countForeign adds other programs' traffic to the arrivals, if it exceeds the
// link headers of our own packets, which interface counters include.
func countForeign(as []Arrival) {
	if len(as) == 0 {
		return
	}
	var bytes int64
	for _, a := range as {
		bytes += int64(a.Size)
	}
	// The counters run ahead while our own packets wait to be read: the least later
	// count is the closest.
	for i := len(as) - 2; i >= 0; i-- {
		as[i].Foreign = min(as[i].Foreign, as[i+1].Foreign)
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

// Excess returns the most bytes by which a part of a train was ahead of a rate:
// IP-layer bytes received in it, minus those that the rate allows in that time.
// A token bucket larger than that could have carried the whole train over a
// link slower than the rate.
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

// cut removes held packets from the rise and reports whether there were any.
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
