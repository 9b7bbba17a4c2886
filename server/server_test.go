package server_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/clock"
	"examlink/probe/link"
	"examlink/probe/netsim"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
)

const ms = time.Millisecond

var serverAddr = netip.MustParseAddrPort("10.0.0.1:8443")

// site is a server in a bubble, and clients that speak its protocol by hand.
type site struct {
	t    *testing.T
	net  *netsim.Network
	keys server.Keys
	srv  *server.Server
	stop func()
}

func newSite(t *testing.T, limits server.Limits) *site {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &site{t: t, net: netsim.NewNetwork(ctx, serverAddr)}
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

func (s *site) start(limits server.Limits) {
	s.t.Helper()
	conn := s.net.Server()
	srv, err := server.New(server.Options{
		Conn: conn, TLS: &tls.Config{Certificates: []tls.Certificate{s.keys.Certificate}},
		TokenKey: s.keys.Token.Public().(ed25519.PublicKey), Secret: s.keys.Secret, Limits: limits,
		NewWaiter: func(c clock.Clock) (clock.Waiter, error) { return clock.NewTimerWaiter(c), nil },
	})
	if err != nil {
		s.t.Fatal(err)
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

func (s *site) token(id string, key ed25519.PrivateKey, from, to time.Duration) string {
	s.t.Helper()
	pin := link.Fingerprint(s.keys.Certificate.Leaf)
	tok, err := exam.Issue(key, wire.JoinToken{
		ID: id, Exam: "e1", Student: "s1", Servers: []string{serverAddr.String()}, Fingerprint: base64.RawURLEncoding.EncodeToString(pin[:]),
		NotBefore: time.Now().Add(from).Unix(), Expires: time.Now().Add(to).Unix(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return tok
}

func (s *site) good(id string) string { return s.token(id, s.keys.Token, 0, time.Hour) }

// caller is a client that does as it is told.
type caller struct {
	t       *testing.T
	host    *netsim.Client
	conn    *link.Conn
	control link.Stream
	flow    *link.Flow
	welcome wire.Welcome
	refused *wire.Refused
	got     chan link.Datagram
}

func (s *site) host(addr string) *netsim.Client {
	p := netsim.Params{Delay: 10 * ms}
	return s.net.Client(netip.MustParseAddrPort(addr), p, p, 1)
}

// call connects, says hello and keeps the answer.
func (s *site) call(host *netsim.Client, token, resume string) *caller {
	s.t.Helper()
	c := &caller{t: s.t, host: host, got: make(chan link.Datagram, 1000)}
	var err error
	c.conn, err = link.Dial(context.Background(), link.DialOptions{
		Server: serverAddr.String(), Fingerprint: link.Fingerprint(s.keys.Certificate.Leaf),
		Socket: func(context.Context, netip.AddrPort) (net.PacketConn, error) { return host.Socket(), nil },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.conn.Close("test over") })
	if c.control, err = c.conn.Open(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	m := c.ask(wire.Message{Type: wire.TypeHello, ID: 1, Hello: &wire.Hello{Token: token, Resume: resume}})
	if m.Type == wire.TypeRefused {
		c.refused = m.Refused
		return c
	}
	c.welcome = *m.Welcome
	if c.flow, err = c.conn.NewFlow(c.welcome.Flow, link.Student); err != nil {
		s.t.Fatal(err)
	}
	c.conn.Socket().Handle(func(ds []link.Datagram) {
		for _, d := range ds {
			d.Data = append([]byte(nil), d.Data...)
			c.got <- d
		}
	})
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

// answers counts the packets that came back after the network has come to rest.
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

func TestReflectorAnswersOnceAndNeverMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, server.Limits{})
		c := s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		for i, size := range []int{wire.MinPacketSize, 200, wire.MaxPacketSize} {
			b := c.seal(wire.Seq(i+1), size)
			c.send(b)
			got := c.answers()
			if len(got) != 1 || len(got[0].Data) != size {
				t.Fatalf("a probe of %d bytes got %d answers: %v", size, len(got), got)
			}
			h, err := wire.ParseHeader(got[0].Data)
			if err != nil || h.Kind != wire.KindEcho || h.Seq != wire.Seq(i+1) {
				t.Errorf("answer %+v, %v", h, err)
			}
			c.send(b) // a replay
			if got := c.answers(); len(got) != 0 {
				t.Errorf("a replay got %d answers", len(got))
			}
		}
		good := c.seal(100, 64)
		for i := range good { // any bit turned
			bad := append([]byte(nil), good...)
			bad[i] ^= 1
			c.send(bad)
		}
		for n := range good { // cut short
			c.send(good[:n])
		}
		c.send(append(good, 0))
		if got := c.answers(); len(got) != 0 {
			t.Errorf("%d answers to packets that are not authentic", len(got))
		}
		c.send(good)
		if got := c.answers(); len(got) != 1 {
			t.Errorf("the authentic packet got %d answers", len(got))
		}
	})
}

func TestGrantLimitsWhatIsReflected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, server.Limits{ProbeRate: 10})
		c := s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		for i := range 100 { // all at once: two seconds' worth and one
			c.send(c.seal(wire.Seq(i+1), 64))
		}
		if got := len(c.answers()); got < 20 || got > 24 {
			t.Errorf("%d answers to 100 probes at once, want about 21", got)
		}
		m := c.ask(wire.Message{Type: wire.TypeCount, ID: 2})
		if m.Count.Received != 100 || m.Count.Dropped < 76 {
			t.Errorf("count %+v", *m.Count)
		}
	})
}

