package train

import (
	"math"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// feedbackEvery bounds how often feedback goes out without news, and
	// repeatEvery how often a command that is not yet obeyed.
	feedbackEvery = 50 * time.Millisecond
	repeatEvery   = 5 * time.Millisecond
	// quiet is how long after the last arrival a train counts as over.
	quiet = 700 * time.Millisecond
	// Packets that a noisy path overtakes may arrive behind the end of their
	// train: those missing are waited for so many times the noise, within which
	// 999 of 1000 exponentially delayed packets arrive, and at most stragglersMost.
	stragglers     = 10
	stragglersMost = 250 * time.Millisecond
	// noiseShare is how much further the delay must rise on a noisy path,
	// in units of its delay variation.
	noiseShare = 2
	// steadyShare is how many times the noise the rise looked for must be, for
	// one packet to show it: waiting for more of them lets the queue grow.
	steadyShare = 8
	// A queue shorter than the rise looked for shows as loss instead: this
	// many of the last lossSpan packets, while there is some queue.
	lossSpan  = 20
	lossLimit = 6
	shortRise = 3 * time.Millisecond
	// A target is decided when the estimate rests on this many packets, more of
	// them when some are missing or the path is noisy, and is this many
	// standard errors away, and at least this far.
	decideBusy   = 8
	decideRough  = 16
	decideErrors = 5
	decideFar    = 0.012
	// noiseSpread is the standard deviation of an exponential jitter, in units
	// of the median of |IPDV| that it makes.
	noiseSpread = 1.44
	// refineSpan bounds the packets a reading in mid-train looks at, and
	// refineEvery how often there is one: it runs where packets are received.
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
	refined  time.Duration // when the arrivals were last fitted
	decided  bool          // the estimate has decided the target
	unfilled bool          // the prime is over and no queue stood
	ended    bool
	endedAt  time.Duration // when the train ended, or was found not to fill; later packets are stragglers
	end      wire.TrainEnd // what the sender says of itself, once it has ended
}

// NewReceiver prepares for a train. noise is the delay variation of the path,
// the median of |IPDV| on the monitor stream.
func NewReceiver(r wire.TrainRequest, noise time.Duration, ipv6 bool) *Receiver {
	most := int(r.MaxBytes/int64(r.PacketSize)) + 1
	return &Receiver{request: r, most: most, noise: noise, ipv6: ipv6, seen: map[uint32]bool{}, command: wire.CommandContinue}
}

// Arrive takes a packet of the train: when it arrived, its UDP payload in
// bytes, and how many IP-layer bytes of the session's other packets arrived
// before it, and of other programs' as far as this side knows. It returns the feedback to send, if any.
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

// rise is how far the delay stands above the train's lowest: the least of the
// last few packets, more of them on a noisy path.
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

// noisy says whether one packet's delay tells little of the queue.
func (r *Receiver) noisy() bool { return r.noise >= time.Millisecond }

func (r *Receiver) decide(p wire.TrainPacket, rise, at time.Duration) {
	if r.command != wire.CommandContinue {
		return
	}
	allowance := noiseShare * r.noise
	// The prime has ended at its cap, or this is its last packet. On a noisy
	// path the packets behind it are worth waiting for.
	over := p.Stage == wire.StageHold || !r.noisy() && int64(p.Index+1)*int64(ippm.IPSize(r.request.PacketSize, r.ipv6)) >= r.request.PrimeBytes
	switch {
	case rise >= r.request.StopRise+allowance, rise >= shortRise+allowance && r.losing():
		r.command = wire.CommandHold
	case over && rise >= shortRise+allowance:
		r.command = wire.CommandHold // it has not risen as far as was asked, but some queue stands
	case over:
		r.command = wire.CommandStop // the link did not fill: nothing to hold
		if r.request.Target > 0 {
			r.unfilled, r.endedAt = true, at
		}
	}
}

// losing says whether many of the last packets are missing.
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

