package session

import (
	"context"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// mtuTries is how often a size is tried before the path is said not to carry it.
	mtuTries = 3
	// mtuSlack is the wait for an answer beyond two round trips.
	mtuSlack = 100 * time.Millisecond
)

// PathMTU returns the size in bytes of the largest IP packet that the path carries both
// ways, at most 1480 over IPv4 and 1500 over IPv6; ok is false where the transport hides packets,
// the server does not answer, or ctx ended. Sizes are tried by bisection, the largest
// first, as DPLPMTUD does (RFC 8899, section 5.3); a healthy link takes one round trip.
func (s *Session) PathMTU(ctx context.Context, roundTrip time.Duration) (mtu int, ok bool) {
	if s.Traits().HidesLoss {
		return 0, false
	}
	header := ippm.IPSize(0, s.ipv6)
	largest := wire.MaxSizePacket + header
	passes := func(size int) bool { return s.sizePasses(ctx, size-header, 2*roundTrip+mtuSlack) }
	if passes(largest) {
		return largest, true
	}
	least := quicPacket + header // the handshake came through in such packets
	if !passes(least) {
		return 0, false // a server that does not know this kind of packet
	}
	for above := largest + 1; ctx.Err() == nil; {
		size := (least + above) / 2
		switch {
		case size > least && passes(size):
			least = size
		case size > least:
			above = size
		case above <= largest && passes(above): // lost by chance when it was tried
			least, above = above, largest+1
		default:
			return least, true
		}
	}
	return 0, false
}

// quicPacket is the least UDP payload that QUIC requires of a path (RFC 9000, section 14).
const quicPacket = 1200

// sizePasses reports whether a packet with a UDP payload of size bytes comes back.
func (s *Session) sizePasses(ctx context.Context, size int, wait time.Duration) bool {
	answered := make(chan struct{}, 1)
	for range mtuTries {
		seq := s.flow.Next(wire.KindSize)
		s.mu.Lock()
		s.sizing = map[wire.Seq]chan<- struct{}{seq: answered}
		s.mu.Unlock()
		b, err := s.flow.Seal(make([]byte, 0, wire.MaxSizePacket), wire.KindSize, seq, size, wire.AppendSize)
		if err == nil {
			err = s.Conn.Socket().Send(b, s.Remote)
		}
		if err != nil && !link.Refused(err) {
			return false // larger than this computer's own interface carries
		}
		if err == nil {
			s.countSize(size, true)
		}
		timer := time.NewTimer(wait)
		select {
		case <-answered:
			timer.Stop()
			return true
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
	return false
}

// sized handles the answer to a packet of sizePasses. It runs on the read loop.
func (s *Session) sized(seq wire.Seq, size int) {
	s.countSize(size, false)
	s.mu.Lock()
	defer s.mu.Unlock()
	if answered := s.sizing[seq]; answered != nil {
		select {
		case answered <- struct{}{}:
		default:
		}
	}
}

// countSize adds a packet to the bytes spent.
func (s *Session) countSize(size int, up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if up {
		s.spentUp += int64(ippm.IPSize(size, s.ipv6))
	} else {
		s.spentDn += int64(ippm.IPSize(size, s.ipv6))
	}
}
