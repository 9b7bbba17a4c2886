package media

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"examlink/probe/link"
	"examlink/probe/rehearsal"
	"examlink/probe/wire"
)

// port is a UDP socket on the loopback with QUIC, probes and a receiver.
type port struct {
	t        *testing.T
	addr     netip.AddrPort
	pin      [32]byte
	receiver *Receiver
	probes   chan wire.Header
}

func newPort(t *testing.T, limits Limits) *port {
	t.Helper()
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	cert := certificate(t)
	ln, err := link.Listen(pc, link.ListenOptions{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	if err != nil {
		t.Fatal(err)
	}
	p := &port{
		t: t, addr: pc.LocalAddr().(*net.UDPAddr).AddrPort(), pin: link.Fingerprint(cert.Leaf),
		receiver: New(func() Limits { return limits }), probes: make(chan wire.Header, 1000),
	}
	ln.Socket().Handle(func(batch []link.Datagram) {
		for _, d := range batch {
			if h, err := wire.ParseHeader(d.Data); err == nil {
				p.probes <- h
			}
		}
	})
	if err := p.receiver.Serve(ln.Socket()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { // ends with ctx
		for {
			c, err := ln.Accept(ctx)
			if err != nil {
				return
			}
			wg.Go(func() { <-c.Done() })
		}
	})
	t.Cleanup(func() {
		cancel()
		for _, err := range []error{p.receiver.Close(), ln.Close(), pc.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
	})
	return p
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// sender is a peer that sends as a page does.
type sender struct {
	t      *testing.T
	pc     *webrtc.PeerConnection
	tracks map[string]*webrtc.TrackLocalStaticRTP // by MID
	sent   map[string]int                         // packets
}

func newSender(t *testing.T, streams int) *sender {
	t.Helper()
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	x := &sender{t: t, pc: pc, tracks: map[string]*webrtc.TrackLocalStaticRTP{}, sent: map[string]int{}}
	for i := range streams {
		id := string(rune('0' + i))
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video"+id, "page")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
			t.Fatal(err)
		}
		x.tracks[id] = track
	}
	return x
}

func (x *sender) offer() string {
	x.t.Helper()
	o, err := x.pc.CreateOffer(nil)
	if err != nil {
		x.t.Fatal(err)
	}
	if err := x.pc.SetLocalDescription(o); err != nil {
		x.t.Fatal(err)
	}
	return o.SDP
}

func (x *sender) accept(answer string) {
	x.t.Helper()
	if err := x.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		x.t.Fatal(err)
	}
}

// picture sends one picture of a stream, in two packets.
func (x *sender) picture(mid string, n int, key bool) {
	x.t.Helper()
	first := []byte{0x10, 0x01, 0, 0} // not a key picture
	if key {
		first = []byte{0x10, 0x00, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01} // 640x480
	}
	for i, payload := range [][]byte{append(first, make([]byte, 800)...), append([]byte{0}, make([]byte, 400)...)} {
		p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(x.sent[mid]), Timestamp: uint32(n * 6000), Marker: i == 1}, Payload: payload}
		if err := x.tracks[mid].WriteRTP(p); err != nil {
			x.t.Error(err)
		}
		x.sent[mid]++
	}
}

