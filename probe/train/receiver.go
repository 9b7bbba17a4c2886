package train

import (
	"math"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// feedbackEvery is the interval of feedback without news, repeatEvery that of
	// a command that is not yet obeyed.
	feedbackEvery = 50 * time.Millisecond
	repeatEvery   = 5 * time.Millisecond
	// quiet is the silence after the last arrival that ends a train.
	quiet = 700 * time.Millisecond
	// Packets that a noisy path delays may arrive after the end of their train:
	// missing ones are waited for stragglers times the noise, within which 999 of
	// 1000 exponentially delayed packets arrive, and at most stragglersMost.
	stragglers     = 10
	stragglersMost = 250 * time.Millisecond
	// noiseShare is how much further the delay must rise on a noisy path,
	// in units of its delay variation.
	noiseShare = 2
	// steadyShare is the ratio of StopRise to the noise from which one packet
	// suffices to show the rise: waiting for more lets the queue grow.
	steadyShare = 8
	// A queue shorter than StopRise shows as loss instead: lossLimit of the last
	// lossSpan packets are missing, while there is some queue.
	lossSpan  = 20
	lossLimit = 6
	shortRise = 3 * time.Millisecond
	// A target is decided when the estimate is based on decideBusy packets
	// (decideRough if some are missing or the path is noisy) and is decideErrors
	// standard errors and at least decideFar away from the target.
	decideBusy   = 8
	decideRough  = 16
	decideErrors = 5
	decideFar    = 0.012
	// noiseSpread is the standard deviation of an exponential jitter, in units of
	// the resulting median |IPDV|.
	noiseSpread = 1.44
	// refineSpan bounds the packets that a mid-train reading uses, and refineEvery
	// its frequency, because it runs where packets are received.
	refineSpan  = 4096
	refineEvery = 10 * time.Millisecond
)

// Receiver receives one train. It is not safe for concurrent use.
type Receiver struct {
	request wire.TrainRequest
	noise   time.Duration
	ipv6    bool

	most     int // packets the request allows
	seen     map[uint32]bool
	arrivals []ippm.Arrival
	recent   []time.Duration // delays of the last few packets
	before   uint64          // other traffic of the sender's host at the first arrival
	low      time.Duration
	highest  uint32
	first    time.Duration
	last     time.Duration
	command  wire.Command
	rate     ippm.Rate
	lastFeed time.Duration
	fed      bool
	obeyed   bool
	refined  time.Duration // when the rate was last estimated
	decided  bool          // the estimate has decided the target
	unfilled bool          // the prime is over without a queue
	ended    bool
	endedAt  time.Duration // when the train ended, or was found not to fill; later packets are stragglers
	end      wire.TrainEnd // the sender's own report, once it has ended
}

// NewReceiver returns a receiver for a train. noise is the delay variation of the
// path, the median of |IPDV| on the monitor stream.
func NewReceiver(r wire.TrainRequest, noise time.Duration, ipv6 bool) *Receiver {
	most := int(r.MaxBytes/int64(r.PacketSize)) + 1
	return &Receiver{request: r, most: most, noise: noise, ipv6: ipv6, seen: map[uint32]bool{}, command: wire.CommandContinue}
}

// Arrive handles a packet of the train: its arrival time, its UDP payload in bytes,
// and the IP-layer bytes that had arrived before it, of the session's other packets
// and, as far as known, of other programs. It returns the feedback to send, if any.
func (r *Receiver) Arrive(p wire.TrainPacket, at time.Duration, payload int, other, foreign int64) (f wire.Feedback, send bool) {
	if p.Train != r.request.Train {
		return wire.Feedback{}, false
	}
	if p.Stage == wire.StageEnd {
		r.last = at
		if !r.ended && !r.unfilled {
			r.endedAt = at
		}
		r.ended = true
		return wire.Feedback{}, false
	}
	if r.ended && at-r.endedAt > r.patience() {
		return wire.Feedback{}, false
	}
	r.last = at
	if r.seen[p.Index] || len(r.arrivals) >= r.most {
		return wire.Feedback{}, false
	}
	r.seen[p.Index] = true
	if len(r.arrivals) == 0 {
		r.first, r.lastFeed = at, at
	}
	r.highest = max(r.highest, p.Index)
	if len(r.arrivals) == 0 {
		r.before = p.Other
	}
	foreign += int64(p.Other - r.before)
	r.arrivals = append(r.arrivals, ippm.Arrival{
		Index: p.Index, Sent: int64(p.Sent), Received: int64(at),
		Size: ippm.IPSize(payload, r.ipv6), Other: other, Foreign: foreign, Prime: p.Stage == wire.StagePrime,
	})
	if r.ended {
		return wire.Feedback{}, false // a straggler: the sender needs no more commands
	}
	rise := r.rise(at - time.Duration(p.Sent))
	before := r.command
	r.decide(p, rise, at)
	if p.Stage == wire.StageHold && r.command != wire.CommandStop {
		r.obeyed = true
	}
	if r.command == wire.CommandHold && at-r.refined >= refineEvery {
		r.refine()
		r.refined = at
	}
	wait := feedbackEvery
	if r.command == wire.CommandStop || r.command == wire.CommandHold && !r.obeyed {
		wait = repeatEvery
	}
	if r.command == before && r.fed && at-r.lastFeed < wait {
		return wire.Feedback{}, false
	}
	r.lastFeed, r.fed = at, true
	f = wire.Feedback{
		Train: p.Train, Received: uint32(len(r.arrivals)), Highest: r.highest,
		Rise: int32(min(rise.Microseconds(), math.MaxInt32)), Command: r.command,
	}
	if r.rate > 0 {
		f.Rate = uint64(r.rate)
	}
	return f, true
}

