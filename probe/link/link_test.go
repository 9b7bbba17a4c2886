package link_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"examlink/probe/clock"
	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server"
)

// pair is a listener on the loopback with its clients' requirements.
type pair struct {
	t    *testing.T
	ln   *link.Listener
	addr netip.AddrPort
	pin  [32]byte
}

// certificate makes a server's certificate, by the clock of the bubble, if any.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	certPEM, keyPEM, err := server.SelfSigned(time.Now(), server.CertificateLife)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func listen(t *testing.T) *pair {
	t.Helper()
	return listenAt(t, "udp4", netip.MustParseAddr("127.0.0.1"))
}

func listenAt(t *testing.T, network string, a netip.Addr) *pair {
	t.Helper()
	cert := certificate(t)
	pc, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := link.Listen(pc, link.ListenOptions{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close(); _ = pc.Close() })
	return &pair{t: t, ln: ln, addr: pc.LocalAddr().(*net.UDPAddr).AddrPort(), pin: link.Fingerprint(cert.Leaf)}
}

func (p *pair) dial() (client, srv *link.Conn) {
	p.t.Helper()
	client, err := link.Dial(context.Background(), link.DialOptions{Server: p.addr.String(), Fingerprint: p.pin})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { client.Close("test over") })
	srv, err = p.ln.Accept(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	return client, srv
}

