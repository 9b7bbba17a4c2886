package train

import (
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// End records the sender's own report from an end packet.
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

// Ended reports whether the sender has ended the train.
func (r *Receiver) Ended() bool { return r.ended }

// Over reports whether the train can yield nothing more: its target is decided, it
// has ended, or it has fallen silent.
func (r *Receiver) Over(now time.Duration) bool {
	if r.unfilled || r.ended {
		return r.decided || r.complete() || now-r.endedAt >= r.patience()
	}
	return r.decided || r.Started() && now-r.last > quiet
}

// patience returns how long to wait for missing packets at the end of the train.
func (r *Receiver) patience() time.Duration {
	if !r.noisy() {
		return 0
	}
	return min(stragglers*r.noise, stragglersMost)
}

// complete reports whether every packet up to the highest known index has arrived.
func (r *Receiver) complete() bool {
	sent := int(r.highest) + 1
	if r.end.Packets > 0 {
		sent = int(r.end.Packets - r.end.Unsent)
	}
	return len(r.arrivals) >= sent
}

// Estimate computes the rate estimate of the train.
func (r *Receiver) Estimate() ippm.RateEstimate { return ippm.EstimateRate(r.arrivals, r.noise) }

// Report converts the estimate to its wire form.
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
