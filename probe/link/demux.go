package link

import (
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"

	"examlink/probe/clock"
	"examlink/probe/wire"
)

// udpDemux is a real socket as quic-go sees it: only QUIC packets come out.
type udpDemux struct {
	*net.UDPConn
	s *Socket
}

// ReadBatch is called by quic-go where the system reads batches.
func (d *udpDemux) ReadBatch(ms []ipv4.Message, flags int) (int, error) {
	s := d.s
	for len(s.quic) == 0 {
		n, err := s.reader.ReadBatch(s.msgs, flags)
		if err != nil {
			return 0, err
		}
		now := s.clock.Now()
		for i := range s.msgs[:n] {
			m := &s.msgs[i]
			b := m.Buffers[0][:m.N]
			t, stamped, overflow, others := controls(m.OOB[:m.NN])
			m.NN = len(others)
			if overflow > 0 {
				s.full.Store(overflow)
			}
			from, _ := m.Addr.(*net.UDPAddr)
			if !wire.IsProbe(b) {
				if !s.takeMedia(b, from.AddrPort()) && wire.IsQUIC(b) { // anything else is not ours
					s.quic = append(s.quic, i)
				}
				continue
			}
			at := now
			if sys, ok := s.clock.(*clock.System); ok && stamped {
				at = sys.FromWall(t)
			}
			s.batch = append(s.batch, Datagram{Data: b, From: unmap(from.AddrPort()), At: at, Lag: max(now-at, 0)})
		}
		if len(s.batch) > 0 {
			s.tell()
		}
		s.deliver()
	}
	k := 0
	for _, i := range s.quic[:min(len(s.quic), len(ms))] {
		from, to := &s.msgs[i], &ms[k]
		to.N = copy(to.Buffers[0], from.Buffers[0][:from.N])
		to.NN = 0
		if from.NN <= len(to.OOB) {
			to.NN = copy(to.OOB, from.OOB[:from.NN])
		}
		to.Flags, to.Addr = from.Flags, from.Addr
		k++
	}
	s.quic = append(s.quic[:0], s.quic[k:]...)
	return k, nil
}

// WriteMsgUDP is called by quic-go for each packet, or for several of one size.
func (d *udpDemux) WriteMsgUDP(b, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	n, oobn, err = d.UDPConn.WriteMsgUDP(b, oob, to)
	if err == nil && d.s.watched.Load() > 0 {
		d.s.left(unmap(to.AddrPort()), len(b), segmentSize(oob))
	}
	return n, oobn, err
}

// ReadFrom is called by quic-go where the system does not read batches.
func (d *udpDemux) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := d.ReadFromUDPAddrPort(b)
		if err != nil {
			return n, nil, err
		}
		if d.s.takeMedia(b[:n], from) {
			continue
		}
		if wire.IsQUIC(b[:n]) {
			return n, net.UDPAddrFromAddrPort(from), nil
		}
		if !wire.IsProbe(b[:n]) {
			continue
		}
		d.s.batch = append(d.s.batch, Datagram{Data: b[:n], From: unmap(from), At: d.s.clock.Now()})
		d.s.deliver()
	}
}

// demux is a simulated socket as quic-go sees it.
type demux struct {
	net.PacketConn
	s *Socket
}

// ReadFrom implements net.PacketConn for QUIC packets only.
func (d *demux) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := d.PacketConn.ReadFrom(b)
		if err == nil && d.s.media.Load() != nil && d.s.takeMedia(b[:n], from.(*net.UDPAddr).AddrPort()) {
			continue
		}
		if err != nil || wire.IsQUIC(b[:n]) {
			return n, from, err
		}
		if !wire.IsProbe(b[:n]) {
			continue
		}
		d.s.batch = append(d.s.batch, Datagram{Data: b[:n], From: unmap(from.(*net.UDPAddr).AddrPort()), At: d.s.clock.Now()})
		d.s.deliver()
	}
}

// SetReadBuffer lets quic-go ask a simulated socket for a larger buffer.
func (d *demux) SetReadBuffer(int) error { return nil }

// SetWriteBuffer lets quic-go ask a simulated socket for a larger buffer.
func (d *demux) SetWriteBuffer(int) error { return nil }

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
