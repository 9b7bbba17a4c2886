package probe_test

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/netsim"
)

// tcp is a TCP path between the two ends inside a bubble: each connection carries so
// many bytes a second each way, after a delay.
type tcp struct {
	rate  ippm.Rate
	delay time.Duration

	up, down atomic.Uint64 // bytes carried, headers included

	mu    sync.Mutex
	conns chan net.Conn // nil without a listener
	gate  chan struct{} // closed when the line is restored; nil: it is up
	wg    sync.WaitGroup
}

type tcpListener struct {
	t     *tcp
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (t *tcp) listen() net.Listener {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conns = make(chan net.Conn)
	return &tcpListener{t: t, conns: t.conns, done: make(chan struct{})}
}

func (l *tcpListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *tcpListener) Close() error {
	l.once.Do(func() {
		close(l.done)
		l.t.mu.Lock()
		defer l.t.mu.Unlock()
		if l.t.conns == l.conns {
			l.t.conns = nil
		}
	})
	return nil
}

func (l *tcpListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(serverAddr) }

// tcpConn is one end: a pipe with addresses.
type tcpConn struct {
	net.Conn
	local, remote net.Addr
}

func (c tcpConn) LocalAddr() net.Addr  { return c.local }
func (c tcpConn) RemoteAddr() net.Addr { return c.remote }

// cut cuts the line, or restores it.
func (t *tcp) cut(yes bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case yes && t.gate == nil:
		t.gate = make(chan struct{})
	case !yes && t.gate != nil:
		close(t.gate)
		t.gate = nil
	}
}

// pass waits until the line is up.
func (t *tcp) pass(ctx context.Context) error {
	t.mu.Lock()
	gate := t.gate
	t.mu.Unlock()
	if gate == nil {
		return nil
	}
	select {
	case <-gate:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *tcp) dial(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
	if err := t.pass(ctx); err != nil {
		return nil, err
	}
	t.mu.Lock()
	conns := t.conns
	t.mu.Unlock()
	if conns == nil {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	here, near := net.Pipe()
	far, there := net.Pipe()
	t.carry(near, far, &t.up)
	t.carry(far, near, &t.down)
	a, b := net.TCPAddrFromAddrPort(clientAddr), net.TCPAddrFromAddrPort(serverAddr)
	select {
	case conns <- tcpConn{there, b, a}:
		return tcpConn{here, a, b}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// carry moves bytes from one pipe to another until one is closed, and counts them.
func (t *tcp) carry(from, to net.Conn, count *atomic.Uint64) {
	type piece struct {
		b  []byte
		at time.Time
	}
	window := make(chan piece, 64)
	t.wg.Go(func() {
		defer close(window)
		free := time.Now()
		for {
			b := make([]byte, 1400)
			n, err := from.Read(b)
			if err != nil {
				return
			}
			if now := time.Now(); free.Before(now) {
				free = now
			}
			free = free.Add(t.rate.Time(n + 52))
			count.Add(uint64(n) + 52)
			time.Sleep(time.Until(free))
			_ = t.pass(context.Background())
			window <- piece{b[:n], free.Add(t.delay)}
		}
	})
	t.wg.Go(func() {
		defer to.Close()
		for p := range window {
			time.Sleep(time.Until(p.at))
			if _, err := to.Write(p.b); err != nil {
				_ = from.Close()
			}
		}
	})
}

func newTCPWorld(t *testing.T, rate ippm.Rate) *testbed {
	t.Helper()
	return newTCPWorldSeeded(t, rate, 7)
}

func newTCPWorldSeeded(t *testing.T, rate ippm.Rate, seed uint64) *testbed {
	t.Helper()
	up, down := good()
	w := newTestbedSeeded(t, up, down, seed)
	w.halt()
	w.tcp = &tcp{rate: rate, delay: 10 * ms}
	w.serve()
	return w
}

func (w *testbed) blockUDP(yes bool) {
	loss := 0.0
	if yes {
		loss = 1
	}
	w.client.Up.Update(func(p *netsim.Params) { p.Loss = loss })
}