// send sends 15 pictures a second of all streams until stopped.
func (x *sender) send() (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(time.Second / 15)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			for mid := range x.tracks {
				x.picture(mid, n, n%15 == 0)
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

func request(p *port, key, offer string, d time.Duration) Request {
	return Request{
		Key: key, Offer: offer, Streams: map[string]rehearsal.Kind{"0": rehearsal.Webcam, "1": rehearsal.Screen},
		Addresses: []netip.AddrPort{p.addr}, Plan: rehearsal.Plan{Time: d},
	}
}

// Webcam and screen arrive on the socket of QUIC and probes, and neither disturbs the other.
func TestStreamsBesideQUICAndProbes(t *testing.T) {
	if testing.Short() {
		t.Skip("long: sends for seconds")
	}
	p := newPort(t, Limits{Enabled: true, AtOnce: 2})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	x := newSender(t, 2)
	h, err := p.receiver.Begin(ctx, request(p, "t1", x.offer(), 3*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if a := h.Answer(); !strings.Contains(a, "a=ice-lite") || !strings.Contains(a, p.addr.Addr().String()) || strings.Contains(a, "192.0.2.1 9") {
		t.Errorf("the answer is not of an ICE-lite agent at %v:\n%s", p.addr, a)
	}
	x.accept(h.Answer())
	if _, err := p.receiver.Begin(ctx, request(p, "t1", newSender(t, 1).offer(), time.Second)); !errors.Is(err, ErrBusy) {
		t.Errorf("a second rehearsal of the same token: %v", err)
	}
	stop := x.send()
	seconds := 0
	err = h.Run(ctx, func(f []rehearsal.Figures) {
		seconds++
		c, err := link.Dial(ctx, link.DialOptions{Server: p.addr.String(), Fingerprint: p.pin})
		if err != nil {
			t.Error("QUIC beside WebRTC: ", err)
			return
		}
		probe := wire.AppendHeader(nil, wire.Header{Kind: wire.KindProbe, Flow: 7, Seq: wire.Seq(seconds)})
		if err := c.Socket().Send(append(probe, make([]byte, wire.MinPacketSize-len(probe))...), p.addr); err != nil {
			t.Error(err)
		}
		select {
		case got := <-p.probes:
			if got.Flow != 7 || got.Seq != wire.Seq(seconds) {
				t.Errorf("a probe beside WebRTC: %+v", got)
			}
		case <-ctx.Done():
			t.Error("no probe arrived")
		}
		c.Close("done")
		if len(f) != 2 || f[0].Kind != rehearsal.Webcam || f[1].Kind != rehearsal.Screen {
			t.Errorf("figures of a second: %+v", f)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	stop()
	h.Settle(ctx)
	h.Close()
	e := h.Evidence()
	for mid, k := range map[string]rehearsal.Kind{"0": rehearsal.Webcam, "1": rehearsal.Screen} {
		x, sent := e.Streams[k].Totals(), x.sent[mid]
		if x.Packets+x.Lost > sent || sent-x.Packets-x.Lost > 30 || x.Packets == 0 { // before the connection was there
			t.Errorf("%s: %d packets arrived and %d were lost, of %d sent", k, x.Packets, x.Lost, sent)
		}
		if f := e.Streams[k].Figures(k, e.Began, e.Ended); f.Width != 640 || f.Height != 480 || f.Frames == 0 {
			t.Errorf("%s: %+v", k, f)
		}
	}
	if seconds != 3 {
		t.Errorf("told of %d seconds", seconds)
	}
	if n := testutil.ToFloat64(p.receiver.metrics.ended.WithLabelValues(string(Complete))); n != 1 {
		t.Errorf("%v complete rehearsals counted", n)
	}
}

// A page from which nothing comes is given up, and makes room.
func TestNothingArrives(t *testing.T) {
	if testing.Short() {
		t.Skip("long: waits for a connection")
	}
	p := newPort(t, Limits{Enabled: true, AtOnce: 1})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	h, err := p.receiver.Begin(ctx, request(p, "t1", newSender(t, 2).offer(), time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.receiver.Begin(ctx, request(p, "t2", newSender(t, 2).offer(), time.Second)); !errors.Is(err, ErrFull) {
		t.Errorf("a rehearsal beyond the limit: %v", err)
	}
	if err := h.Run(ctx, func([]rehearsal.Figures) {}); !errors.Is(err, ErrUnconnected) {
		t.Errorf("%v, expected that nothing arrived", err)
	}
	h.Close()
	h, err = p.receiver.Begin(ctx, request(p, "t1", newSender(t, 2).offer(), time.Second))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := h.Run(ctx, func([]rehearsal.Figures) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, expected the end of the page", err)
	}
	h.Close()
	if n := testutil.ToFloat64(p.receiver.metrics.running); n != 0 {
		t.Errorf("%v rehearsals still run", n)
	}
}

// A server that stops in mid-rehearsal leaves nothing behind.
func TestCloseInMidRehearsal(t *testing.T) {
	if testing.Short() {
		t.Skip("long: opens a connection")
	}
	p := newPort(t, Limits{Enabled: true, AtOnce: 1})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	x := newSender(t, 1)
	h, err := p.receiver.Begin(ctx, request(p, "t1", x.offer(), time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	x.accept(h.Answer())
	stop := x.send()
	defer stop()
	err = h.Run(ctx, func([]rehearsal.Figures) {
		if err := p.receiver.Close(); err != nil {
			t.Error(err)
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, expected the end of the server", err)
	}
	h.Close()
	if _, err := p.receiver.Begin(context.Background(), request(p, "t1", newSender(t, 1).offer(), time.Second)); !errors.Is(err, ErrOff) {
		t.Errorf("after the end: %v", err)
	}
}

func TestOffersThatAreRefused(t *testing.T) {
	good := newSender(t, 2).offer()
	p := newPort(t, Limits{Enabled: true, AtOnce: 1})
	for name, offer := range map[string]string{
		"giant": good + strings.Repeat("a=x\r\n", wire.MaxOffer/5), "empty": "", "no SDP": "hello\r\nm=video x\r\n",
		"three streams": newSender(t, 3).offer(), "data": good + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", "sound": good + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
	} {
		if _, err := p.receiver.Begin(t.Context(), request(p, "t1", offer, time.Second)); !errors.Is(err, ErrOffer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := testutil.ToFloat64(p.receiver.metrics.running); n != 0 {
		t.Errorf("%v rehearsals still run", n)
	}
	off := newPort(t, Limits{AtOnce: 1})
	if _, err := off.receiver.Begin(t.Context(), request(off, "t1", good, time.Second)); !errors.Is(err, ErrOff) {
		t.Errorf("switched off: %v", err)
	}
}

// A browser's own addresses are left out: they are learned from its packets.
func TestAcceptedLeavesOutAddresses(t *testing.T) {
	got, err := accepted("v=0\nm=video 9 UDP/TLS/RTP/SAVPF 96\na=candidate:1 1 udp 1 10.0.0.7 1234 typ host\na=mid:0\na=end-of-candidates\n")
	if err != nil || got != "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAddressed(t *testing.T) {
	at := []netip.AddrPort{netip.MustParseAddrPort("198.51.100.7:8443"), netip.MustParseAddrPort("[2001:db8::7]:8443")}
	got := addressed("m=video\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=candidate:2 1 udp 1 2001:db8::1 9 typ host\r\na=mid:0\r\n", at)
	want := "m=video\r\na=candidate:1 1 udp 2130706431 198.51.100.7 8443 typ host\r\na=candidate:2 1 udp 2130706430 2001:db8::7 8443 typ host\r\na=mid:0\r\n"
	if got != want {
		t.Errorf("%q, expected %q", got, want)
	}
}
