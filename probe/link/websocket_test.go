package link_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"examlink/probe/link"
	"examlink/probe/wire"
)

// gate is a server of WebSockets on the loopback.
type gate struct {
	t    *testing.T
	ws   *link.WebSockets
	addr string
	pin  [32]byte
}

func newGate(t *testing.T, most int) *gate {
	t.Helper()
	cert := certificate(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{t: t, ws: link.NewWebSockets(nil, most), addr: l.Addr().String(), pin: link.Fingerprint(cert.Leaf)}
	mux := http.NewServeMux()
	mux.Handle(wire.WebSocketPath, g.ws)
	s := &http.Server{
		Handler: mux, ConnContext: g.ws.ConnContext, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13},
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.ServeTLS(l, "", "") }()
	t.Cleanup(func() { g.ws.Close(); _ = s.Close(); <-done })
	return g
}

func (g *gate) dial() (client, srv *link.Conn) {
	g.t.Helper()
	client, err := link.DialWebSocket(context.Background(), link.DialOptions{Server: g.addr, Fingerprint: g.pin})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { client.Close("test over") })
	srv, err = g.ws.Accept(context.Background())
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { srv.Close("test over") })
	return client, srv
}

// Control messages of every size and probe packets share the connection, both
// ways at once.
func TestControlAndProbesByWebSocket(t *testing.T) {
	g := newGate(t, 10)
	client, srv := g.dial()
	if client.Transport() != link.WebSocket || srv.Transport() != link.WebSocket {
		t.Error("not labelled as WebSocket")
	}
	if !client.Remote().IsValid() || !srv.Remote().IsValid() {
		t.Error("no address")
	}
	const n = 200
	var wg sync.WaitGroup
	for _, c := range []struct{ from, to *link.Conn }{{client, srv}, {srv, client}} {
		got := make(chan []byte, n)
		c.to.Socket().Handle(func(batch []link.Datagram) {
			for _, d := range batch {
				got <- bytes.Clone(d.Data)
			}
		})
		out, err := c.from.Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for i := range n {
				b := bytes.Repeat([]byte{byte(4 + i%12)}, wire.MinPacketSize+i)
				for c.from.Socket().Send(b, netip.AddrPort{}) != nil {
					time.Sleep(time.Millisecond)
				}
			}
		})
		wg.Go(func() {
			for i := range n {
				if b := <-got; len(b) != wire.MinPacketSize+i || b[0] != byte(4+i%12) {
					t.Errorf("packet %d has %d bytes of %d", i, len(b), b[0])
				}
			}
		})
		wg.Go(func() {
			for i := range 20 {
				text, _ := json.Marshal(strings.Repeat("x", i*3000))
				m := wire.Message{Type: wire.TypeReport, ID: uint64(i), Report: &wire.Report{Kind: "k", Contents: text}}
				if err := wire.WriteMessage(out, m); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() { // each end reads from the stream it writes to
			for i := range 20 {
				m, err := wire.ReadMessage(out)
				if err != nil || m.ID != uint64(i) || len(m.Report.Contents) != i*3000+2 {
					t.Errorf("message %d: id %d, %v", i, m.ID, err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := client.Open(context.Background()); err == nil {
		t.Error("a second stream was opened")
	}
}

func TestBothEndsOfAWebSocketExportTheSameKeys(t *testing.T) {
	g := newGate(t, 10)
	client, srv := g.dial()
	other, _ := g.dial()
	a1, a2, err := client.ProbeKeys(7)
	if err != nil {
		t.Fatal(err)
	}
	b1, b2, err := srv.ProbeKeys(7)
	if err != nil {
		t.Fatal(err)
	}
	c1, _, err := other.ProbeKeys(7)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a1, b1) || !bytes.Equal(a2, b2) || bytes.Equal(a1, a2) || bytes.Equal(a1, c1) {
		t.Errorf("keys %x %x, %x %x, another connection's %x", a1, a2, b1, b2, c1)
	}
}

func TestEndOfAWebSocketIsTold(t *testing.T) {
	g := newGate(t, 10)
	client, srv := g.dial()
	control, err := srv.Accept(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	near, err := client.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := wire.WriteMessage(control, wire.Message{Type: wire.TypeBye, Bye: &wire.Bye{Reason: "enough"}}); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	go srv.Close("enough") // what was written still arrives
	if m, err := wire.ReadMessage(near); err != nil || m.Bye.Reason != "enough" {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := near.Read(make([]byte, 1)); err == nil {
		t.Error("the stream outlives its connection")
	}
	<-client.Done()
	<-srv.Done()
	if r, _ := link.ReasonOf(client.Err()); r != link.ReasonClosed || !strings.Contains(client.Err().Error(), "enough") {
		t.Errorf("the peer heard %v", client.Err())
	}
	if err := client.Socket().Send(make([]byte, 64), netip.AddrPort{}); err == nil {
		t.Error("sent over a connection that has ended")
	}
	if took := time.Since(began); took > 900*time.Millisecond {
		t.Errorf("took %v", took)
	}
	if _, received := client.Control(); received < 50 || received > 500 {
		t.Errorf("a short message was %d bytes", received)
	}
}

// A peer that does not read blocks no sender: packets that do not fit are
// refused and counted.
func TestQueueFullIsRefusedAndCounted(t *testing.T) {
	g := newGate(t, 10)
	client, srv := g.dial()
	block := make(chan struct{})
	var once sync.Once
	free := func() { once.Do(func() { close(block) }) }
	t.Cleanup(free) // before the connections are closed
	client.Socket().Handle(func([]link.Datagram) { <-block })
	b := bytes.Repeat([]byte{byte(wire.KindProbe)}, wire.MaxPacketSize)
	sent, refused := 0, uint64(0)
	var longest time.Duration
	for end := time.Now().Add(10 * time.Second); refused < 100 && time.Now().Before(end); {
		began := time.Now()
		err := srv.Socket().Send(b, netip.AddrPort{})
		longest = max(longest, time.Since(began))
		switch {
		case err == nil:
			sent++
		case errors.Is(err, link.ErrQueueFull):
			refused++
		default:
			t.Fatal(err)
		}
	}
	if refused < 100 || srv.Socket().Refused() != refused {
		t.Errorf("%d refused, %d counted, %d sent", refused, srv.Socket().Refused(), sent)
	}
	if longest > 200*time.Millisecond {
		t.Errorf("Send took %v", longest)
	}
	free()
	for end := time.Now().Add(10 * time.Second); srv.Socket().Send(b, netip.AddrPort{}) != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no room although the peer reads again")
		}
	}
}

func TestDialWebSocketReasons(t *testing.T) {
	g := newGate(t, 1)
	wrong := g.pin
	wrong[0] ^= 1
	gone, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	mute, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	talker, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = talker.Close() })
	go func() {
		for {
			c, err := talker.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("220 hello\r\n"))
			_ = c.Close()
		}
	}()
	g.dial() // there is room for one
	for name, c := range map[string]struct {
		o    link.DialOptions
		want link.Reason
	}{
		"wrong key":     {link.DialOptions{Server: g.addr, Fingerprint: wrong}, link.ReasonCertificate},
		"no authority":  {link.DialOptions{Server: g.addr}, link.ReasonCertificate},
		"no room":       {link.DialOptions{Server: g.addr, Fingerprint: g.pin}, link.ReasonProtocol},
		"no port":       {link.DialOptions{Server: "127.0.0.1"}, link.ReasonAddress},
		"no such name":  {link.DialOptions{Server: "nonesuch.invalid:1"}, link.ReasonResolve},
		"nothing there": {link.DialOptions{Server: gone.Addr().String()}, link.ReasonNoServer},
		"mute":          {link.DialOptions{Server: mute.Addr().String()}, link.ReasonNoServer},
		"not TLS":       {link.DialOptions{Server: talker.Addr().String()}, link.ReasonProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, err := link.DialWebSocket(ctx, c.o)
			if r, ok := link.ReasonOf(err); !ok || r != c.want {
				t.Errorf("reason %q of %v, want %q", r, err, c.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = link.DialWebSocket(ctx, link.DialOptions{Server: gone.Addr().String()})
	if r, _ := link.ReasonOf(err); r != link.ReasonCancelled {
		t.Errorf("reason %q, want %q", r, link.ReasonCancelled)
	}
}

// stranger opens a WebSocket without this package.
func (g *gate) stranger(protocol string) *websocket.Conn {
	g.t.Helper()
	ws, _, err := websocket.Dial(context.Background(), "wss://"+g.addr+wire.WebSocketPath, &websocket.DialOptions{ //nolint:bodyclose // the connection is its body
		Subprotocols: []string{protocol},
		HTTPClient: &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}, //nolint:gosec // a test
		}},
	})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

// A peer that violates the framing is disconnected.
func TestFramingErrorsEndTheConnection(t *testing.T) {
	g := newGate(t, 10)
	for name, c := range map[string]struct {
		kind websocket.MessageType
		b    []byte
	}{
		"text":      {websocket.MessageText, []byte("hello")},
		"unknown":   {websocket.MessageBinary, []byte{0xff, 1}},
		"empty":     {websocket.MessageBinary, nil},
		"too long":  {websocket.MessageBinary, wire.AppendChunk(nil, make([]byte, wire.MaxChunk+1))},
		"much more": {websocket.MessageBinary, make([]byte, 1<<20)},
	} {
		t.Run(name, func(t *testing.T) {
			ws := g.stranger(wire.WebSocketProtocol)
			srv, err := g.ws.Accept(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			go func() { _ = ws.Write(context.Background(), c.kind, c.b) }()
			if _, _, err := ws.Read(context.Background()); err == nil {
				t.Error("an answer")
			}
			<-srv.Done()
			if r, _ := link.ReasonOf(srv.Err()); r != link.ReasonProtocol {
				t.Errorf("reason %v", srv.Err())
			}
			srv.Close("over")
		})
	}
}

func TestUpgradeNeedsTheSubprotocol(t *testing.T) {
	g := newGate(t, 10)
	ws := g.stranger("chat")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, _, err := ws.Read(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("the server talks to whom it does not understand: %v", err)
	}
}
