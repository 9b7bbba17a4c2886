package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/wire"
)

// udpAgain is how long UDP may take when it is asked a second time. A network
// or a server that is just coming back answers by TCP at once, by UDP only when
// QUIC sends again, which an attempt does ever more seldom.
const UDPAgain = time.Second

// fallbackTime is what a session by WebSocket may take to open: together with
// the diagnosis of UDP a student waits no longer than 10 s.
const FallbackTime = 4 * time.Second

// Dial opens a session by UDP, or by WebSocket where UDP does not get
// through. It fails for the reason UDP failed, unless the server refused. udp is
// how long the first attempt by UDP may take; 0 leaves that to link.
func Dial(ctx context.Context, o *Config, token wire.JoinToken, purpose string, before Earlier, udp time.Duration) (*Session, error) {
	try, cancel := ctx, context.CancelFunc(func() {})
	if udp > 0 {
		try, cancel = context.WithTimeout(ctx, udp)
	}
	s, err := Open(try, o, token, link.UDP, purpose, before)
	cancel()
	var blocked *link.Error
	if !errors.As(err, &blocked) || blocked.Reason != link.ReasonUDPBlocked {
		return s, err
	}
	var refused *RefusedError
	if udp > 0 { // in a hurry, and perhaps too soon
		try, cancel = context.WithTimeout(ctx, UDPAgain)
		s, again := Open(try, o, token, link.UDP, purpose, before)
		cancel()
		if again == nil || errors.As(again, &refused) || ctx.Err() != nil {
			return s, again
		}
	}
	try, cancel = context.WithTimeout(ctx, FallbackTime)
	defer cancel()
	s, other := Open(try, o, token, link.WebSocket, purpose, before)
	switch {
	case other == nil:
		return s, nil
	case errors.As(other, &refused), ctx.Err() != nil:
		return nil, other
	}
	return nil, &link.Error{Reason: blocked.Reason, Server: blocked.Server, Err: fmt.Errorf("%w; by WebSocket: %w", blocked.Err, other)}
}

// Traits says what the session's transport hides and adds. It implements
// ratetest.Runner.
func (s *Session) Traits() link.Traits { return s.Conn.Traits() }

// Grant is what the server allows. It implements ratetest.Runner.
func (s *Session) Grant() wire.Grant { return s.Welcome.Grant }

// TrainPacket is the UDP payload of a train's packets. It implements
// ratetest.Runner.
func (s *Session) TrainPacket() int { return s.Config.TrainPacket }

// Now is the time of this host's monotonic clock. It implements ratetest.Runner.
func (s *Session) Now() time.Duration { return s.Config.Clock.Now() }

// known is what a train's report says of the link. By TCP a rate that was read
// is that of TCP, whose congestion control shapes the arrivals: all that is
// known of the link is that it carried as much.
func (s *Session) known(r wire.TrainRequest, rep wire.TrainReport) wire.TrainReport {
	if s.Traits().CongestionControlled {
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

// Final says whether trying again is of no use.
func Final(err error) bool {
	var refused *RefusedError
	if errors.As(err, &refused) {
		return refused.Reason == wire.RefusedToken || refused.Reason == wire.RefusedVersion
	}
	reason, _ := link.ReasonOf(err)
	return reason == link.ReasonAddress || reason == link.ReasonCertificate || reason == link.ReasonProtocol
}
