package probe_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/netsim"
	"examlink/probe/verdict"
	"examlink/probe/warning"
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

func TestCheckByWebSocket(t *testing.T) {
	for _, c := range []struct {
		name string
		rate float64
		want verdict.Outcome
	}{
		{"fast", 20, verdict.Marginal},
		{"slow", 0.5, verdict.Inconclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTCPWorld(t, mbit(c.rate))
				w.blockUDP(true)
				r, err := probe.Check(t.Context(), w.options(), nil)
				if err != nil {
					t.Fatal(err)
				}
				if r.Transport != probe.TransportWebSocket || r.Verdict.Outcome != c.want {
					t.Errorf("by %s: %q %s", r.Transport, r.Verdict.Outcome, r.Verdict.Sentence)
				}
				for _, i := range []ippm.Interval{r.CapacityDown.Rate, r.CapacityUp.Rate, r.FloorDown.Rate, r.FloorUp.Rate} {
					if i.Value != nil || i.High != nil || i.Low == nil || *i.Low <= 0 || *i.Low > c.rate*1e6 {
						t.Errorf("a rate of %s by a TCP of %v Mbit/s", describe(i), c.rate)
					}
				}
				if r.CapacityDown.Why == "" || r.GoodputDown.Value != nil || r.GoodputDown.Why == "" {
					t.Errorf("capacity %+v, goodput %+v", r.CapacityDown, r.GoodputDown)
				}
				if m := r.Idle.RoundTrip.Median; m == nil || *m < 0.02 || *m > 0.03 {
					t.Errorf("round trip %v", m)
				}
				if r.Idle.OverTCP != r.Idle.Sent || r.Idle.Sent == 0 {
					t.Errorf("%d of %d packets by TCP", r.Idle.OverTCP, r.Idle.Sent)
				}
				for _, x := range r.Verdict.Reasons {
					if (x.Criterion == verdict.LossDown || x.Criterion == verdict.LossUp) && (x.Value != nil || x.AgainstMin != verdict.Hidden) {
						t.Errorf("loss by TCP: %+v", x)
					}
				}
				t.Logf("%v: %s down %s up %s, %d kB", r.Duration, r.Verdict.Sentence, describe(r.CapacityDown.Rate), describe(r.CapacityUp.Rate), (r.BytesDown+r.BytesUp)/1000)
			})
		})
	}
}

// A path that drops packets of QUIC's size, but not small ones, is distinguished from one
// that blocks UDP.
func TestPathTooNarrowForQUIC(t *testing.T) {
	for way, narrow := range map[string]func(*testbed) []*netsim.Pipe{
		"up":   func(w *testbed) []*netsim.Pipe { return []*netsim.Pipe{w.client.Up} },
		"both": func(w *testbed) []*netsim.Pipe { return []*netsim.Pipe{w.client.Up, w.client.Down} },
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newTCPWorld(t, mbit(20))
			for _, l := range narrow(w) {
				l.Update(func(p *netsim.Params) { p.MTU = 1227 })
			}
			r, err := probe.Check(t.Context(), w.options(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Transport != probe.TransportWebSocket || r.PathMTU != nil || !strings.Contains(r.Verdict.Sentence, "small UDP packets") {
				t.Errorf("%s: by %s, path MTU %v: %s", way, r.Transport, r.PathMTU, r.Verdict.Sentence)
			}
			o := w.options()
			o.TCP = func(context.Context, netip.AddrPort) (net.Conn, error) {
				near, far := net.Pipe()
				_ = far.Close()
				return near, nil
			}
			_, err = probe.Check(t.Context(), o, nil)
			if r, _ := link.ReasonOf(err); r != link.ReasonPathMTU {
				t.Errorf("%s, and no WebSocket: %q: %v", way, r, err)
			}
		})
	}
}

// Where TCP connects without a WebSocket, the reason is still that UDP is blocked.
func TestUDPBlockedAndNoWebSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTCPWorld(t, mbit(5))
		w.blockUDP(true)
		o := w.options()
		o.TCP = func(context.Context, netip.AddrPort) (net.Conn, error) {
			near, far := net.Pipe()
			_ = far.Close()
			return near, nil
		}
		_, err := probe.Check(t.Context(), o, nil)
		if r, _ := link.ReasonOf(err); r != link.ReasonUDPBlocked || !strings.Contains(err.Error(), "WebSocket") {
			t.Errorf("%q: %v", r, err)
		}
		bad := w.options()
		bad.Token = bad.Token[:len(bad.Token)-4] + "AAAA"
		_, err = probe.Check(t.Context(), bad, nil)
		var refused *probe.RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("a forged token by WebSocket: %v", err)
		}
	})
}

// moves records the transports of a session and their times, in addition to a diary.
type moves struct {
	diary
	mu   sync.Mutex
	list []move
}

type move struct {
	at      time.Time
	state   probe.SessionState
	via     link.Transport
	session string
}

