package link_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"examlink/probe/link"
	"examlink/probe/netsim"
)

const ms = time.Millisecond

const serverName = "exam.test"

var (
	four  = netip.MustParseAddrPort("192.0.2.1:8443")
	six   = netip.MustParseAddrPort("[2001:db8::1]:8443")
	other = netip.MustParseAddrPort("192.0.2.9:8443") // unused
)

// names is a name service with one name. A family without addresses does not exist for
// the name.
type names struct {
	four, six           []netip.Addr
	fourAfter, sixAfter time.Duration // delay of an answer
	fourErr, sixErr     error         // instead of an answer
}

const never = time.Hour

func (n *names) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	after, addrs, err := n.fourAfter, n.four, n.fourErr
	if network == "ip6" {
		after, addrs, err = n.sixAfter, n.six, n.sixErr
	}
	t := time.NewTimer(after)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return nil, &net.DNSError{UnwrapErr: ctx.Err(), Err: ctx.Err().Error(), Name: host, IsTimeout: true}
	}
	switch {
	case err != nil:
		return nil, err
	case host != serverName || len(addrs) == 0:
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return addrs, nil
}

func both() names {
	return names{four: []netip.Addr{four.Addr()}, six: []netip.Addr{six.Addr()}}
}

// serverDown is the error of a name service that cannot reach another.
var serverDown = &net.DNSError{Err: "server misbehaving", Name: serverName, IsTemporary: true}

// testbed is a server with an address of each family, each on its own link, inside a
// synctest bubble.
type testbed struct {
	t       *testing.T
	pin     [32]byte
	names   names
	nets    []*netsim.Network
	clients map[netip.AddrPort]*netsim.Client
	lns     map[netip.AddrPort]*link.Listener
	noRoute map[netip.AddrPort]bool // the system has no route there
	tcp     map[netip.AddrPort]answer

	mu   sync.Mutex
	open map[*heardSocket]netip.AddrPort // sockets that have not been closed
}

// answer is the result of a connection by TCP.
type answer int

const (
	silent answer = iota
	refused
	answers
)

type heardSocket struct {
	net.PacketConn
	town *testbed
}

func (s *heardSocket) Close() error {
	s.town.mu.Lock()
	defer s.town.mu.Unlock()
	delete(s.town.open, s)
	return s.PacketConn.Close()
}

func newTestbed(t *testing.T) *testbed {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cert := certificate(t)
	w := &testbed{
		t: t, pin: link.Fingerprint(cert.Leaf), names: both(),
		clients: map[netip.AddrPort]*netsim.Client{}, lns: map[netip.AddrPort]*link.Listener{},
		noRoute: map[netip.AddrPort]bool{}, open: map[*heardSocket]netip.AddrPort{},
	}
	t.Cleanup(func() {
		for _, ln := range w.lns {
			_ = ln.Close()
		}
		for _, n := range w.nets {
			_ = n.Server().Close()
		}
		cancel()
		for _, n := range w.nets {
			n.Wait()
		}
	})
	for a, here := range map[netip.AddrPort]string{four: "198.51.100.7:5000", six: "[2001:db8:7::7]:5000"} {
		n := netsim.NewNetwork(ctx, a)
		p := netsim.Params{Delay: 20 * ms}
		w.clients[a] = n.Client(netip.MustParseAddrPort(here), p, p, 1)
		w.nets = append(w.nets, n)
		ln, err := link.Listen(n.Server(), link.ListenOptions{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
		if err != nil {
			t.Fatal(err)
		}
		w.lns[a] = ln
	}
	return w
}

func (w *testbed) options() link.DialOptions {
	o := link.DialOptions{Server: serverName + ":8443", Fingerprint: w.pin, Resolver: &w.names, Socket: w.socket}
	if w.tcp != nil {
		o.TCP = w.dialTCP
	}
	return o
}

func (w *testbed) socket(_ context.Context, to netip.AddrPort) (net.PacketConn, error) {
	if w.noRoute[to] {
		return nil, &net.OpError{Op: "dial", Err: syscall.ENETUNREACH}
	}
	c := w.clients[to]
	if c == nil { // unused, and packets have to go somewhere
		c = w.clients[four]
		s := &heardSocket{PacketConn: deaf{c.Socket()}, town: w}
		return s, nil
	}
	s := &heardSocket{PacketConn: c.Socket(), town: w}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open[s] = to
	return s, nil
}

// deaf is a socket whose packets go nowhere.
type deaf struct{ net.PacketConn }

func (deaf) WriteTo(b []byte, _ net.Addr) (int, error) { return len(b), nil }

func (w *testbed) dialTCP(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	at, ok := w.tcp[to]
	if !ok { // another port of the same host
		for a, x := range w.tcp {
			if a.Addr() == to.Addr() {
				at = x
			}
		}
	}
	switch at {
	case answers:
		near, far := net.Pipe()
		_ = far.Close()
		return near, nil
	case refused:
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// silence makes an address a black hole.
func (w *testbed) silence(a netip.AddrPort) {
	w.clients[a].Up.Update(func(p *netsim.Params) { p.Outage = true })
}

func (w *testbed) delay(a netip.AddrPort, d time.Duration) {
	for _, p := range []*netsim.Pipe{w.clients[a].Up, w.clients[a].Down} {
		p.Update(func(p *netsim.Params) { p.Delay = d })
	}
}

// accepted counts the connections that the server accepts within 10 s at an address
// and that remain open.
func (w *testbed) accepted(a netip.AddrPort) (n int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		c, err := w.lns[a].Accept(ctx)
		if err != nil {
			return n
		}
		time.Sleep(time.Second)
		if c.Err() == nil {
			n++
		}
	}
}
