package link

import "golang.org/x/net/ipv4"

// Pump reads once, as quic-go's read loop does.
func (s *Socket) Pump() (int, error) {
	ms := []ipv4.Message{{Buffers: [][]byte{make([]byte, maxDatagram)}, OOB: make([]byte, oobSize)}}
	return s.packetConn().(*udpDemux).ReadBatch(ms, 0)
}