func (m *moves) Session(e probe.SessionEvent) {
	m.diary.Session(e)
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.State == probe.SessionConnected || e.State == probe.SessionResumed {
		m.list = append(m.list, move{e.At, e.State, e.Transport, e.Session})
	}
}

func TestWatchMovesToWebSocketAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTCPWorld(t, mbit(20))
		m := &moves{diary: diary{start: w.host.Wall()}}
		finish := w.watchWith(nil, m)
		time.Sleep(time.Minute)
		w.blockUDP(true)
		blocked := w.host.Wall()
		time.Sleep(2 * time.Minute)
		w.blockUDP(false)
		open := w.host.Wall()
		time.Sleep(time.Minute)
		s := finish()
		if len(m.list) != 3 {
			t.Fatalf("moves %+v", m.list)
		}
		for i, want := range []struct {
			state  probe.SessionState
			via    link.Transport
			after  time.Time
			within time.Duration
		}{
			{probe.SessionConnected, link.UDP, m.start, time.Second},
			{probe.SessionResumed, link.WebSocket, blocked, 10 * time.Second},
			{probe.SessionResumed, link.UDP, open, 40 * time.Second},
		} {
			got := m.list[i]
			if got.state != want.state || got.via != want.via || got.session != m.list[0].session || got.at.Sub(want.after) > want.within {
				t.Errorf("%d: %+v after %v, want %+v", i, got, got.at.Sub(want.after), want)
			}
		}
		if got := kinds(s.Warnings); got != "outage udp-blocked" {
			t.Errorf("warnings %q: %v", got, s.Warnings)
		}
		for _, x := range s.Warnings {
			if x.Cause != warning.CauseUDPBlocked && x.Kind == warning.Outage {
				t.Errorf("the cause of the outage is %q", x.Cause)
			}
			if x.Kind != warning.UDPBlocked {
				continue
			}
			about(t, "UDP blocked", x.Start, blocked, 0, time.Second)
			if !x.End.Equal(m.list[2].at) || x.Episodes != 1 {
				t.Errorf("it ended at %v, UDP worked at %v", x.End, m.list[2].at)
			}
		}
		f := s.Monitor
		if f.OverTCP < 900 || f.OverTCP > 1500 || f.Stalled != 0 || f.LostUnknown < 50 || f.LostUnknown > 100 || f.LostDown > 0 { // lost: until it moved
			t.Errorf("%+v", f)
		}
		if f.Sent != f.Received+f.LostUp+f.LostDown+f.LostUnknown {
			t.Errorf("%d sent, %d received, lost %d up %d down %d unknown", f.Sent, f.Received, f.LostUp, f.LostDown, f.LostUnknown)
		}
		t.Logf("by WebSocket after %v, back after %v; %d floor tests", m.list[1].at.Sub(blocked), m.list[2].at.Sub(open), s.FloorTests)
	})
}

func TestWatchBeginsByWebSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTCPWorld(t, mbit(20))
		w.blockUDP(true)
		m := &moves{diary: diary{start: w.host.Wall()}}
		finish := w.watchWith(nil, m)
		time.Sleep(2 * time.Minute)
		sessions := w.server.Sessions()
		s := finish()
		if len(m.list) != 1 || m.list[0].via != link.WebSocket || m.list[0].at.Sub(m.start) > 8*time.Second {
			t.Errorf("moves %+v", m.list)
		}
		if len(sessions) != 1 || sessions[0].Transport != link.WebSocket {
			t.Errorf("the server's sessions: %+v", sessions)
		}
		if got := kinds(s.Warnings); got != "udp-blocked" || !s.Warnings[0].End.IsZero() {
			t.Errorf("warnings %q: %v", got, s.Warnings)
		}
		if s.Monitor.Received < 1000 || s.Monitor.OverTCP != s.Monitor.Sent {
			t.Errorf("%+v", s.Monitor)
		}
	})
}

// A line that recovers while a new connection is being tried is not a network that
// blocks UDP, although TCP succeeds first.
func TestLineBackIsNotUDPBlocked(t *testing.T) {
	step := 400 * ms
	if testing.Short() {
		step = 4 * time.Second
	}
	for dark := 8 * time.Second; dark < 16*time.Second; dark += step {
		synctest.Test(t, func(t *testing.T) {
			w := newTCPWorld(t, mbit(20))
			_, finish := w.watch(func(o *probe.Options) { o.Attribution = newNeighbourhood() })
			time.Sleep(time.Minute)
			w.cut(dark)
			time.Sleep(time.Minute)
			s := finish()
			if got := kinds(s.Warnings); got != "outage" || s.Monitor.OverTCP > 0 {
				t.Errorf("after %v: warnings %q, %d packets by TCP: %v", dark, got, s.Monitor.OverTCP, s.Warnings)
			}
		})
	}
}