// refine updates the rate to hold at, and stops a train that has decided its
// target.
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
	// Few packets understate their own scatter; the path's noise is known from
	// a longer time.
	spread := est.StdErr * studentFactor(est.Busy-2)
	spread = max(spread, noiseSpread*float64(r.noise)*math.Sqrt(12/float64(est.Busy))/float64(est.Span))
	away := math.Abs(math.Log(float64(est.Rate) / r.request.Target))
	if away > decideFar && away > decideErrors*spread {
		r.command, r.decided = wire.CommandStop, true
	}
}

// studentFactor is how much wider than a normal distribution's Student's t is
// at decideErrors standard errors, with so many degrees of freedom: a fit to
// the tables, right within 10 % from 6 degrees up.
func studentFactor(dof int) float64 {
	d := float64(max(dof, 1))
	return 1 + 6/d + 58/(d*d)
}

// Started says whether anything has arrived.
func (r *Receiver) Started() bool { return len(r.arrivals) > 0 }

// End takes what the sender says of itself in an end packet.
func (r *Receiver) End(train wire.TrainID, e wire.TrainEnd) {
	if train != r.request.Train || r.end.Packets > 0 {
		return
	}
	r.end = e
	held := make(map[uint32]bool, len(e.Held))
	for _, h := range e.Held {
		held[h.Index] = true
	}
	for i := range r.arrivals {
		r.arrivals[i].Held = held[r.arrivals[i].Index]
	}
}

// Ended says whether the sender has said that the train is over.
func (r *Receiver) Ended() bool { return r.ended }

// Over says whether the train has told all it can by now: its target is
// decided, it has ended, or it has fallen silent.
func (r *Receiver) Over(now time.Duration) bool {
	if r.unfilled || r.ended {
		return r.decided || r.complete() || now-r.endedAt >= r.patience()
	}
	return r.decided || r.Started() && now-r.last > quiet
}

// patience is how long missing packets are waited for at the end of the train.
func (r *Receiver) patience() time.Duration {
	if !r.noisy() {
		return 0
	}
	return min(stragglers*r.noise, stragglersMost)
}

// complete reports whether every packet up to the highest that is known of has
// arrived.
func (r *Receiver) complete() bool {
	sent := int(r.highest) + 1
	if r.end.Packets > 0 {
		sent = int(r.end.Packets - r.end.Unsent)
	}
	return len(r.arrivals) >= sent
}

// Estimate computes what the train says about the link.
func (r *Receiver) Estimate() ippm.RateEstimate { return ippm.EstimateRate(r.arrivals, r.noise) }

// Report puts the estimate into the form that crosses the wire.
func (r *Receiver) Report() wire.TrainReport {
	est := r.Estimate()
	out := wire.TrainReport{
		Train: r.request.Train, Direction: r.request.Direction,
		Sent: est.Sent, Received: est.Received, Bytes: est.Bytes,
		StdErr: est.StdErr, Rise: est.Rise, Busy: est.Busy, Outcome: string(est.Outcome),
	}
	out.SenderSkipped, out.SenderUnsent, out.SenderHeld = r.end.Skipped, int(r.end.Unsent), len(r.end.Held)
	if n := int(r.end.Packets); n > out.Sent {
		out.Sent = n
	}
	if t := r.request.Target; t > 0 {
		out.Excess = ippm.Excess(r.arrivals, ippm.Rate(t))
	}
	if len(r.arrivals) > 1 {
		out.Duration = time.Duration(r.arrivals[len(r.arrivals)-1].Received - r.arrivals[0].Received)
	}
	if est.Outcome == ippm.OutcomeEstimate {
		rate, high := float64(est.Rate), float64(est.High)
		out.Rate, out.High = &rate, &high
	}
	if est.Outcome == ippm.OutcomeEstimate || est.Outcome == ippm.OutcomeBound {
		low := max(float64(est.Low), 0)
		out.Low = &low
	}
	return out
}
