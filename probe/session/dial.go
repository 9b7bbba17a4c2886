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

// UDPAgain is how long the second attempt by UDP may take. A network or a server
// that is just recovering answers by TCP at once, but by UDP only when QUIC
// retransmits, which a single attempt does at growing intervals.
const UDPAgain = time.Second

// FallbackTime is how long a session by WebSocket may take to open: together with
// the diagnosis of UDP, a student waits no longer than 10 s.
const FallbackTime = 4 * time.Second

// dialOne opens a session with o.Server by UDP, or by WebSocket if UDP does not get
// through. If both fail, it returns UDP's reason unless the server refused.
func dialOne(ctx context.Context, o *Config, token wire.JoinToken, purpose string, before Earlier, udp time.Duration) (*Session, error) {
	try, cancel := ctx, context.CancelFunc(func() {})
	if udp > 0 {
		try, cancel = context.WithTimeout(ctx, udp)
	}
	s, err := Open(try, o, token, link.UDP, purpose, before)
	cancel()
	var blocked *link.Error
	if !errors.As(err, &blocked) || !blocked.Reason.BlocksUDP() {
		return s, err
	}
	var refused *RefusedError
	if udp > 0 { // the limit was short, and the attempt perhaps too early
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
		s.Blocked = blocked.Reason
		return s, nil
	case errors.As(other, &refused), ctx.Err() != nil:
		return nil, other
	}
	if r, _ := link.ReasonOf(other); r == link.ReasonPortal { // who answered by TCP was not the server
		return nil, other
	}
	return nil, &link.Error{Reason: blocked.Reason, Server: blocked.Server, Err: fmt.Errorf("%w; over WebSocket: %w", blocked.Err, other)}
}

// Traits returns what the session's transport hides and adds. It implements
// ratetest.Runner.
func (s *Session) Traits() link.Traits { return s.Conn.Traits() }

// Grant returns what the server allows. It implements ratetest.Runner.
func (s *Session) Grant() wire.Grant { return s.Welcome.Grant }

// TrainPacket returns the UDP payload of a train's packets. It implements
// ratetest.Runner.
func (s *Session) TrainPacket() int { return s.Config.TrainPacket }

// Now returns the time of this host's monotonic clock. It implements ratetest.Runner.
func (s *Session) Now() time.Duration { return s.Config.Clock.Now() }

// known limits a train's report to what it proves about the link. Over TCP a rate is
// TCP's own, because its congestion control shapes the arrivals: it proves only that
// the link carried as much.
func (s *Session) known(r wire.TrainRequest, rep wire.TrainReport) wire.TrainReport {
	if s.Traits().CongestionControlled {
		return Carried(r, rep, ippm.IPSize(r.PacketSize, s.ipv6))
	}
	return rep
}

// Carried turns a train's reading that congestion control may have shaped, as TCP's does,
// into a lower bound. size is that of its packets at the IP layer. TCP delivers delayed
// data all at once, so arrivals alone may look faster than the link: all bytes after
// the first packet arrived within the duration of the arrivals plus the largest
// lateness of a packet. A burst from a token bucket also makes the whole train look
// faster than its busy part. Busy is kept: it separates a bound read behind such a
// burst from one where nothing filled the link.
func Carried(r wire.TrainRequest, rep wire.TrainReport, size int) wire.TrainReport {
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

// Final reports whether a retry would not help.
func Final(err error) bool {
	var refused *RefusedError
	if errors.As(err, &refused) {
		return refused.Reason == wire.RefusedToken || refused.Reason == wire.RefusedVersion
	}
	reason, _ := link.ReasonOf(err)
	return reason == link.ReasonAddress || reason == link.ReasonCertificate || reason == link.ReasonProtocol
}
