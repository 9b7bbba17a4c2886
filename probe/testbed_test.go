package probe_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/netsim"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/event"
	"examlink/server/exam"
)

const ms = time.Millisecond

var (
	serverAddr = netip.MustParseAddrPort("10.0.0.1:8443")
	clientAddr = netip.MustParseAddrPort("10.0.0.2:50000")
)

// testbed is a server and a client with a simulated link between them, inside a
// synctest bubble, with diverging clocks.
type testbed struct {
	t      *testing.T
	began  time.Time
	addr   netip.AddrPort // the server's
	net    *netsim.Network
	tcp    *tcp // nil: the server does not listen by TCP
	client *netsim.Client
	host   *netsim.Clock
	far    *netsim.Clock
	keys   server.Keys
	server *server.Server
	stop   context.CancelFunc
	served chan error

	policy  verdict.Policy // the server's; zero: the default
	adjust  func(*server.Options)
	waiters func(clock.Clock) (clock.Waiter, error)
	wrap    func(net.PacketConn) net.PacketConn // wraps the hosts' sockets; nil: unchanged

	mu     sync.Mutex
	states []string // states and times reported by the server's own timers
}

func newTestbed(t *testing.T, up, down netsim.Params) *testbed {
	t.Helper()
	return newTestbedSeeded(t, up, down, 7)
}

func newTestbedSeeded(t *testing.T, up, down netsim.Params, seed uint64) *testbed {
	t.Helper()
	return newTestbedOf(t, up, down, seed, nil)
}

// newTestbedOf returns a testbed whose hosts are busy, if there is a spoiler.
func newTestbedOf(t *testing.T, up, down netsim.Params, seed uint64, busy *spoiler) *testbed {
	t.Helper()
	return newTestbedAt(t, serverAddr, clientAddr, up, down, seed, busy)
}

