package link

import (
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"time"
)

// Chosen by us.
const (
	// smallSize and largeSize are UDP payloads. A server answers the small one as it
	// would any packet of a connection that it does not know; the large one has the
	// size of QUIC's first packets.
	smallSize, largeSize = 64, 1200
	sizeTries            = 3
	sizeTryInterval      = 250 * time.Millisecond
)

// onlySmall reports whether small packets of UDP reach the server at an address and
// come back, while packets of the size that QUIC needs do not. It takes less than a
// second and ends with ctx.
//
// A packet of an unknown connection makes a QUIC server answer with a stateless reset
// (RFC 9000, section 10.3), which is smaller than the packet.
func (o DialOptions) onlySmall(ctx context.Context, to netip.AddrPort) bool {
	ctx, cancel := context.WithTimeout(ctx, (sizeTries+1)*sizeTryInterval)
	defer cancel()
	large := make(chan bool, 1)
	go func() { large <- o.answersTo(ctx, to, largeSize) }() // ends with ctx
	small := o.answersTo(ctx, to, smallSize)
	return !<-large && small && ctx.Err() == context.DeadlineExceeded
}

// answersTo reports whether a server answers to packets of a size that belong to no
// connection.
func (o DialOptions) answersTo(ctx context.Context, to netip.AddrPort, size int) bool {
	open := openUDP
	if o.Socket != nil {
		open = o.Socket
	}
	pc, err := open(ctx, to)
	if err != nil {
		return false
	}
	defer func() { _ = pc.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = pc.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	go func() { // ends with ctx or its last try
		for range sizeTries {
			if _, err := pc.WriteTo(strangerPacket(size), net.UDPAddrFromAddrPort(to)); err != nil {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(sizeTryInterval):
			}
		}
	}()
	b := make([]byte, maxDatagram)
	for {
		_, from, err := pc.ReadFrom(b)
		if err != nil {
			return false
		}
		if a, ok := from.(*net.UDPAddr); ok && unmap(a.AddrPort()) == to {
			return true
		}
	}
}

// strangerPacket returns a packet of QUIC with a short header and an unknown
// connection.
func strangerPacket(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails
	b[0] = b[0]&0x3f | 0x40
	return b
}
