package server_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe/clock"
	"examlink/probe/link"
	"examlink/probe/netsim"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/delivery"
	"examlink/server/event"
	"examlink/server/exam"
	"examlink/server/store"
)

const ms = time.Millisecond

var serverAddr = netip.MustParseAddrPort("10.0.0.1:8443")

// testbed is a server in a bubble, and clients that speak its protocol by hand.
type testbed struct {
	t    *testing.T
	net  *netsim.Network
	keys server.Keys
	srv  *server.Server
	stop func()

	clock clock.Clock  // the server's; nil: this host's
	log   *slog.Logger // the server's; nil: none
	store store.Store  // nil: in memory

	notify   *delivery.Options // nil: notifications are off
	unsigned bool              // the server has no key to sign with
	handle   func(event.Event) // takes the server's events from the first on; nil: nobody does
}

// registry returns a registry with the server's metrics.
func (s *testbed) registry() *prometheus.Registry {
	s.t.Helper()
	r := prometheus.NewRegistry()
	if err := s.srv.Register(r); err != nil {
		s.t.Fatal(err)
	}
	return r
}

func newTestbed(t *testing.T, limits server.Limits) *testbed {
	t.Helper()
	return newTestbedOf(t, limits, nil, nil)
}

// newTestbedOf makes a testbed whose server has a clock and a log of its own.
func newTestbedOf(t *testing.T, limits server.Limits, c clock.Clock, log *slog.Logger) *testbed {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &testbed{t: t, net: netsim.NewNetwork(ctx, serverAddr), clock: c, log: log}
	var err error
	if s.keys, err = server.LoadKeys(t.TempDir(), "", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	s.start(limits)
	t.Cleanup(func() {
		s.stop()
		cancel()
		s.net.Wait()
	})
	return s
}

func (s *testbed) start(limits server.Limits) {
	s.t.Helper()
	conn := s.net.Server()
	sign := s.keys.Token
	if s.unsigned {
		sign = nil
	}
	srv, err := server.New(server.Options{
		Conn: conn, TLS: &tls.Config{Certificates: []tls.Certificate{s.keys.Certificate}},
		TokenKey: s.keys.Token.Public().(ed25519.PublicKey), Sign: sign, Secret: s.keys.Secret, Limits: limits, Clock: s.clock, Log: s.log, Store: s.store, Notify: s.notify,
		NewWaiter: func(c clock.Clock) (clock.Waiter, error) { return clock.NewTimerWaiter(c), nil },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.handle != nil {
		srv.Events().Handle(s.handle)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	s.srv = srv
	s.stop = func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
		_ = conn.Close()
	}
}

func (s *testbed) token(id string, key ed25519.PrivateKey, from, to time.Duration) string {
	s.t.Helper()
	return s.tokenOf(wire.JoinToken{ID: id}, key, from, to)
}

// policy is a good token that names a policy.
func (s *testbed) policy(id, policy string) string {
	s.t.Helper()
	return s.tokenOf(wire.JoinToken{ID: id, Policy: policy}, s.keys.Token, 0, time.Hour)
}

// tokenOf issues a token with the exam, the student and the server of the testbed.
func (s *testbed) tokenOf(t wire.JoinToken, key ed25519.PrivateKey, from, to time.Duration) string {
	s.t.Helper()
	return s.tokenFor("s1", t, key, from, to)
}

// tokenFor issues such a token for another student.
func (s *testbed) tokenFor(student string, t wire.JoinToken, key ed25519.PrivateKey, from, to time.Duration) string {
	s.t.Helper()
	pin := link.Fingerprint(s.keys.Certificate.Leaf)
	t.Exam, t.Student, t.Servers, t.Fingerprint = "e1", student, []string{serverAddr.String()}, base64.RawURLEncoding.EncodeToString(pin[:])
	t.NotBefore, t.Expires = time.Now().Add(from).Unix(), time.Now().Add(to).Unix()
	tok, err := exam.Issue(key, t)
	if err != nil {
		s.t.Fatal(err)
	}
	return tok
}

func (s *testbed) good(id string) string { return s.token(id, s.keys.Token, 0, time.Hour) }

// caller is a scripted client.
type caller struct {
	t       *testing.T
	host    *netsim.Client
	time    time.Time // what its clock shows when it says hello
	conn    *link.Conn
	control link.Stream
	flow    *link.Flow
	welcome wire.Welcome
	refused *wire.Refused
	got     chan link.Datagram
}

func (s *testbed) host(addr string) *netsim.Client {
	p := netsim.Params{Delay: 10 * ms}
	return s.net.Client(netip.MustParseAddrPort(addr), p, p, 1)
}

// call connects, says hello and keeps the answer.
func (s *testbed) call(host *netsim.Client, token, resume string) *caller {
	s.t.Helper()
	c := s.dial(host)
	c.hello(token, resume)
	return c
}

// dial connects.
func (s *testbed) dial(host *netsim.Client) *caller {
	s.t.Helper()
	c := &caller{t: s.t, host: host, time: time.Now(), got: make(chan link.Datagram, 1000)}
	var err error
	c.conn, err = link.Dial(context.Background(), link.DialOptions{
		Server: serverAddr.String(), Fingerprint: link.Fingerprint(s.keys.Certificate.Leaf),
		Socket: func(context.Context, netip.AddrPort) (net.PacketConn, error) { return host.Socket(), nil },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	c.t.Cleanup(func() { c.conn.Close("test over") })
	return c
}

func (c *caller) ask(m wire.Message) wire.Message {
	c.t.Helper()
	if err := wire.WriteMessage(c.control, m); err != nil {
		c.t.Fatal(err)
	}
	_ = c.control.SetReadDeadline(time.Now().Add(10 * time.Second))
	a, err := wire.ReadMessage(c.control)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func (c *caller) seal(seq wire.Seq, size int) []byte {
	c.t.Helper()
	b, err := c.flow.Seal(make([]byte, 0, wire.MaxPacketSize), wire.KindProbe, seq, size, func(b []byte) []byte {
		return wire.AppendProbe(b, wire.Probe{Sent: 1})
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

func (c *caller) send(b []byte) {
	c.t.Helper()
	if err := c.conn.Socket().Send(b, serverAddr); err != nil {
		c.t.Fatal(err)
	}
}

// answers counts the packets that came back once the network is idle.
func (c *caller) answers() (out []link.Datagram) {
	time.Sleep(200 * ms)
	for {
		select {
		case d := <-c.got:
			out = append(out, d)
		default:
			return out
		}
	}
}

// hello says hello on the connection and keeps the answer.
func (c *caller) hello(token, resume string) {
	c.t.Helper()
	c.greet(wire.Hello{Token: token, Resume: resume, Time: c.time})
}

// helloAs says hello for a check with another client.
func (c *caller) helloAs(token, client, system string) {
	c.t.Helper()
	c.greet(wire.Hello{Token: token, Purpose: "check", Client: client, System: system, Time: c.time})
}

func (c *caller) greet(h wire.Hello) {
	c.t.Helper()
	var err error
	if c.control, err = c.conn.Open(context.Background()); err != nil {
		c.t.Fatal(err)
	}
	m := c.ask(wire.Message{Type: wire.TypeHello, ID: 1, Hello: &h})
	if m.Type == wire.TypeRefused {
		c.refused = m.Refused
		return
	}
	c.welcome = *m.Welcome
	if h.Purpose == wire.PurposeEquipment { // no packets go
		return
	}
	if c.flow, err = c.conn.NewFlow(c.welcome.Flow, link.Student); err != nil {
		c.t.Fatal(err)
	}
	c.receive()
}

// receive collects the packets arriving on the connection's socket.
func (c *caller) receive() {
	c.conn.Socket().Handle(func(ds []link.Datagram) {
		for _, d := range ds {
			d.Data = append([]byte(nil), d.Data...)
			c.got <- d
		}
	})
}
