package server_test

import (
	"context"
	"crypto/ed25519"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/link"
	"examlink/probe/netsim"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/session"
)

func TestReflectorAnswersOnceAndNeverMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
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
		s := newTestbed(t, server.Limits{ProbeRate: 10})
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
		s := newTestbed(t, server.Limits{})
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

// A student who sends authentic packets from a forged source, or someone on the
// path who sends copies first, must not turn a train on a third party: a foreign
// source gets at most what it sent.
func TestForgedSourceGetsNoTrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		c := s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		victim := s.host("10.0.0.66:5000").Socket()
		got := make(chan int, 1)
		go func() { // reads what reaches the victim, ends with the socket
			n := 0
			for b := make([]byte, 2000); ; {
				k, _, err := victim.ReadFrom(b)
				if err != nil {
					got <- n
					return
				}
				n += k
			}
		}()
		sent := 0
		forge := func(seq wire.Seq) {
			b := c.seal(seq, 64)
			sent += len(b)
			if _, err := victim.WriteTo(b, net.UDPAddrFromAddrPort(serverAddr)); err != nil {
				t.Error(err)
			}
		}
		forge(1)
		time.Sleep(50 * ms)
		m := c.ask(wire.Message{Type: wire.TypeTrainRequest, ID: 8, TrainRequest: &wire.TrainRequest{
			Train: 1, Direction: wire.Down, PrimeRate: 8e6, PrimeBytes: 100e3, MaxBytes: 200e3,
			HoldRate: 1e6, HoldTime: 100 * ms, PacketSize: 1200, StopRise: 30 * ms,
		}})
		if m.Type != wire.TypeTrainReady {
			t.Fatalf("the train: %+v", m)
		}
		for seq := wire.Seq(2); seq < 12; seq++ { // while it runs
			forge(seq)
			time.Sleep(20 * ms)
		}
		time.Sleep(2 * time.Second)
		train := 0
		for _, d := range c.answers() {
			train += len(d.Data)
		}
		_ = victim.Close()
		if n := <-got; n > sent {
			t.Errorf("the forged source sent %d bytes and got %d", sent, n)
		}
		if train < 100e3 {
			t.Errorf("%d bytes of the train reached the session's own address, expected all of its prime", train)
		}
	})
}

func TestAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{Sessions: 3, SessionsPerToken: 2, HandshakeRate: 100})
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
		s := newTestbed(t, server.Limits{HandshakeRate: 1})
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
		s := newTestbed(t, server.Limits{TrainBytes: 300e3, TrainBitRate: 10e6, TotalBitRate: 15e6})
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
		s := newTestbed(t, server.Limits{})
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
		s := newTestbed(t, server.Limits{})
		a := s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		a.send(a.seal(1, 64))
		time.Sleep(5 * time.Second)
		b := s.call(s.host("10.0.0.3:5000"), s.good("t2"), "")
		b.send(b.seal(1, 64))
		time.Sleep(500 * ms)
		list := s.srv.Sessions()
		if len(list) != 2 || list[0].Session != a.welcome.Session || list[0].State != session.Dropped || list[1].State != session.Live {
			t.Errorf("sessions %+v", list)
		}
		time.Sleep(31 * time.Minute)
		if list := s.srv.Sessions(); len(list) != 0 {
			t.Errorf("after half an hour of silence there are still %d sessions", len(list))
		}
	})
}
