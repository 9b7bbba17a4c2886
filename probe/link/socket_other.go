//go:build !linux

package link

import (
	"net"
	"net/netip"
	"time"
)

// batchWrites reports that the system can send several packets with one call.
const batchWrites = false

// enableReceiveStamps does nothing: packets are stamped when the process reads
// and sends them.
func enableReceiveStamps(*net.UDPConn) (sending bool) { return false }

func controls(oob []byte) (stamp time.Time, stamped bool, overflow uint32, others []byte) {
	return time.Time{}, false, 0, oob
}

// stamper has no stamps to request on this system.
type stamper struct{ ask []byte }

func newStamper(*net.UDPConn) *stamper { return nil }

func (*stamper) send(c *net.UDPConn, b []byte, to netip.AddrPort, _ func() time.Duration) error {
	_, err := c.WriteToUDPAddrPort(b, to)
	return err
}

func (*stamper) drain() []Sent { return nil }

func (*stamper) begin([]Outgoing, time.Duration) (ask []byte) { return nil }

func (*stamper) end(int, int) {}

// segmentSize returns 0: quic-go has the system cut packets on Linux only.
func segmentSize([]byte) int { return 0 }
