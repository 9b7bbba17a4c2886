package ippm

import (
	"math"
	"slices"
	"time"
)

// bottleneckPaced reports whether the bottleneck set the spacing of a busy period,
// and not the sender or a link that releases packets together. Its packets came
// clearly further apart than they were sent, or one of them found a whole packet
// before it in the queue, which noise alone does not explain; and they came at
// enough different moments, at most half of them together with others. Otherwise the
// fitted rate may be the sender's own.
func bottleneckPaced(as []Arrival, rise []time.Duration, fit rateFit, noise time.Duration) bool {
	n := len(as)
	bytes := as[n-1].Other - as[0].Other
	for _, a := range as {
		bytes += int64(a.Size)
	}
	service := fit.rate.Time(int(bytes) / n)
	if moments(as, service/togetherShare) < max(minBusy, n/2) {
		return false
	}
	if float64(fit.rate)*(1+max(normal95*fit.stdErr, ownPace)) < sentRate(as) {
		return true
	}
	return slices.Max(rise) >= service+ownNoise*max(noise, jitter(as))
}

// moments counts the arrivals that are more than apart after the one before.
func moments(as []Arrival, apart time.Duration) int {
	n := 1
	for i := 1; i < len(as); i++ {
		if time.Duration(as[i].Received-as[i-1].Received) > apart {
			n++
		}
	}
	return n
}

// jitter returns the delay variation of packets that were sent one after the other:
// the median of |IPDV| about the typical change of delay, which a growing queue has.
func jitter(as []Arrival) time.Duration {
	var steps []time.Duration
	for i := 1; i < len(as); i++ {
		if as[i].Index == as[i-1].Index+1 {
			steps = append(steps, as[i].delay()-as[i-1].delay())
		}
	}
	if len(steps) < minPace {
		return 0
	}
	slices.Sort(steps)
	typical := steps[len(steps)/2]
	for i := range steps {
		steps[i] = (steps[i] - typical).Abs()
	}
	slices.Sort(steps)
	return steps[len(steps)/2]
}

// sentRate returns the rate at which packets were sent, other traffic in
// between included, in bit/s; +Inf if all were sent at once.
func sentRate(as []Arrival) float64 {
	first, last := as[0], as[len(as)-1]
	bytes := last.Other - first.Other - int64(first.Size)
	for _, a := range as {
		bytes += int64(a.Size)
	}
	if last.Sent <= first.Sent {
		return math.Inf(1)
	}
	// Lost packets had been sent, too.
	lost := float64(int(last.Index-first.Index)+1-len(as)) * float64(first.Size)
	return (float64(bytes) + lost) * 8e9 / float64(last.Sent-first.Sent)
}

// tailLoss returns the loss share in the last third of a train minus that in
// the rest.
func tailLoss(as []Arrival) float64 {
	loss := func(as []Arrival) float64 {
		return 1 - float64(len(as))/float64(as[len(as)-1].Index-as[0].Index+1)
	}
	cut := len(as) * 2 / 3
	return loss(as[cut:]) - loss(as[:cut])
}

// endLost reports whether many of a prime's last packets are missing, from its
// arrivals and the first one behind it.
func endLost(as []Arrival, prime int) bool {
	if prime >= len(as) {
		return false
	}
	end := int(as[prime].Index)
	got := 0
	for _, a := range as[:prime] {
		if int(a.Index) >= end-lastPackets {
			got++
		}
	}
	return end >= 2*lastPackets && got <= lastPackets-endMissing
}
