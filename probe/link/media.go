package link

import (
	"net/netip"

	"examlink/probe/wire"
)

// MediaHandler handles one packet of WebRTC. The packet is valid only during the call. It
// runs on the socket's read loop and must not block.
type MediaHandler func(b []byte, from netip.AddrPort)

// HandleMedia sets the handler of packets of WebRTC that share the socket: STUN, DTLS, RTP
// and RTCP by their first byte (RFC 9443). nil: no packet
// counts as one.
func (s *Socket) HandleMedia(h MediaHandler) {
	if h == nil {
		s.media.Store(nil)
		return
	}
	s.media.Store(&h)
}

// takeMedia hands over a packet of WebRTC. Without a handler no packet is one: a client's
// socket may get a version negotiation of QUIC, which begins as RTP does.
func (s *Socket) takeMedia(b []byte, from netip.AddrPort) bool {
	h := s.media.Load()
	if h == nil || !wire.IsMedia(b) {
		return false
	}
	(*h)(b, unmap(from))
	return true
}