// Probe packets and QUIC share the socket and do not disturb each other, in
// batches both ways.
func TestProbesBesideQUICOnOneSocket(t *testing.T) {
	p := listen(t)
	client, srv := p.dial()
	const n = 500
	var mu sync.Mutex
	got := map[byte]int{}
	var stamps []time.Duration
	p.ln.Socket().Handle(func(batch []link.Datagram) {
		var out []link.Outgoing
		for _, d := range batch {
			mu.Lock()
			stamps = append(stamps, d.At)
			mu.Unlock()
			out = append(out, link.Outgoing{Data: append([]byte(nil), d.Data...), To: d.From})
		}
		if failed := p.ln.Socket().SendBatch(out); failed > 0 {
			t.Errorf("%d packets not sent", failed)
		}
	})
	done := make(chan struct{}, n)
	client.Socket().Handle(func(batch []link.Datagram) {
		for _, d := range batch {
			mu.Lock()
			got[d.Data[0]]++
			mu.Unlock()
			done <- struct{}{}
		}
	})
	stream, err := client.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for i := range n {
			b := bytes.Repeat([]byte{byte(4 + i%12)}, 64)
			if err := client.Socket().Send(b, p.addr); err != nil {
				t.Error(err)
			}
			if i%16 == 0 {
				time.Sleep(time.Millisecond) // a socket buffer holds only so much
			}
		}
	}()
	if err := wire.WriteMessage(stream, wire.Message{Type: wire.TypeCount, ID: 9}); err != nil {
		t.Fatal(err)
	}
	far, err := srv.Accept(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if m, err := wire.ReadMessage(far); err != nil || m.ID != 9 {
		t.Errorf("message %+v, %v", m, err)
	}
	deadline := time.After(10 * time.Second)
	for range n {
		select {
		case <-done:
		case <-deadline:
			t.Fatalf("only %v came back", got)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for i := 1; i < len(stamps); i++ {
		if stamps[i] < stamps[i-1]-time.Millisecond {
			t.Errorf("receive stamps run backwards: %v after %v", stamps[i], stamps[i-1])
		}
	}
}

func TestBothEndsExportTheSameKeys(t *testing.T) {
	p := listen(t)
	client, srv := p.dial()
	a, err := client.NewFlow(7, link.Student)
	if err != nil {
		t.Fatal(err)
	}
	b, err := srv.NewFlow(7, link.Server)
	if err != nil {
		t.Fatal(err)
	}
	other, err := srv.NewFlow(8, link.Server)
	if err != nil {
		t.Fatal(err)
	}
	pkt, err := a.Seal(nil, wire.KindProbe, a.Next(wire.KindProbe), 64, func(b []byte) []byte {
		return wire.AppendProbe(b, wire.Probe{Unsent: 5})
	})
	if err != nil {
		t.Fatal(err)
	}
	h, err := wire.ParseHeader(pkt)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := other.Open(h, bytes.Clone(pkt)); !errors.Is(err, wire.ErrAuth) {
		t.Errorf("another flow opened it: %v", err)
	}
	body, fate, err := b.Open(h, bytes.Clone(pkt))
	if err != nil || fate != wire.Fresh {
		t.Fatalf("%v %v", fate, err)
	}
	if probe, _ := wire.ParseProbe(body); probe.Unsent != 5 {
		t.Errorf("body %+v", probe)
	}
	if _, fate, _ := b.Open(h, pkt); fate != wire.Duplicate {
		t.Errorf("a replay is %v", fate)
	}
}

// A stream learns of its connection's end before the connection reports it: its error
// distinguishes silence from a server that closed.
func TestWhyAStreamBroke(t *testing.T) {
	client, srv := listen(t).dial()
	for _, c := range []struct {
		err  error
		want link.Reason
	}{
		{&quic.IdleTimeoutError{}, link.ReasonSilent},
		{fmt.Errorf("read: %w", os.ErrDeadlineExceeded), link.ReasonSilent},
		{&quic.ApplicationError{Remote: true}, link.ReasonClosed},
		{io.EOF, link.ReasonClosed},
		{&net.OpError{Op: "write", Err: syscall.ENETUNREACH}, link.ReasonNoNetwork},
	} {
		if r, ok := link.ReasonOf(client.Broken(c.err)); !ok || r != c.want {
			t.Errorf("%v: %q, want %q", c.err, r, c.want)
		}
	}
	srv.Close("enough")
	<-client.Done()
	if r, _ := link.ReasonOf(client.Broken(os.ErrDeadlineExceeded)); r != link.ReasonClosed {
		t.Errorf("%q, although the connection was ended by its peer", r)
	}
}

func TestDialReasons(t *testing.T) {
	p := listen(t)
	wrong := p.pin
	wrong[0] ^= 1
	closed, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	gone := closed.LocalAddr().String()
	_ = closed.Close()
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tcp.Close() })
	for name, c := range map[string]struct {
		o    link.DialOptions
		want link.Reason
	}{
		"wrong key":      {link.DialOptions{Server: p.addr.String(), Fingerprint: wrong}, link.ReasonCertificate},
		"no authority":   {link.DialOptions{Server: p.addr.String()}, link.ReasonCertificate},
		"no port":        {link.DialOptions{Server: "127.0.0.1"}, link.ReasonAddress},
		"no such port":   {link.DialOptions{Server: "127.0.0.1:nonesuch"}, link.ReasonAddress},
		"no such name":   {link.DialOptions{Server: "nonesuch.invalid:1"}, link.ReasonResolve},
		"nothing there":  {link.DialOptions{Server: gone, Fingerprint: p.pin}, link.ReasonNoServer},
		"only TCP there": {link.DialOptions{Server: tcp.Addr().String(), Fingerprint: p.pin}, link.ReasonUDPBlocked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && c.want == link.ReasonUDPBlocked {
				t.Skip("long: 5 s until UDP counts as blocked")
			}
			_, err := link.Dial(context.Background(), c.o)
			if r, ok := link.ReasonOf(err); !ok || r != c.want {
				t.Errorf("reason %q of %v, want %q", r, err, c.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := link.Dial(ctx, link.DialOptions{Server: gone}); err == nil {
		t.Error("dialled although told to stop")
	} else if r, _ := link.ReasonOf(err); r != link.ReasonCancelled {
		t.Errorf("reason %q, want %q", r, link.ReasonCancelled)
	}
}

func BenchmarkSendBatch(b *testing.B) {
	const batch = 32
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer pc.Close()
	s := link.NewSocket(pc, clock.NewSystem())
	to := pc.LocalAddr().(*net.UDPAddr).AddrPort()
	out := make([]link.Outgoing, batch)
	for i := range out {
		out[i] = link.Outgoing{Data: make([]byte, 64), To: to}
	}
	b.ReportAllocs()
	for b.Loop() {
		s.SendBatch(out)
	}
}

// The kernel's send stamp of a probe lies between the moment before the call
// and the receive stamp of the other end, which shares this host's clock.
func TestSendStamps(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("send stamps are there on Linux only")
	}
	c := clock.NewSystem()
	open := func() (*link.Socket, *net.UDPConn) {
		pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pc.Close() })
		return link.NewSocket(pc, c), pc
	}
	near, nearConn := open()
	far, farConn := open()
	var mu sync.Mutex
	before, got, arrived := map[wire.Seq]time.Duration{}, map[wire.Seq]link.Sent{}, map[wire.Seq]time.Duration{}
	near.HandleSent(func(sent []link.Sent) {
		mu.Lock()
		defer mu.Unlock()
		for _, s := range sent {
			got[s.Seq] = s
		}
	})
	near.Handle(func([]link.Datagram) {})
	far.Handle(func(ds []link.Datagram) {
		mu.Lock()
		defer mu.Unlock()
		for _, d := range ds {
			if h, err := wire.ParseHeader(d.Data); err == nil {
				arrived[h.Seq] = d.At
				_ = far.Send(bytes.Clone(d.Data), d.From) // reading it makes the other end look at its stamps
			}
		}
	})
	for _, s := range []*link.Socket{near, far} {
		go func() { // ends with its socket
			for {
				if _, err := s.Pump(); err != nil {
					return
				}
			}
		}()
	}
	to := farConn.LocalAddr().(*net.UDPAddr).AddrPort()
	const n = 50
	for i := wire.Seq(1); i <= n; i++ {
		b := append(wire.AppendHeader(nil, wire.Header{Kind: wire.KindProbe, Flow: 7, Seq: i}), make([]byte, wire.MinPacketSize-wire.HeaderSize)...)
		mu.Lock()
		before[i] = c.Now()
		mu.Unlock()
		if err := near.Send(b, to); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	_ = nearConn.Close()
	mu.Lock()
	defer mu.Unlock()
	if len(got) < n/2 {
		t.Fatalf("%d of %d packets got a send stamp", len(got), n)
	}
	const slack = 100 * time.Microsecond // from converting wall-clock stamps to monotonic ones
	for seq, s := range got {
		if s.Kind != wire.KindProbe || s.Flow != 7 || s.At < before[seq]-slack || arrived[seq] > 0 && s.At > arrived[seq]+slack {
			t.Errorf("packet %d: left at %v, before the call %v, arrived %v", seq, s.At, before[seq], arrived[seq])
		}
	}
}

// One end receives what the other has sent beside probes, except for a packet or two of
// the handshake that arrive after their keys are discarded.
func TestControlBytes(t *testing.T) {
	client, srv := listen(t).dial()
	before, _ := client.Control()
	s, err := client.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	far, err := srv.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(far, make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	const few = 300
	var sent, received int64
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		sent, _ = client.Control()
		if _, received = srv.Control(); max(sent-received, received-sent) <= few {
			break
		}
	}
	if max(sent-received, received-sent) > few || sent-before < 5000+4*28 || sent-before > 8000 {
		t.Errorf("%d bytes sent, %d received, %d for 5000 of a stream", sent, received, sent-before)
	}
}
