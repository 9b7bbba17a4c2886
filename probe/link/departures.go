package link

import (
	"net/netip"
	"time"
)

// watch has f called with each QUIC packet that leaves to an address: when, by the
// socket's clock, and with how many bytes of UDP payload. stop ends it.
func (s *Socket) watch(to netip.AddrPort, f func(at time.Duration, size int)) (stop func()) {
	s.watchers.Store(to, f)
	s.watched.Add(1)
	return func() {
		s.watchers.Delete(to)
		s.watched.Add(-1)
	}
}

// left tells whoever watches an address that size bytes have left to it: in packets of
// segment bytes, the last of which may be shorter, or, if that is 0, in one.
func (s *Socket) left(to netip.AddrPort, size, segment int) {
	f, ok := s.watchers.Load(to)
	if !ok {
		return
	}
	at := s.clock.Now()
	for segment > 0 && size > segment {
		f.(func(time.Duration, int))(at, segment)
		size -= segment
	}
	f.(func(time.Duration, int))(at, size)
}

// WatchDepartures has f called with each QUIC packet that leaves on the connection of a
// page: when, by the socket's clock, and with how many bytes of UDP payload. Congestion
// control may hold back what was sent. known is false where departures are not seen; else
// stop ends it.
func (c *Conn) WatchDepartures(f func(at time.Duration, size int)) (stop func(), known bool) {
	t, ok := c.carrier.(*webTransport)
	if !ok || t.shared.udp == nil {
		return nil, false
	}
	return t.shared.watch(t.addr, f), true
}
