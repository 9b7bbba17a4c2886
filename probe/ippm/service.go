package ippm

import (
	"math"
	"slices"
)

// fitReceived fits the rate at which bytes arrived, ignoring losses: a policer
// drops without delaying, so its drops prove nothing.
func fitReceived(as []Arrival) (rateFit, bool) {
	x, y := make([]float64, len(as)), make([]float64, len(as))
	for i, a := range as {
		if i > 0 {
			x[i] = x[i-1] + float64(a.Size) + float64(a.Other-as[i-1].Other)
		}
		y[i] = float64(a.Received - as[0].Received)
	}
	p := fitLine(x, y)
	if p.singular || p.b <= 0 {
		return rateFit{}, false
	}
	return rateFit{rate: Rate(8e9 / p.b), stdErr: math.Hypot(p.sb/p.b, minStdErr)}, true
}

type rateFit struct {
	rate   Rate
	stdErr float64 // relative
}

// fitRate regresses arrival time on bytes. A packet's own bytes arrive with
// it, so the abscissa is the bytes up to and including the packet, counted
// from the first one, whose service began before the period.
func fitRate(as []Arrival) (rateFit, bool) {
	n := len(as)
	x, y := make([]float64, n), make([]float64, n)
	lost := make([]float64, n)
	var bytes, missing float64
	for i, a := range as {
		if i > 0 {
			bytes += float64(a.Size)
			missing += float64(a.Index-as[i-1].Index) - 1
		}
		x[i] = bytes + float64(a.Other-as[0].Other)
		y[i] = float64(a.Received - as[0].Received)
		lost[i] = missing
	}
	size := bytes / float64(max(n-1, 1))
	p, ok := fitServed(as, x, lost, y, size)
	if !ok {
		// In noise, losses in a full queue cannot be distinguished one by one. Only
		// the prime fills the queue: if it did, leave the prime out.
		k := slices.IndexFunc(as, func(a Arrival) bool { return !a.Prime })
		if k > 1 && n-k >= minHold && lost[k-1] > overflowing*(lost[k-1]+float64(k)) {
			x, y, lost = x[k:], y[k:], shift(lost[k:])
		}
		p = chooseFit(x, lost, y, size)
	}
	if p.singular || p.b <= 0 {
		return rateFit{}, false
	}
	return rateFit{
		rate:   Rate(8e9 / p.b), // ns per byte to bit/s
		stdErr: math.Hypot(p.sb/p.b*fewPackets(p.n-2), minStdErr),
	}, true
}

// fewPackets returns the factor that widens the standard error of a fit with
// dof degrees of freedom: few residuals understate their own scatter. It lies a
// little below Student's t, one time in a thousand, against a normal
// distribution.
func fewPackets(dof int) float64 {
	d := float64(max(dof, 1))
	return 1 + 20/(d*d)
}

// shift subtracts the first value from all.
func shift(v []float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[i] = v[i] - v[0]
	}
	return out
}

// fitServed examines each gap by itself: the time between the packets around it
// shows how many of the lost ones the bottleneck served. Losses before the
// bottleneck, in its queue and behind it may thus be mixed. ok is false if the
// arrivals are too noisy to determine one packet's service time.
func fitServed(as []Arrival, x, lost, y []float64, size float64) (p plane, ok bool) {
	var pace, off []float64
	for i := 1; i < len(as); i++ {
		if lost[i] == lost[i-1] && x[i] > x[i-1] {
			pace = append(pace, (y[i]-y[i-1])/(x[i]-x[i-1]))
		}
	}
	if len(pace) < minPace {
		return plane{}, false
	}
	slices.Sort(pace)
	perByte := pace[len(pace)/2]
	for i := 1; i < len(as); i++ {
		if lost[i] == lost[i-1] {
			off = append(off, math.Abs(y[i]-y[i-1]-perByte*(x[i]-x[i-1])))
		}
	}
	slices.Sort(off)
	if perByte <= 0 || off[len(off)*9/10] > perByte*size/4 {
		return plane{}, false
	}
	served := make([]float64, len(x))
	var extra float64
	for i := 1; i < len(as); i++ {
		if gone := lost[i] - lost[i-1]; gone > 0 {
			idle := y[i] - y[i-1] - perByte*(x[i]-x[i-1])
			extra += size * min(max(math.Round(idle/(perByte*size)), 0), gone)
		}
		served[i] = x[i] + extra
	}
	return fitLine(served, y), true
}

// chooseFit decides whether lost packets took time of the bottleneck. With few
// losses, or losses so even that they cannot be separated from bytes, it
// compares the two physical extremes: the lost packets took no time, or all of
// it.
func chooseFit(x, lost, y []float64, size float64) plane {
	free := fitLine(x, y) // lost before the bottleneck
	if lost[len(lost)-1] == 0 || free.singular {
		return free
	}
	if gone := lost[len(lost)-1]; gone > overflow*(gone+float64(len(x))) {
		if len(x) < minHold { // some of them may still have been served
			free.sb = max(free.sb, overflowStdErr*free.b)
		}
		return free
	}
	served := make([]float64, len(x)) // lost behind the bottleneck
	for i := range x {
		served[i] = x[i] + lost[i]*size
	}
	full := fitLine(served, y)
	both := fitPlane(x, lost, y)
	if !both.singular && both.b > 0 {
		cost := both.c / (both.b * size) // share of a service time that a loss took
		spread := both.sc / (both.b * size)
		if spread < 0.25 {
			switch {
			case cost <= 0.01:
				return free
			case cost >= 0.99:
				return full
			}
			return both
		}
	}
	better, worse := free, full
	if full.rss < free.rss {
		better, worse = full, free
	}
	if both.singular || both.b <= 0 || worse.rss > better.rss*decisiveFit {
		return better
	}
	return both // honest, if wide: the next train will narrow it
}
