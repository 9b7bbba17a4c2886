package link

import (
	"net/netip"

	"golang.org/x/net/ipv4"
)

// Pump reads once, as quic-go's read loop does.
func (s *Socket) Pump() (int, error) {
	ms := []ipv4.Message{{Buffers: [][]byte{make([]byte, maxDatagram)}, OOB: make([]byte, oobSize)}}
	return s.packetConn().(*udpDemux).ReadBatch(ms, 0)
}

// Order returns the order in which addresses known from the start are tried; from
// returns the system's source addresses.
func Order(addrs []netip.Addr, from map[netip.Addr]netip.Addr) (order []netip.Addr) {
	l := addressQueue{way: func(to netip.Addr) way { return way{to: to, from: from[to]} }}
	for l.add(addrs); !l.empty(); {
		order = append(order, l.next())
	}
	return order
}