// rise returns how far the delay is above the train's lowest: the least of the last
// few packets, more of them on a noisy path.
func (r *Receiver) rise(delay time.Duration) time.Duration {
	if len(r.arrivals) == 1 || delay < r.low {
		r.low = delay
	}
	keep := 1
	if r.noise*steadyShare > r.request.StopRise {
		keep = 4
	}
	r.recent = append(r.recent, delay)
	if len(r.recent) > keep {
		r.recent = r.recent[1:]
	}
	least := r.recent[0]
	for _, d := range r.recent {
		least = min(least, d)
	}
	return least - r.low
}

// noisy reports whether one packet's delay shows little about the queue.
func (r *Receiver) noisy() bool { return r.noise >= time.Millisecond }

func (r *Receiver) decide(p wire.TrainPacket, rise, at time.Duration) {
	if r.command != wire.CommandContinue {
		return
	}
	allowance := noiseShare * r.noise
	// The prime has reached its cap, or this is its last packet. On a noisy path
	// the packets behind it are worth waiting for.
	over := p.Stage == wire.StageHold || !r.noisy() && int64(p.Index+1)*int64(ippm.IPSize(r.request.PacketSize, r.ipv6)) >= r.request.PrimeBytes
	switch {
	case rise >= r.request.StopRise+allowance, rise >= shortRise+allowance && r.losing():
		r.command = wire.CommandHold
	case over && rise >= shortRise+allowance:
		r.command = wire.CommandHold // it has risen less than StopRise, but there is some queue
	case over:
		r.command = wire.CommandStop // the link did not fill: nothing to hold
		if r.request.Target > 0 {
			r.unfilled, r.endedAt = true, at
		}
	}
}

// losing reports whether many of the last packets are missing.
func (r *Receiver) losing() bool {
	if r.highest < lossSpan {
		return false
	}
	missing := 0
	for i := r.highest - lossSpan; i < r.highest; i++ {
		if !r.seen[i] {
			missing++
		}
	}
	return missing >= lossLimit
}

// refine updates the rate to hold at, and stops a train whose target is decided.
func (r *Receiver) refine() {
	est := ippm.EstimateRate(r.arrivals[max(len(r.arrivals)-refineSpan, 0):], r.noise)
	if est.Outcome != ippm.OutcomeEstimate {
		return
	}
	r.rate = est.Rate
	least := decideBusy
	if r.noisy() || int(r.highest) >= len(r.arrivals) {
		least = decideRough
	}
	if r.request.Target <= 0 || est.Busy < least {
		return
	}
	// Few packets underestimate their own scatter; the path's noise is known from a
	// longer time.
	spread := est.StdErr * studentFactor(est.Busy-2)
	spread = max(spread, noiseSpread*float64(r.noise)*math.Sqrt(12/float64(est.Busy))/float64(est.Span))
	away := math.Abs(math.Log(float64(est.Rate) / r.request.Target))
	if away > decideFar && away > decideErrors*spread {
		r.command, r.decided = wire.CommandStop, true
	}
}

// studentFactor returns how much wider Student's t is than a normal distribution at
// decideErrors standard errors, with dof degrees of freedom: a fit to the tables,
// accurate within 10 % from 6 degrees up.
func studentFactor(dof int) float64 {
	d := float64(max(dof, 1))
	return 1 + 6/d + 58/(d*d)
}

// Started reports whether anything has arrived.
func (r *Receiver) Started() bool { return len(r.arrivals) > 0 }
