package link_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/webtransport-go"

	"examlink/probe/link"
	"examlink/probe/wire"
)

// pagePort is a server for pages, and dial opens a page's session with it.
func pagePort(t *testing.T, most int) (pages *link.WebTransports, dial func(origin string) (*webtransport.Session, error)) {
	t.Helper()
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	pages = link.NewWebTransports(most)
	ln, err := link.Listen(pc, link.ListenOptions{TLS: &tls.Config{Certificates: []tls.Certificate{certificate(t)}}, Pages: pages})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pages.Close(); _ = ln.Close(); _ = pc.Close() })
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go func() { // ends with ctx; the listener serves pages only while somebody accepts
		for ctx.Err() == nil {
			_, _ = ln.Accept(ctx)
		}
	}()
	at := pc.LocalAddr().String()
	return pages, func(origin string) (*webtransport.Session, error) {
		d := &webtransport.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h3"}}} //nolint:gosec // a test on the loopback
		t.Cleanup(func() { _ = d.Close() })
		h := http.Header{}
		if origin == "" {
			origin = "https://" + at
		}
		h.Set("Origin", origin)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, s, err := d.Dial(ctx, "https://"+at+wire.WebTransportPath, h) //nolint:bodyclose // the session is the body
		return s, err
	}
}

// A page has a control stream and packets that are datagrams, and the server sees when its
// own packets leave.
func TestWebTransport(t *testing.T) {
	pages, dial := pagePort(t, 1)
	page, err := dial("")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pages.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if conn.Transport() != link.UDP {
		t.Errorf("transport %s, expected udp", conn.Transport())
	}
	if _, _, err := conn.ProbeKeys(1); err == nil {
		t.Error("a page exported keys")
	}

	stream, err := page.OpenStreamSync(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	control, err := conn.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 5)
	if _, err := io.ReadFull(control, b); err != nil || string(b) != "hello" {
		t.Errorf("control stream: %q, %v", b, err)
	}

	arrived := make(chan link.Datagram, 1)
	conn.Socket().Handle(func(batch []link.Datagram) { arrived <- batch[0] })
	packet := wire.AppendHeader(nil, wire.Header{Kind: wire.KindEcho, Flow: 7, Seq: 1})
	packet = append(packet, make([]byte, wire.MinPacketSize-len(packet))...)
	if err := page.SendDatagram(packet); err != nil {
		t.Fatal(err)
	}
	select {
	case d := <-arrived:
		if h, err := wire.ParseHeader(d.Data); err != nil || h.Flow != 7 || d.From != conn.Remote() {
			t.Errorf("%+v from %v, %v", h, d.From, err)
		}
	case <-ctx.Done():
		t.Fatal("no packet arrived")
	}

	var mu sync.Mutex
	var sizes []int
	before := conn.Socket().Clock().Now()
	stop, known := conn.WatchDepartures(func(at time.Duration, size int) {
		mu.Lock()
		defer mu.Unlock()
		if at < before {
			t.Errorf("left at %v, before it was sent at %v", at, before)
		}
		if size >= 1000 {
			sizes = append(sizes, size)
		}
	})
	if !known {
		t.Skip("departures are not seen on this system")
	}
	large := append(packet, make([]byte, 1000)...)
	for range 5 {
		if err := conn.Socket().Send(large, conn.Remote()); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		if _, err := page.ReceiveDatagram(ctx); err != nil {
			t.Fatal(err)
		}
	}
	// The last one may be here before the call that sent it has returned.
	seen := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(sizes)
	}
	for seen() < 5 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	stop()
	if n := seen(); n != 5 {
		t.Errorf("%d packets of more than 1,000 bytes left, expected five", n)
	}

	if _, err := dial(""); err == nil {
		t.Error("a second page was admitted, beyond the limit")
	}
	conn.Close("bye")
	select {
	case <-page.Context().Done():
	case <-ctx.Done():
		t.Error("the page does not see the end")
	}
}

// A page of another host gets no session.
func TestWebTransportOrigin(t *testing.T) {
	_, dial := pagePort(t, 10)
	if _, err := dial("https://elsewhere.example"); err == nil {
		t.Error("a page of another origin was admitted")
	}
}
