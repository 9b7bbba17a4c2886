package netsim

import (
	"slices"
	"time"

	"examlink/probe/ippm"
)

// NotDelivered is the delay of a packet that has not arrived.
const NotDelivered time.Duration = -1

// Probes is the truth about the separately counted packets. Those neither lost
// nor delivered are in the queue or in flight.
type Probes struct {
	Offered   uint64        `json:"offered"`
	Delivered uint64        `json:"delivered"` // once each, copies ignored
	Lost      uint64        `json:"lost"`
	Delay     *Distribution `json:"delay"` // from Send to the first copy's arrival
	IPDV      *Distribution `json:"ipdv"`  // absolute, of consecutively sent packets that were both delivered
	PDV       *Distribution `json:"pdv"`   // above the lowest of all
}

// Distribution summarizes durations, in seconds. Quantiles are values that
// occurred: the smallest v such that at least that share of values is at most v.
type Distribution struct {
	Count  int     `json:"count"`
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Mean   float64 `json:"mean"`
	P95    float64 `json:"p95"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

// NewDistribution summarizes v; nil if v is empty.
func NewDistribution(v []time.Duration) *Distribution {
	if len(v) == 0 {
		return nil
	}
	s := slices.Sorted(slices.Values(v))
	sum := 0.0
	for _, d := range s {
		sum += d.Seconds()
	}
	quantile := func(percent int) float64 { return s[(len(s)*percent+99)/100-1].Seconds() }
	return &Distribution{
		Count: len(s), Min: s[0].Seconds(), Median: quantile(50), Mean: sum / float64(len(s)),
		P95: quantile(95), P99: quantile(99), Max: s[len(s)-1].Seconds(),
	}
}

// probeLog follows the separately counted packets through a link, numbered from
// 1 in order of sending.
type probeLog struct {
	match  func(data []byte, size int) bool // nil: none
	sent   []time.Duration
	delay  []time.Duration // NotDelivered until the first copy arrives
	popped int             // the last packet popped, if it was such a first copy
}

// CountSize also counts packets of one size separately, to follow one stream
// among others. Call it before the first is sent.
func (l *Link) CountSize(size int) {
	l.Count(func(_ []byte, s int) bool { return s == size })
}

// Count is CountSize for packets selected by a function.
func (l *Link) Count(match func(data []byte, size int) bool) { l.probes.match = match }

func (p *probeLog) offer(now time.Duration, data []byte, size int) (number int) {
	if p.match == nil || !p.match(data, size) {
		return 0
	}
	p.sent = append(p.sent, now)
	p.delay = append(p.delay, NotDelivered)
	return len(p.sent)
}

func (p *probeLog) arrive(number int, at time.Duration) {
	p.popped = 0
	if number > 0 && p.delay[number-1] == NotDelivered {
		p.delay[number-1] = at - p.sent[number-1]
		p.popped = number
	}
}

// Left sets the time the last popped packet really left, where a link between
// real hosts forwards it later than the model has it arrive.
func (l *Link) Left(at time.Duration) {
	if n := l.probes.popped; n > 0 {
		l.probes.delay[n-1] = at - l.probes.sent[n-1]
	}
}

// ProbeDelays returns the delays of the separately counted packets in order of
// sending, including NotDelivered.
func (l *Link) ProbeDelays() []time.Duration { return slices.Clone(l.probes.delay) }

// Probes returns the truth so far about the separately counted packets.
func (l *Link) Probes() Probes {
	var delivered, ipdv []time.Duration
	previous := NotDelivered
	for _, d := range l.probes.delay {
		if d != NotDelivered {
			delivered = append(delivered, d)
			if previous != NotDelivered {
				ipdv = append(ipdv, (d - previous).Abs())
			}
		}
		previous = d
	}
	pdv := make([]time.Duration, 0, len(delivered))
	for _, d := range ippm.PDVOf(delivered) {
		pdv = append(pdv, time.Duration(d))
	}
	return Probes{
		Offered: l.count.ProbesOffered, Delivered: uint64(len(delivered)), Lost: l.count.ProbesLost,
		Delay: NewDistribution(delivered), IPDV: NewDistribution(ipdv), PDV: NewDistribution(pdv),
	}
}
