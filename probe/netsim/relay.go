package netsim

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// Relay is a link between real UDP sockets on one host: clients send to its
// address, and it forwards their packets to a server. Each client has its own
// socket towards the server; all share one link, like a household.
type Relay struct {
	Up, Down *Pipe

	listener *net.UDPConn
	server   netip.AddrPort

	mu      sync.Mutex
	clients map[netip.AddrPort]*net.UDPConn
}

type relayed struct {
	payload []byte
	client  netip.AddrPort
}

// NewRelay listens on a loopback address and relays to server.
func NewRelay(server netip.AddrPort, up, down Params, seed uint64) (*Relay, error) {
	l, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	r := &Relay{listener: l, server: server, clients: map[netip.AddrPort]*net.UDPConn{}}
	r.Up = NewPipe(up, seed*2+1, func(b []byte) {
		if p := unpack(b); r.client(p.client) != nil {
			_, _ = r.client(p.client).WriteToUDPAddrPort(p.payload, server)
		}
	})
	r.Down = NewPipe(down, seed*2+2, func(b []byte) {
		p := unpack(b)
		_, _ = l.WriteToUDPAddrPort(p.payload, p.client)
	})
	return r, nil
}

// Addr returns the address clients send to.
func (r *Relay) Addr() netip.AddrPort { return r.listener.LocalAddr().(*net.UDPAddr).AddrPort() }

func (r *Relay) client(a netip.AddrPort) *net.UDPConn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clients[a]
}

// pack appends a client's address to a payload; unpack removes it.
func pack(b []byte, client netip.AddrPort) []byte {
	a, _ := client.MarshalBinary()
	out := make([]byte, 0, len(b)+len(a)+1)
	return append(append(append(out, b...), a...), byte(len(a)))
}

func unpack(b []byte) relayed {
	n := int(b[len(b)-1])
	rest := b[:len(b)-1]
	var a netip.AddrPort
	_ = a.UnmarshalBinary(rest[len(rest)-n:])
	return relayed{rest[:len(rest)-n], a}
}

// Run relays until ctx ends.
func (r *Relay) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() { r.Up.Run(ctx) })
	wg.Go(func() { r.Down.Run(ctx) })
	stop := context.AfterFunc(ctx, func() { // ends every read below
		_ = r.listener.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, c := range r.clients {
			_ = c.Close()
		}
	})
	defer stop()
	buf := make([]byte, 2048)
	for {
		n, from, err := r.listener.ReadFromUDPAddrPort(buf)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("relay: %w", err)
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if r.client(from) == nil {
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				return fmt.Errorf("relay: %w", err)
			}
			r.mu.Lock()
			r.clients[from] = c
			r.mu.Unlock()
			wg.Go(func() { // ends when the socket is closed
				b := make([]byte, 2048)
				for {
					n, _, err := c.ReadFromUDPAddrPort(b)
					if err != nil {
						return
					}
					r.Down.Send(pack(b[:n], from), n+udpHeaders)
				}
			})
		}
		r.Up.Send(pack(buf[:n], from), n+udpHeaders)
	}
}