func TestProbeFlowFollowsTheLastAuthenticPacket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, server.Limits{})
		host := s.host("10.0.0.2:5000")
		c := s.call(host, s.good("t1"), "")
		c.send(c.seal(1, 64))
		if len(c.answers()) != 1 {
			t.Fatal("no answer before the move")
		}
		host.Rebind(netip.MustParseAddr("10.0.0.99"))
		c.send(c.seal(2, 64))
		if len(c.answers()) != 1 {
			t.Error("no answer after the NAT forgot the binding")
		}
	})
}

func TestAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, server.Limits{Sessions: 3, SessionsPerToken: 2, HandshakeRate: 100})
		_, foreign, _ := ed25519.GenerateKey(nil)
		host := s.host("10.0.0.2:5000")
		for _, c := range []struct {
			name, token string
			want        wire.Refusal
		}{
			{"expired", s.token("x", s.keys.Token, -2*time.Hour, -time.Hour), wire.RefusedToken},
			{"too early", s.token("x", s.keys.Token, time.Hour, 2*time.Hour), wire.RefusedToken},
			{"another server's", s.token("x", foreign, 0, time.Hour), wire.RefusedToken},
			{"nonsense", "a.b.c", wire.RefusedToken},
			{"first", s.good("t1"), ""},
			{"second", s.good("t1"), ""},
			{"third of one token", s.good("t1"), wire.RefusedLimit},
			{"another token", s.good("t2"), ""},
			{"one too many", s.good("t3"), wire.RefusedFull},
		} {
			var got wire.Refusal
			if r := s.call(host, c.token, "").refused; r != nil {
				got = r.Reason
			}
			if got != c.want {
				t.Errorf("%s: refused %q, want %q", c.name, got, c.want)
			}
		}
	})
}

func TestHandshakeRateOfOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, server.Limits{HandshakeRate: 1})
		dial := func(h *netsim.Client) error {
			c, err := link.Dial(context.Background(), link.DialOptions{
				Server: serverAddr.String(), Fingerprint: link.Fingerprint(s.keys.Certificate.Leaf),
				Socket: func(context.Context, netip.AddrPort) (net.PacketConn, error) { return h.Socket(), nil },
			})
			if err == nil {
				c.Close("enough")
			}
			return err
		}
		greedy, other := s.host("10.0.0.2:5000"), s.host("10.0.0.3:5000")
		refused := 0
		for range 6 {
			if dial(greedy) != nil {
				refused++
			}
		}
		if refused == 0 {
			t.Error("six handshakes at once from one address all got through")
		}
		if err := dial(other); err != nil {
			t.Errorf("another address pays for it: %v", err)
		}
	})
}

func TestTrainRequestsAreChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, server.Limits{TrainBytes: 300e3, TrainBitRate: 10e6, TotalBitRate: 15e6})
		c := s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		ok := wire.TrainRequest{
			Train: 1, Direction: wire.Down, PrimeRate: 8e6, PrimeBytes: 100e3, MaxBytes: 200e3,
			HoldRate: 1e6, HoldTime: 100 * ms, PacketSize: 1200, StopRise: 30 * ms,
		}
		for name, change := range map[string]func(*wire.TrainRequest) wire.Refusal{
			"nonsense":      func(r *wire.TrainRequest) wire.Refusal { r.PacketSize = 1 << 20; return wire.RefusedRequest },
			"too fast":      func(r *wire.TrainRequest) wire.Refusal { r.PrimeRate = 11e6; return wire.RefusedLimit },
			"hold too fast": func(r *wire.TrainRequest) wire.Refusal { r.HoldRate = 11e6; return wire.RefusedLimit },
			"over budget":   func(r *wire.TrainRequest) wire.Refusal { r.MaxBytes = 301e3; return wire.RefusedBudget },
		} {
			r := ok
			want := change(&r)
			m := c.ask(wire.Message{Type: wire.TypeTrainRequest, ID: 7, TrainRequest: &r})
			if m.Type != wire.TypeRefused || m.Refused.Reason != want || m.ID != 7 {
				t.Errorf("%s: %+v %+v, want refusal %q", name, m.Type, m.Refused, want)
			}
		}
		m := c.ask(wire.Message{Type: wire.TypeTrainRequest, ID: 8, TrainRequest: &ok})
		if m.Type != wire.TypeTrainReady {
			t.Fatalf("a good request: %+v", m)
		}
		if m := c.ask(wire.Message{Type: wire.TypeTrainRequest, ID: 9, TrainRequest: &ok}); m.Refused == nil || m.Refused.Reason != wire.RefusedBusy {
			t.Errorf("a second train beside the first: %+v", m)
		}
		other := s.call(s.host("10.0.0.3:5000"), s.good("t2"), "")
		if m := other.ask(wire.Message{Type: wire.TypeTrainRequest, ID: 2, TrainRequest: &ok}); m.Refused == nil || m.Refused.Reason != wire.RefusedBusy {
			t.Errorf("a train over the total rate: %+v", m)
		}
		time.Sleep(2 * time.Second)
		bytes := 0
		for _, d := range c.answers() {
			bytes += len(d.Data) + 28
		}
		if bytes == 0 || bytes > 200e3+1000 {
			t.Errorf("%d bytes of a train limited to 200 kB", bytes)
		}
	})
}

func TestResumeNeedsTheTicketOfTheSameToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, server.Limits{})
		host := s.host("10.0.0.2:5000")
		a := s.call(host, s.good("t1"), "")
		b := s.call(host, s.good("t1"), a.welcome.Resume)
		if !b.welcome.Resumed || b.welcome.Session != a.welcome.Session {
			t.Errorf("not resumed: %+v", b.welcome)
		}
		if c := s.call(host, s.good("t2"), a.welcome.Resume); c.welcome.Resumed || c.welcome.Session == a.welcome.Session {
			t.Error("another token resumed the session")
		}
		if c := s.call(host, s.good("t1"), a.welcome.Session+".AAAA"); c.welcome.Resumed {
			t.Error("a forged ticket resumed the session")
		}
		s.stop() // a restart forgets everything but its keys
		s.start(server.Limits{})
		if c := s.call(host, s.good("t1"), b.welcome.Resume); !c.welcome.Resumed || c.welcome.Session != a.welcome.Session {
			t.Errorf("not resumed by a restarted server: %+v", c.welcome)
		}
	})
}

func TestSessionsAreListedWorstFirstAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, server.Limits{})
		a := s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		a.send(a.seal(1, 64))
		time.Sleep(5 * time.Second)
		b := s.call(s.host("10.0.0.3:5000"), s.good("t2"), "")
		b.send(b.seal(1, 64))
		time.Sleep(500 * ms)
		list := s.srv.Sessions()
		if len(list) != 2 || list[0].Session != a.welcome.Session || list[0].State != server.StateDropped || list[1].State != server.StateLive {
			t.Errorf("sessions %+v", list)
		}
		time.Sleep(31 * time.Minute)
		if list := s.srv.Sessions(); len(list) != 0 {
			t.Errorf("after half an hour of silence there are still %d sessions", len(list))
		}
	})
}
