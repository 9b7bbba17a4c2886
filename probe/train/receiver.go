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
	// noiseShare is how much further the delay must rise on a noisy path,
	// in units of its delay variation.
	noiseShare = 2
	// A queue shorter than the rise looked for shows as loss instead: this
	// many of the last lossSpan packets, while there is some queue.
	lossSpan  = 20
	lossLimit = 6
	shortRise = 3 * time.Millisecond
	// A target is decided when the estimate rests on this many packets and is
	// this many standard errors away, and at least this far.
	decideBusy   = 16
	decideErrors = 5
	decideFar    = 0.012
	// refineSpan bounds the packets a reading in mid-train looks at: it runs
	// where packets are received.
	refineSpan = 4096
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
	low      time.Duration
	highest  uint32
	first    time.Duration
	last     time.Duration
	command  wire.Command
	rate     ippm.Rate
	lastFeed time.Duration
	fed      bool
	obeyed   bool
	ended    bool
}

// NewReceiver prepares for a train. noise is the delay variation of the path,
// the median of |IPDV| on the monitor stream.
func NewReceiver(r wire.TrainRequest, noise time.Duration, ipv6 bool) *Receiver {
	most := int(r.MaxBytes/int64(r.PacketSize)) + 1
	return &Receiver{request: r, most: most, noise: noise, ipv6: ipv6, seen: map[uint32]bool{}, command: wire.CommandContinue}
}

// Arrive takes a packet of the train: when it arrived, its UDP payload in
// bytes, and how many IP-layer bytes of the session's other packets arrived
// before it. It returns the feedback to send, if any.
func (r *Receiver) Arrive(p wire.TrainPacket, at time.Duration, payload int, other int64) (f wire.Feedback, send bool) {
	if p.Train != r.request.Train || r.ended {
		return wire.Feedback{}, false
	}
	r.last = at
	if p.Stage == wire.StageEnd {
		r.ended = true
		return wire.Feedback{}, false
	}
	if r.seen[p.Index] || len(r.arrivals) >= r.most {
		return wire.Feedback{}, false
	}
	r.seen[p.Index] = true
	if len(r.arrivals) == 0 {
		r.first, r.lastFeed = at, at
	}
	r.highest = max(r.highest, p.Index)
	r.arrivals = append(r.arrivals, ippm.Arrival{
		Index: p.Index, Sent: int64(p.Sent), Received: int64(at),
		Size: ippm.IPSize(payload, r.ipv6), Other: other, Prime: p.Stage == wire.StagePrime,
	})
	rise := r.rise(at - time.Duration(p.Sent))
	before := r.command
	r.decide(p.Stage, rise)
	if p.Stage == wire.StageHold && r.command != wire.CommandStop {
		r.obeyed = true
	}
	wait := feedbackEvery
	if r.command == wire.CommandStop || r.command == wire.CommandHold && !r.obeyed {
		wait = repeatEvery
	}
	if r.command == before && r.fed && at-r.lastFeed < wait {
		return wire.Feedback{}, false
	}
	if r.command == wire.CommandHold {
		r.refine()
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
	if r.noise >= time.Millisecond {
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

func (r *Receiver) decide(stage wire.Stage, rise time.Duration) {
	allowance := noiseShare * r.noise
	if r.command == wire.CommandContinue {
		switch {
		case rise >= r.request.StopRise+allowance, rise >= shortRise+allowance && r.losing():
			r.command = wire.CommandHold
		case stage == wire.StageHold && rise >= shortRise+allowance:
			r.command = wire.CommandHold // the prime ended at its cap, but some queue stands
		case stage == wire.StageHold:
			r.command = wire.CommandStop // the prime did not fill the link: nothing to hold
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
	if r.request.Target <= 0 || est.Busy < decideBusy {
		return
	}
	away := math.Abs(math.Log(float64(est.Rate) / r.request.Target))
	if away > decideFar && away > decideErrors*est.StdErr {
		r.command = wire.CommandStop
	}
}

// Started says whether anything has arrived.
func (r *Receiver) Started() bool { return len(r.arrivals) > 0 }

// Over says whether the train has ended by now, with its end packets or by
// falling silent.
func (r *Receiver) Over(now time.Duration) bool {
	return r.ended || r.Started() && now-r.last > quiet
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
