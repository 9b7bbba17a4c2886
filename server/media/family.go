package media

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"examlink/probe/link"
)

// Chosen by us.
const (
	queueLength = 512  // packets between the socket's read loop and pion's
	mostPacket  = 1500 // bytes
)

// family is the server's socket as pion sees it, for one family of addresses. pion chooses
// by the local address, which is no real one: which addresses browsers are given is not its
// affair.
type family struct {
	socket *link.Socket
	local  *net.UDPAddr
	queue  chan arrived
	pool   sync.Pool

	once   sync.Once
	closed chan struct{}
}

type arrived struct {
	data []byte
	from netip.AddrPort
}

var _ net.PacketConn = (*family)(nil)

// newFamily returns the packets of a family; its local address is one for documentation
// (RFC 5737, RFC 3849).
func newFamily(s *link.Socket, six bool) *family {
	local := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9}
	if six {
		local.IP = net.ParseIP("2001:db8::1")
	}
	return &family{
		socket: s, local: local, queue: make(chan arrived, queueLength), closed: make(chan struct{}),
		pool: sync.Pool{New: func() any { return new([mostPacket]byte) }},
	}
}

// demultiplex hands packets to their families. Those for which there is no room are dropped.
func demultiplex(four, six *family, dropped func()) link.MediaHandler {
	return func(b []byte, from netip.AddrPort) {
		f := four
		if from.Addr().Is6() {
			f = six
		}
		if !f.push(b, from) {
			dropped()
		}
	}
}

// push copies a packet into the queue, if there is room.
func (f *family) push(b []byte, from netip.AddrPort) bool {
	if len(f.queue) == cap(f.queue) || len(b) > mostPacket { // there is one pusher
		return false
	}
	buffer := f.pool.Get().(*[mostPacket]byte)
	f.queue <- arrived{buffer[:copy(buffer[:], b)], from}
	return true
}

// ReadFrom implements net.PacketConn.
func (f *family) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-f.queue:
		n := copy(b, p.data)
		f.pool.Put((*[mostPacket]byte)(p.data[:mostPacket]))
		return n, net.UDPAddrFromAddrPort(p.from), nil
	case <-f.closed:
		return 0, nil, io.EOF
	}
}

// WriteTo implements net.PacketConn.
func (f *family) WriteTo(b []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError(to.String())
	}
	p := a.AddrPort()
	if err := f.socket.Send(b, netip.AddrPortFrom(p.Addr().Unmap(), p.Port())); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Close implements net.PacketConn. It does not close the socket.
func (f *family) Close() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

// LocalAddr implements net.PacketConn.
func (f *family) LocalAddr() net.Addr { return f.local }

// SetDeadline and its kin implement net.PacketConn; pion sets none here.
func (f *family) SetDeadline(time.Time) error      { return nil }
func (f *family) SetReadDeadline(time.Time) error  { return nil }
func (f *family) SetWriteDeadline(time.Time) error { return nil }