// newTestbedAt returns a testbed with other addresses than usual.
func newTestbedAt(t *testing.T, there, here netip.AddrPort, up, down netsim.Params, seed uint64, busy *spoiler) *testbed {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &testbed{
		t: t, began: time.Now(), addr: there, net: netsim.NewNetwork(ctx, there),
		host: netsim.NewClock(5*time.Second, 0), far: netsim.NewClock(-time.Hour, 40e-6), waiters: timers,
	}
	if busy != nil {
		w.spoil(busy)
	}
	w.client = w.net.Client(here, up, down, seed)
	var err error
	if w.keys, err = server.LoadKeys(t.TempDir(), "", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	w.serve()
	t.Cleanup(func() {
		w.halt()
		cancel()
		w.net.Wait()
		if w.tcp != nil {
			w.tcp.wg.Wait()
		}
	})
	return w
}

func logger() *slog.Logger {
	if os.Getenv("EXAMLINK_TEST_LOG") == "" {
		return nil
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (w *testbed) serve() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var conn net.PacketConn = w.net.Server()
	if w.wrap != nil {
		conn = w.wrap(conn)
	}
	var tcp net.Listener
	if w.tcp != nil {
		tcp = w.tcp.listen()
	}
	o := server.Options{
		Conn: conn, TCP: tcp, TLS: &tls.Config{Certificates: []tls.Certificate{w.keys.Certificate}}, Log: logger(),
		TokenKey: w.keys.Token.Public().(ed25519.PublicKey), Sign: w.keys.Token, Secret: w.keys.Secret, Clock: w.far,
		NewWaiter: w.waiters, Policy: w.policy,
	}
	if w.adjust != nil {
		w.adjust(&o)
	}
	srv, err := server.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	srv.Events().Handle(func(e event.Event) {
		switch e.Payload.(type) {
		case event.State, event.Ended:
			w.mu.Lock()
			defer w.mu.Unlock()
			w.states = append(w.states, fmt.Sprintf("%v %s", time.Since(w.began).Round(100*ms), e.Session.State))
		}
	})
	w.server, w.served = srv, make(chan error, 1)
	w.stop = func() {
		cancel()
		if err := <-w.served; err != nil {
			w.t.Error(err)
		}
		_ = conn.Close()
	}
	go func() { w.served <- srv.Run(ctx) }()
}

func (w *testbed) halt() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

func timers(c clock.Clock) (clock.Waiter, error) { return clock.NewTimerWaiter(c), nil }

// token issues a join token.
func (w *testbed) token(valid time.Duration) string {
	w.t.Helper()
	pin := link.Fingerprint(w.keys.Certificate.Leaf)
	token, err := exam.Issue(w.keys.Token, wire.JoinToken{
		Exam: "e1", Student: "s1", Servers: []string{w.addr.String()}, Fingerprint: base64.RawURLEncoding.EncodeToString(pin[:]),
		NotBefore: time.Now().Unix(), Expires: time.Now().Add(valid).Unix(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

func (w *testbed) options() probe.Options {
	w.t.Helper()
	o := probe.DefaultOptions()
	o.Token, o.Clock, o.NewWaiter, o.Seed, o.Log = w.token(24*time.Hour), w.host, timers, 1, logger()
	o.Socket = func(context.Context, netip.AddrPort) (net.PacketConn, error) { return w.client.Socket(), nil }
	if w.tcp != nil {
		o.TCP = w.tcp.dial
	}
	return w.spoilt(o)
}

func mbit(v float64) ippm.Rate { return ippm.Rate(v * 1e6) }

func TestCheckOverSimulatedLinks(t *testing.T) {
	for _, c := range []struct {
		name     string
		down, up float64
		rtt      time.Duration
		change   func(*netsim.Params)
		want     verdict.Outcome
		within   float64 // relative error of the capacity
	}{
		{"too slow", 0.6, 0.3, 20 * ms, nil, verdict.NotReady, 0.01},
		{"upload too slow", 5, 0.36, 20 * ms, nil, verdict.NotReady, 0.01},
		{"just above the minimum", 0.845, 0.4224, 40 * ms, nil, verdict.Marginal, 0.01},
		{"comfortable", 2, 1.5, 40 * ms, nil, verdict.Ready, 0.01},
		{"fast", 10, 5, 10 * ms, nil, verdict.Ready, 0.01},
		{"long way", 10, 5, 200 * ms, nil, verdict.Ready, 0.02},
		{"very slow", 0.15, 0.1, 100 * ms, func(p *netsim.Params) { p.QueueTime = time.Second }, verdict.NotReady, 0.02},
		{"above the ceiling", 200, 100, 20 * ms, nil, verdict.Ready, 0},
		{"lossy", 2, 1.5, 40 * ms, func(p *netsim.Params) { p.Loss = 0.05 }, verdict.NotReady, 0.02},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := netsim.Params{QueueTime: 200 * ms, Delay: c.rtt / 2}
				if c.change != nil {
					c.change(&p)
				}
				up, down := p, p
				up.Rate, down.Rate = mbit(c.up), mbit(c.down)
				w := newTestbed(t, up, down)
				var told *verdict.Summary
				r, err := probe.Check(t.Context(), w.options(), func(p probe.Progress) {
					if p.Phase == probe.PhaseSettle && p.Done != "" { // the session ends with the check
						told = w.claims().Verdict
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if r.Verdict.Outcome != c.want {
					t.Errorf("verdict %q: %s", r.Verdict.Outcome, r.Verdict.Sentence)
				}
				near := func(name string, got ippm.Interval, want float64) {
					if c.within == 0 {
						if got.Value != nil || got.Low == nil || *got.Low < 24e6 {
							t.Errorf("%s: %+v, want a bound of about 25 Mbit/s", name, got)
						}
						return
					}
					if got.Value == nil || math.Abs(*got.Value/want/1e6-1) > c.within {
						t.Errorf("%s: %s, want %v Mbit/s", name, describe(got), want)
					}
				}
				near("download", r.CapacityDown.Rate, c.down)
				near("upload", r.CapacityUp.Rate, c.up)
				if m := r.Idle.RoundTrip.Median; m == nil || *m < c.rtt.Seconds() || *m > c.rtt.Seconds()+0.02 {
					t.Errorf("round trip %v, want a little over %v", m, c.rtt)
				}
				if told == nil || !reflect.DeepEqual(*told, r.Verdict.Summary()) {
					t.Errorf("the server was told %+v", told)
				}
				if r.BytesDown+r.BytesUp > 10e6 || r.Duration.Duration() > 25*time.Second {
					t.Errorf("used %d bytes in %v", r.BytesDown+r.BytesUp, r.Duration)
				}
				t.Logf("%v, %d kB, down %s up %s", r.Duration, (r.BytesDown+r.BytesUp)/1000, describe(r.CapacityDown.Rate), describe(r.CapacityUp.Rate))
				t.Logf("floor down %d kB %v, up %d kB %v", r.FloorDown.Bytes/1000, r.FloorDown.Duration, r.FloorUp.Bytes/1000, r.FloorUp.Duration)
			})
		})
	}
}

// A link that carries a burst of 200 kB at once and then 0.5 Mbit/s does not meet
// 0.768, and the report names the burst.
func TestCheckSeesBehindALargeTokenBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := netsim.Params{QueueTime: 300 * ms, Delay: 10 * ms}
		up, down := p, p
		up.Rate = mbit(2)
		down.Rate, down.Bucket = mbit(0.5), 200_000
		w := newTestbed(t, up, down)
		r, err := probe.Check(t.Context(), w.options(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict.Outcome != verdict.NotReady || r.FloorDown.Outcome != probe.FloorBelow || r.FloorUp.Outcome != probe.FloorMeets {
			t.Errorf("verdict %q, floor %+v", r.Verdict.Outcome, r.FloorDown)
		}
		if v := r.CapacityDown.Rate.Value; v == nil || math.Abs(*v/0.5e6-1) > 0.02 {
			t.Errorf("download %s, want 0.5 Mbit/s", describe(r.CapacityDown.Rate))
		}
		if !strings.Contains(r.FloorDown.Why, "burst") || r.FloorDown.Excess < 60e3 {
			t.Errorf("nothing is said of the burst: %+v", r.FloorDown)
		}
	})
}

func describe(i ippm.Interval) string {
	switch {
	case i.Value != nil:
		return ippm.Rate(*i.Value).String()
	case i.Low != nil:
		return "at least " + ippm.Rate(*i.Low).String()
	}
	return "unknown"
}

// long skips a test that simulates hours in all where little time is wanted.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("long: simulates hours in all")
	}
}
