package server_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
	"examlink/server/page"
)

// port is a server on the loopback that listens by UDP and TCP.
type port struct {
	t    *testing.T
	srv  *server.Server
	addr netip.AddrPort
	pin  [32]byte
	keys server.Keys
	stop func()
}

func newPort(t *testing.T, limits server.Limits) *port {
	t.Helper()
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := tcp.Addr().(*net.TCPAddr).AddrPort()
	udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		t.Fatal(err)
	}
	p := &port{t: t, addr: addr}
	if p.keys, err = server.LoadKeys(t.TempDir(), "", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	p.pin = link.Fingerprint(p.keys.Certificate.Leaf)
	p.srv, err = server.New(server.Options{
		Conn: udp, TCP: tcp, TLS: &tls.Config{Certificates: []tls.Certificate{p.keys.Certificate}, MinVersion: tls.VersionTLS13},
		TokenKey: p.keys.Token.Public().(ed25519.PublicKey), Secret: p.keys.Secret, Limits: limits, Page: &page.Options{},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.srv.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = udp.Close()
	})
	t.Cleanup(p.stop)
	return p
}

func (p *port) token(id string) string {
	p.t.Helper()
	tok, err := exam.Issue(p.keys.Token, wire.JoinToken{
		ID: id, Exam: "e1", Student: "s1", Servers: []string{p.addr.String()}, Fingerprint: base64.RawURLEncoding.EncodeToString(p.pin[:]),
		NotBefore: time.Now().Unix(), Expires: time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return tok
}

// call connects, says hello and keeps the answer.
func (p *port) call(dial func(context.Context, link.DialOptions) (*link.Conn, error), token, resume string) *caller {
	p.t.Helper()
	c := p.connect(dial)
	c.hello(token, resume)
	return c
}

// connect connects, without a hello.
func (p *port) connect(dial func(context.Context, link.DialOptions) (*link.Conn, error)) *caller {
	p.t.Helper()
	c := &caller{t: p.t, got: make(chan link.Datagram, 1000)}
	var err error
	if c.conn, err = dial(context.Background(), link.DialOptions{Server: p.addr.String(), Fingerprint: p.pin}); err != nil {
		p.t.Fatal(err)
	}
	return c
}

func (p *port) transports() (out []link.Transport) {
	for _, i := range p.srv.Sessions() {
		out = append(out, i.Transport)
	}
	return out
}

// echoed sends a probe over a connection and reports whether one echo of its
// size came back.
func (p *port) echoed(c *caller, over *link.Conn, seq wire.Seq) bool {
	p.t.Helper()
	if err := over.Socket().Send(c.seal(seq, 100), p.addr); err != nil {
		p.t.Fatal(err)
	}
	select {
	case d := <-c.got:
		h, err := wire.ParseHeader(d.Data)
		return err == nil && h.Kind == wire.KindEcho && h.Seq == seq && len(d.Data) == 100
	case <-time.After(300 * ms):
		return false
	}
}

func TestSessionMovesBetweenTransports(t *testing.T) {
	p := newPort(t, server.Limits{})
	token := p.token("t1")
	a := p.call(link.Dial, token, "")
	if !p.echoed(a, a.conn, 1) || p.transports()[0] != link.UDP {
		t.Fatalf("by UDP: %v", p.transports())
	}
	b := p.call(link.DialWebSocket, token, a.welcome.Resume)
	if !b.welcome.Resumed || b.welcome.Session != a.welcome.Session {
		t.Errorf("not resumed by WebSocket: %+v", b.welcome)
	}
	<-a.conn.Done()
	for i := range wire.Seq(3) {
		if !p.echoed(b, b.conn, i+1) {
			t.Error("no echo by WebSocket")
		}
	}
	if p.echoed(b, b.conn, 2) {
		t.Error("a replay was answered")
	}
	if got := p.transports(); len(got) != 1 || got[0] != link.WebSocket {
		t.Errorf("sessions by %v", got)
	}
	// A flow's packets are accepted only over its own connection.
	udp := p.call(link.Dial, p.token("t2"), "")
	if p.echoed(b, udp.conn, 10) {
		t.Error("a packet of the WebSocket's flow was answered although it came by UDP")
	}
	if p.echoed(udp, b.conn, 10) {
		t.Error("a packet of the UDP flow was answered although it came by WebSocket")
	}
	c := p.call(link.Dial, token, b.welcome.Resume)
	if !c.welcome.Resumed || c.welcome.Session != a.welcome.Session || !p.echoed(c, c.conn, 1) {
		t.Errorf("not resumed by UDP: %+v", c.welcome)
	}
	<-b.conn.Done()
	if m := c.ask(wire.Message{Type: wire.TypeCount, ID: 2}); m.Count == nil || m.Count.Received != 1 {
		t.Errorf("count %+v", m.Count)
	}
}

func TestTrainByWebSocket(t *testing.T) {
	p := newPort(t, server.Limits{})
	c := p.call(link.DialWebSocket, p.token("t1"), "")
	r := wire.TrainRequest{
		Train: 1, Direction: wire.Down, PrimeRate: 8e6, PrimeBytes: 60e3, MaxBytes: 100e3,
		HoldRate: 1e6, HoldTime: 100 * ms, PacketSize: 1200, StopRise: 30 * ms,
	}
	if m := c.ask(wire.Message{Type: wire.TypeTrainRequest, ID: 2, TrainRequest: &r}); m.Type != wire.TypeTrainReady {
		t.Fatalf("%+v", m)
	}
	packets := 0
	for end := false; !end; {
		select {
		case d := <-c.got:
			h, err := wire.ParseHeader(d.Data)
			if err != nil {
				t.Fatal(err)
			}
			body, _, err := c.flow.Open(h, d.Data)
			if err != nil {
				t.Fatal(err)
			}
			tp, err := wire.ParseTrain(body)
			if err != nil {
				t.Fatal(err)
			}
			packets++
			end = tp.Stage == wire.StageEnd
		case <-time.After(5 * time.Second):
			t.Fatalf("no end after %d packets", packets)
		}
	}
	if packets < 40 || packets > 100 {
		t.Errorf("%d packets", packets)
	}
	q := wire.Goodput{Direction: wire.Down, Bytes: 1000, Duration: time.Second}
	if m := c.ask(wire.Message{Type: wire.TypeGoodput, ID: 3, Goodput: &q}); m.Refused == nil || m.Refused.Reason != wire.RefusedRequest {
		t.Errorf("a second stream by WebSocket: %+v", m)
	}
}

// A client that reads nothing does not block others, and the server drops what
// does not fit.
func TestSlowReaderHoldsUpNobody(t *testing.T) {
	p := newPort(t, server.Limits{ProbeRate: 1e6})
	slow, other := p.call(link.DialWebSocket, p.token("t1"), ""), p.call(link.DialWebSocket, p.token("t2"), "")
	block := make(chan struct{})
	defer close(block)
	slow.conn.Socket().Handle(func([]link.Datagram) { <-block })
	began := time.Now()
	for i := wire.Seq(1); i <= 20000; i++ {
		for slow.conn.Socket().Send(slow.seal(i, wire.MaxPacketSize), p.addr) != nil {
			time.Sleep(ms)
		}
		if i%2000 == 0 && !p.echoed(other, other.conn, i) {
			t.Fatalf("no answer for the other after %d", i)
		}
	}
	t.Logf("took %v", time.Since(began))
	if m := other.ask(wire.Message{Type: wire.TypeCount, ID: 2}); m.Count == nil || m.Count.Received != 10 {
		t.Errorf("count %+v", m)
	}
}

func TestHandshakeRateByTCP(t *testing.T) {
	p := newPort(t, server.Limits{HandshakeRate: 1})
	refused := 0
	for range 6 {
		c, err := link.DialWebSocket(context.Background(), link.DialOptions{Server: p.addr.String(), Fingerprint: p.pin})
		if err != nil {
			refused++
			continue
		}
		c.Close("enough")
	}
	if refused == 0 {
		t.Error("six handshakes at once from one address all got through")
	}
}

func TestAdmissionByWebSocket(t *testing.T) {
	p := newPort(t, server.Limits{SessionsPerToken: 1, HandshakeRate: 100})
	if c := p.call(link.DialWebSocket, "a.b.c", ""); c.refused == nil || c.refused.Reason != wire.RefusedToken {
		t.Errorf("nonsense for a token: %+v", c.refused)
	}
	token := p.token("t1")
	if c := p.call(link.DialWebSocket, token, ""); c.refused != nil {
		t.Errorf("refused: %+v", c.refused)
	}
	if c := p.call(link.DialWebSocket, token, ""); c.refused == nil || c.refused.Reason != wire.RefusedLimit {
		t.Errorf("a second session of one token: %+v", c.refused)
	}
}

func TestShutdownIsToldByWebSocket(t *testing.T) {
	p := newPort(t, server.Limits{})
	c := p.call(link.DialWebSocket, p.token("t1"), "")
	began := time.Now()
	go p.stop()
	_ = c.control.SetReadDeadline(time.Now().Add(5 * time.Second))
	if m, err := wire.ReadMessage(c.control); err != nil || m.Type != wire.TypeBye {
		t.Errorf("%+v, %v", m, err)
	}
	<-c.conn.Done()
	p.stop()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
}
