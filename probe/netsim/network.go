package netsim

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

const (
	udpHeaders = 28   // IPv4 and UDP
	inboxSize  = 4096 // packets a simulated socket holds before it drops
)

// Network connects one server and any number of clients, each behind its own
// link. It implements their sockets.
type Network struct {
	ctx  context.Context
	wg   *sync.WaitGroup
	addr netip.AddrPort // the server's

	mu      sync.Mutex
	server  *Socket
	clients map[netip.Addr]*Client
}

// Client is a host behind a link.
type Client struct {
	Up, Down *Pipe
	net      *Network

	mu      sync.Mutex
	addr    netip.AddrPort     // the first socket's, as seen by the server
	sockets map[uint16]*Socket // by the port seen by the server
	ports   map[*Socket]uint16 // the reverse
	opened  uint16
}

// NewNetwork makes a network whose server listens on addr. Its goroutines end
// with ctx; Wait waits for them.
func NewNetwork(ctx context.Context, addr netip.AddrPort) *Network {
	n := &Network{ctx: ctx, wg: new(sync.WaitGroup), addr: addr, clients: map[netip.Addr]*Client{}}
	n.server = newSocket(addr)
	n.server.send = n.fromServer
	return n
}

// Wait returns when every goroutine of the network has ended.
func (n *Network) Wait() { n.wg.Wait() }

// Server returns the server's socket. If it was closed, a new one takes its
// place, as when a restarted server binds again.
func (n *Network) Server() *Socket {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.server.closed:
		fresh := newSocket(n.addr)
		fresh.send = n.fromServer
		n.server = fresh
	default:
	}
	return n.server
}

func (n *Network) fromServer(b []byte, to netip.AddrPort) {
	n.mu.Lock()
	c := n.clients[to.Addr()]
	n.mu.Unlock()
	if c != nil {
		c.Down.Send(binary.BigEndian.AppendUint16(b, to.Port()), len(b)+udpHeaders)
	}
}

// Client adds a host at addr behind a link. seed determines the link's
// randomness.
func (n *Network) Client(addr netip.AddrPort, up, down Params, seed uint64) *Client {
	c := &Client{net: n, addr: addr, sockets: map[uint16]*Socket{}, ports: map[*Socket]uint16{}}
	c.Up = NewPipe(up, seed*2+1, func(b []byte) {
		n.mu.Lock()
		s := n.server
		n.mu.Unlock()
		b, port := cutPort(b)
		s.receive(b, netip.AddrPortFrom(c.address(), port))
	})
	c.Down = NewPipe(down, seed*2+2, func(b []byte) {
		b, port := cutPort(b)
		c.mu.Lock()
		s := c.sockets[port]
		c.mu.Unlock()
		if s != nil {
			s.receive(b, n.addr)
		}
	})
	n.wg.Go(func() { c.Up.Run(n.ctx) })
	n.wg.Go(func() { c.Down.Run(n.ctx) })
	n.mu.Lock()
	n.clients[addr.Addr()] = c
	n.mu.Unlock()
	return c
}

// cutPort splits off the client's port, which follows the payload.
func cutPort(b []byte) (payload []byte, port uint16) {
	n := len(b) - 2
	return b[:n], binary.BigEndian.Uint16(b[n:])
}

func (c *Client) address() netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.addr.Addr()
}

// Socket opens another socket of the client, on its own port.
func (c *Client) Socket() *Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	port := c.addr.Port() + c.opened
	c.opened++
	s := newSocket(netip.AddrPortFrom(c.addr.Addr(), port))
	s.send = func(b []byte, _ netip.AddrPort) {
		c.mu.Lock()
		port := c.ports[s]
		c.mu.Unlock()
		c.Up.Send(binary.BigEndian.AppendUint16(b, port), len(b)+udpHeaders)
	}
	c.sockets[port], c.ports[s] = s, port
	return s
}

// Rebind changes the client's address and its sockets' ports as seen by the
// server, like a NAT that lost its bindings. Packets to the old ones are lost.
func (c *Client) Rebind(addr netip.Addr) {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.net.clients, c.addr.Addr())
	c.addr = netip.AddrPortFrom(addr, c.addr.Port())
	c.net.clients[addr] = c
	const shift = 1000
	c.sockets = map[uint16]*Socket{}
	for s := range c.ports {
		c.ports[s] += shift
		c.sockets[c.ports[s]] = s
	}
}

type datagram struct {
	data []byte
	from netip.AddrPort
}

// Socket is a simulated UDP socket, a net.PacketConn.
type Socket struct {
	addr   netip.AddrPort
	send   func([]byte, netip.AddrPort)
	inbox  chan datagram
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	deadline time.Time
	changed  chan struct{} // closed when the deadline changes
}

func newSocket(addr netip.AddrPort) *Socket {
	return &Socket{addr: addr, inbox: make(chan datagram, inboxSize), closed: make(chan struct{}), changed: make(chan struct{})}
}

func (s *Socket) receive(b []byte, from netip.AddrPort) {
	select {
	case <-s.closed:
	case s.inbox <- datagram{b, from}:
	default: // the socket's buffer is full
	}
}

// ReadFrom implements net.PacketConn.
func (s *Socket) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		s.mu.Lock()
		deadline, changed := s.deadline, s.changed
		s.mu.Unlock()
		var expired <-chan time.Time
		if !deadline.IsZero() {
			d := time.Until(deadline)
			if d <= 0 {
				return 0, nil, os.ErrDeadlineExceeded
			}
			t := time.NewTimer(d)
			defer t.Stop()
			expired = t.C
		}
		select {
		case <-s.closed:
			return 0, nil, net.ErrClosed
		case d := <-s.inbox:
			return copy(b, d.data), net.UDPAddrFromAddrPort(d.from), nil
		case <-expired:
			return 0, nil, os.ErrDeadlineExceeded
		case <-changed:
		}
	}
}

// WriteTo implements net.PacketConn.
func (s *Socket) WriteTo(b []byte, to net.Addr) (int, error) {
	select {
	case <-s.closed:
		return 0, net.ErrClosed
	default:
	}
	s.send(append([]byte(nil), b...), to.(*net.UDPAddr).AddrPort())
	return len(b), nil
}

// Close implements net.PacketConn.
func (s *Socket) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// LocalAddr implements net.PacketConn.
func (s *Socket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.addr) }

// SetReadDeadline implements net.PacketConn.
func (s *Socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// SetDeadline implements net.PacketConn; writes never block.
func (s *Socket) SetDeadline(t time.Time) error { return s.SetReadDeadline(t) }

// SetWriteDeadline implements net.PacketConn; writes never block.
func (s *Socket) SetWriteDeadline(time.Time) error { return nil }

// SetReadBuffer accepts any size: the simulated buffer is fixed.
func (s *Socket) SetReadBuffer(int) error { return nil }

// SetWriteBuffer accepts any size: simulated sockets have no write buffer.
func (s *Socket) SetWriteBuffer(int) error { return nil }
