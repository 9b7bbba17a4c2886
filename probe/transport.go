package probe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// What TCP keeps from being seen, in plain words.
const (
	whyRateHidden = "by TCP it is only known what got through; the link may carry more"
	whyLossHidden = "by TCP lost packets are sent again: a loss shows as delay"
	whyUDPBlocked = "the network lets TCP through to the server but not UDP"
)

// udpAgain is how long UDP may take when it is asked a second time. A network
// or a server that is just coming back answers by TCP at once, by UDP only when
// QUIC sends again, which an attempt does ever more seldom.
const udpAgain = time.Second

// fallbackTime is what a session by WebSocket may take to open: together with
// the diagnosis of UDP a student waits no longer than 10 s.
const fallbackTime = 4 * time.Second

// openAny opens a session by UDP, or by WebSocket where UDP does not get
// through. It fails for the reason UDP failed, unless the server refused. udp is
// how long the first attempt by UDP may take; 0 leaves that to link.
func openAny(ctx context.Context, o *Options, token wire.JoinToken, purpose string, before earlier, udp time.Duration) (*session, error) {
	try, cancel := ctx, context.CancelFunc(func() {})
	if udp > 0 {
		try, cancel = context.WithTimeout(ctx, udp)
	}
	s, err := open(try, o, token, link.UDP, purpose, before)
	cancel()
	var blocked *link.Error
	if !errors.As(err, &blocked) || blocked.Reason != link.ReasonUDPBlocked {
		return s, err
	}
	var refused *RefusedError
	if udp > 0 { // in a hurry, and perhaps too soon
		try, cancel = context.WithTimeout(ctx, udpAgain)
		s, again := open(try, o, token, link.UDP, purpose, before)
		cancel()
		if again == nil || errors.As(again, &refused) || ctx.Err() != nil {
			return s, again
		}
	}
	try, cancel = context.WithTimeout(ctx, fallbackTime)
	defer cancel()
	s, other := open(try, o, token, link.WebSocket, purpose, before)
	switch {
	case other == nil:
		return s, nil
	case errors.As(other, &refused), ctx.Err() != nil:
		return nil, other
	}
	return nil, &link.Error{Reason: blocked.Reason, Server: blocked.Server, Err: fmt.Errorf("%w; by WebSocket: %w", blocked.Err, other)}
}

// Chosen by us: when UDP is tried again beside a WebSocket. What looked like a
// blocked UDP may have been a network just coming back.
const (
	udpSoon  = 10 * time.Second
	udpEvery = 30 * time.Second
)

// jittered is within a fifth of d.
func jittered(rng *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rng.Float64()))
}

// judgeTransport raises or clears the warning that UDP is blocked, by what
// carries the session now.
func (w *watcher) judgeTransport(now time.Duration) {
	o := warning.Observation{At: w.o.Clock.Wall(), Level: warning.Good}
	if w.s.overTCP() {
		o.Since, o.Level = w.udpLost, warning.Decisive
		o.Evidence = "the server answers by TCP but not by UDP, which live video wants; measuring goes on by WebSocket"
		w.nextUDP = now + jittered(w.rng, udpSoon)
	}
	w.observe(warning.UDPBlocked, o)
}

// retryUDP tries UDP again, now and then, beside a session by WebSocket. When it
// works the session moves.
func (w *watcher) retryUDP(ctx context.Context, now time.Duration) {
	if !w.s.overTCP() || w.redial != nil || w.interrupted || w.s.err() != nil || now < w.nextUDP {
		return
	}
	ctx, w.stopRedial = context.WithCancel(ctx)
	out := make(chan redialResult, 1)
	w.redial = out
	before := w.earlier()
	go func() { // ends with ctx, or with a result
		try, cancel := context.WithTimeout(ctx, redialAttempt)
		defer cancel()
		s, err := open(try, w.o, w.token, link.UDP, "watch", before)
		out <- redialResult{s: s, err: err, beside: true}
	}()
}

// overTCP says whether the session's packets pass TCP.
func (s *session) overTCP() bool { return s.conn.Transport() != link.UDP }

// known is what a train's report says of the link. By TCP a rate that was read
// is that of TCP, whose congestion control shapes the arrivals: all that is
// known of the link is that it carried as much.
func (s *session) known(r wire.TrainRequest, rep wire.TrainReport) wire.TrainReport {
	if s.overTCP() {
		return carried(r, rep, ippm.IPSize(r.PacketSize, s.ipv6))
	}
	return rep
}

// carried turns what a train by TCP read into a bound. TCP hands over what it
// had to wait for all at once, so arrivals alone may look faster than the link:
// everything behind the first packet came within the time of the arrivals and
// the most that a packet was late. And a burst from a token bucket makes the
// whole look faster than its busy part. Busy stays: it tells a bound that was
// read behind such a burst from one that nothing filled.
func carried(r wire.TrainRequest, rep wire.TrainReport, size int) wire.TrainReport {
	if rep.Outcome != string(ippm.OutcomeEstimate) && rep.Outcome != string(ippm.OutcomeBound) {
		return rep
	}
	low := min(*rep.Low, max(r.PrimeRate, r.HoldRate))
	if took := rep.Duration + rep.Rise; took > 0 {
		low = min(low, float64(rep.Bytes-int64(size))*8/took.Seconds())
	}
	low = max(low, 0)
	rep.Outcome, rep.Low, rep.Rate, rep.High = string(ippm.OutcomeBound), &low, nil, nil
	return rep
}

// udpFact is what the transport says about UDP; there is none when it works.
func udpFact(f verdict.Facts, transport string) {
	if transport != string(link.UDP) {
		f[verdict.UDP] = verdict.Unknown(whyUDPBlocked)
	}
}
