package ippm

import (
	"math"
	"slices"
)

// Chosen by us.
const (
	// policedLoss is the least share of a stretch's packets whose loss shows a
	// policer: what a path loses otherwise is far less.
	policedLoss = 0.15
	// policedLost is the least number of losses, policedArrived that of arrivals.
	policedLost    = 8
	policedArrived = 8
	// policedEven is how far the losses may depart from an even spread, as the
	// distance of Kolmogorov and Smirnov times the root of their number: random
	// losses have 0.83 in the median, bursts more, a policer hardly any.
	policedEven = 0.6
	// policedPlain is the share of losses from which no other explanation is left,
	// if at least policedMany packets arrived.
	policedPlain = 0.4
	policedMany  = 50
	// policedStdErr is the least relative standard error of a policed rate: packets
	// lost elsewhere count as bytes that the policer did not pass.
	policedStdErr = 0.005
)

// fitPoliced reads the rate of a policer, which drops at once what exceeds its rate
// and delays nothing: what arrives while losses are sustained is the rate, once the
// policer's token bucket is empty (RFC 9097, section 8.1 counts so, too). It looks
// for a stretch of even losses at the end of a prime and returns its rate and the
// number of arrivals in it.
func fitPoliced(prime []Arrival) (fit rateFit, arrived int, ok bool) {
	from := lossyFrom(prime)
	as := prime[from:]
	sent := int(as[len(as)-1].Index-as[0].Index) + 1
	lost := sent - len(as)
	share := float64(lost) / float64(sent)
	if len(as) < policedArrived || lost < policedLost || share < policedLoss {
		return fit, 0, false
	}
	if !(share >= policedPlain && len(as) >= policedMany) && unevenness(as)*math.Sqrt(float64(lost)) > policedEven {
		return fit, 0, false
	}
	if fit, ok = fitReceived(as); !ok {
		return fit, 0, false
	}
	fit.stdErr = math.Hypot(fit.stdErr*fewPackets(len(as)-2), policedStdErr)
	return fit, len(as), true
}

// lossyFrom returns the arrival from which losses are most clearly more frequent
// than before it: where the token bucket ran dry. 0 if they are so from the start.
func lossyFrom(as []Arrival) int {
	n := len(as)
	all := float64(as[n-1].Index-as[0].Index) + 1
	best, from := 0.0, 0
	whole := likelihood(all-float64(n), all)
	for i := 1; i <= n-policedArrived; i++ {
		before := float64(as[i].Index - as[0].Index)
		lostBefore, lostAfter := before-float64(i), all-before-float64(n-i)
		if lostAfter*before <= lostBefore*(all-before) {
			continue
		}
		if gain := likelihood(lostBefore, before) + likelihood(lostAfter, all-before) - whole; gain > best {
			best, from = gain, i
		}
	}
	return from
}

// likelihood returns the logarithm of the greatest likelihood of k losses among n.
func likelihood(k, n float64) float64 {
	if k <= 0 || k >= n {
		return 0
	}
	return k*math.Log(k/n) + (n-k)*math.Log(1-k/n)
}

// unevenness returns the distance of Kolmogorov and Smirnov between the positions
// of the losses and an even spread over the packets.
func unevenness(as []Arrival) (most float64) {
	n := len(as)
	sent := float64(as[n-1].Index - as[0].Index)
	lost := sent + 1 - float64(n)
	gone := 0.0
	for i := 1; i < n; i++ {
		at := float64(as[i-1].Index-as[0].Index) / sent
		most = max(most, math.Abs(gone/lost-at))
		gone += float64(as[i].Index-as[i-1].Index) - 1
		at = float64(as[i].Index-as[0].Index) / sent
		most = max(most, math.Abs(gone/lost-at))
	}
	return most
}

// primeOf returns the packets sent above the rate in question.
func primeOf(as []Arrival) []Arrival {
	return slices.DeleteFunc(slices.Clone(as), func(a Arrival) bool { return !a.Prime })
}
