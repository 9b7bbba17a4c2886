package media

import (
	"encoding/binary"
	"net"

	"github.com/pion/ice/v4"
)

// Chosen by us: what a browser needs for two streams, and ample room. pion keeps something of
// each stream that a packet names, and a page with a token could name millions.
const (
	mostStreams = 16
	mostReports = 1000     // packets of RTCP
	mostBytes   = 32 << 20 // 20 s at 12 Mbit/s
)

// guarded is a mux whose connections, one for each rehearsal and family of addresses, let
// only so much pass.
type guarded struct{ ice.UDPMux }

// GetConn implements ice.UDPMux.
func (g guarded) GetConn(ufrag string, at net.Addr) (net.PacketConn, error) {
	c, err := g.UDPMux.GetConn(ufrag, at)
	if err != nil {
		return nil, err
	}
	return &guard{PacketConn: c, streams: map[uint32]bool{}}, nil
}

// guard is one of these connections. One goroutine of pion reads it.
type guard struct {
	net.PacketConn
	streams map[uint32]bool // by SSRC
	reports int
	bytes   int
}

// ReadFrom implements net.PacketConn for the packets that pass.
func (g *guard) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := g.PacketConn.ReadFrom(b)
		if err != nil || g.pass(b[:n]) {
			return n, from, err
		}
	}
}

// pass reports whether a packet may pass. RTP is told from RTCP as RFC 5761, section 4 has it.
func (g *guard) pass(b []byte) bool {
	g.bytes += len(b)
	if len(b) == 0 || b[0]&0xc0 != 0x80 { // STUN or DTLS
		return g.bytes <= mostBytes
	}
	if len(b) < 12 || g.bytes > mostBytes {
		return false
	}
	if kind := b[1] & 0x7f; kind >= 64 && kind < 96 {
		g.reports++
		return g.reports <= mostReports
	}
	ssrc := binary.BigEndian.Uint32(b[8:])
	if len(g.streams) < mostStreams {
		g.streams[ssrc] = true
	}
	return g.streams[ssrc]
}
