package server

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"examlink/probe/link"
	"examlink/probe/wire"
)

// bench is a server with one session, fed without a network.
func bench(tb testing.TB) (*Server, *link.Flow) {
	tb.Helper()
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = pc.Close() })
	pub, _, _ := ed25519.GenerateKey(nil)
	s, err := New(Options{Conn: pc, TLS: &tls.Config{Certificates: []tls.Certificate{{}}}, TokenKey: pub})
	if err != nil {
		tb.Fatal(err)
	}
	up, down := bytes.Repeat([]byte{1}, wire.KeySize), bytes.Repeat([]byte{2}, wire.KeySize)
	far, err := link.NewFlow(7, up, down)
	if err != nil {
		tb.Fatal(err)
	}
	near, err := link.NewFlow(7, down, up)
	if err != nil {
		tb.Fatal(err)
	}
	ss := &session{id: "s", flow: near, state: StateLive, grant: rate.NewLimiter(rate.Inf, 1)}
	s.flows[7], s.sessions["s"] = ss, ss
	return s, far
}

// one makes and reflects one probe, and forgets the reply.
func one(tb testing.TB, s *Server, far *link.Flow, buf []byte, from netip.AddrPort) {
	b, err := far.Seal(buf, wire.KindProbe, far.Next(wire.KindProbe), wire.MinPacketSize, func(b []byte) []byte {
		return wire.AppendProbe(b, wire.Probe{Sent: 1})
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.probe(&s.reflector, link.Datagram{Data: b, From: from, At: time.Second})
	if len(s.reflector.replies) != 1 {
		tb.Fatal("not reflected")
	}
	s.reflector.replies = s.reflector.replies[:0]
}

func TestReflectingAllocatesNothing(t *testing.T) {
	s, far := bench(t)
	buf, from := make([]byte, 0, wire.MaxPacketSize), netip.MustParseAddrPort("127.0.0.1:9")
	if n := testing.AllocsPerRun(1000, func() { one(t, s, far, buf, from) }); n != 0 {
		t.Errorf("%v allocations for each probe", n)
	}
}

// BenchmarkReflect is one probe sealed by the student, opened, counted and its
// echo sealed by the server; no system calls.
func BenchmarkReflect(b *testing.B) {
	s, far := bench(b)
	buf, from := make([]byte, 0, wire.MaxPacketSize), netip.MustParseAddrPort("127.0.0.1:9")
	b.ReportAllocs()
	for b.Loop() {
		one(b, s, far, buf, from)
	}
}
