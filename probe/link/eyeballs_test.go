package link_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
)

// The winning address and its time: a handshake takes 40 ms; the rest is the cost of
// the race.
func TestDialByBothFamilies(t *testing.T) {
	const handshake = 40 * ms
	for name, c := range map[string]struct {
		happen     func(*testbed)
		known      netip.AddrPort
		at         netip.AddrPort
		after      time.Duration // start of the winner's handshake
		remembered bool
	}{
		"both are well":                      {func(*testbed) {}, six, six, 0, false},
		"IPv6 is a black hole":               {func(w *testbed) { w.silence(six) }, six, four, 250 * ms, false},
		"IPv4 is a black hole":               {func(w *testbed) { w.silence(four) }, four, six, 0, false},
		"IPv6 is slow, but there first":      {func(w *testbed) { w.delay(six, 140*ms) }, four, six, 240 * ms, false}, // 280 in all
		"IPv6 is slow":                       {func(w *testbed) { w.delay(six, 300*ms) }, four, four, 250 * ms, false},
		"no route by IPv6":                   {func(w *testbed) { w.noRoute[six] = true }, six, four, 0, false},
		"the name has no IPv6":               {func(w *testbed) { w.names.six = nil }, four, four, 0, false},
		"the name has no IPv4":               {func(w *testbed) { w.names.four = nil }, four, six, 0, false},
		"IPv6 is looked up a little late":    {func(w *testbed) { w.names.sixAfter = 40 * ms }, four, six, 40 * ms, false},
		"IPv6 is looked up late":             {func(w *testbed) { w.names.sixAfter = 100 * ms }, four, four, 50 * ms, false},
		"IPv6 is never looked up":            {func(w *testbed) { w.names.sixAfter = never }, four, four, 50 * ms, false},
		"no IPv6, said a little late":        {func(w *testbed) { w.names.sixAfter, w.names.six = 30*ms, nil }, four, four, 30 * ms, false},
		"IPv6 cannot be looked up":           {func(w *testbed) { w.names.sixAfter, w.names.sixErr = 10*ms, serverDown }, four, four, 10 * ms, false},
		"IPv6 is late, IPv4 a black hole":    {func(w *testbed) { w.names.sixAfter = 100 * ms; w.silence(four) }, four, six, 300 * ms, false},
		"IPv4 is late, IPv6 well":            {func(w *testbed) { w.names.fourAfter = 100 * ms }, four, six, 0, false},
		"IPv4 is late, IPv6 a black hole":    {func(w *testbed) { w.names.fourAfter = time.Second; w.silence(six) }, four, four, time.Second, false},
		"IPv4 is late, and no route by IPv6": {func(w *testbed) { w.names.fourAfter = time.Second; w.noRoute[six] = true }, four, four, time.Second, false},
		"IPv6 is very late, and nobody answers by IPv4": {func(w *testbed) {
			w.names.sixAfter = 3 * time.Second
			w.silence(four)
			w.tcp = map[netip.AddrPort]answer{four: refused, six: answers}
		}, netip.AddrPort{}, six, 3 * time.Second, false},
		"an older IPv6 address": {func(w *testbed) { w.names.six = []netip.Addr{netip.MustParseAddr("2001:db8::9"), six.Addr()} }, four, four, 250 * ms, false},
		"no name service":       {func(w *testbed) { w.names.fourErr, w.names.sixErr = serverDown, serverDown }, four, four, 0, true},
		"a name that is gone":   {func(w *testbed) { w.names = names{} }, six, six, 0, true},
		"a silent name service": {func(w *testbed) { w.names.fourAfter, w.names.sixAfter = never, never }, four, four, 500 * ms, true},
		"a slow name service, and a new address": {func(w *testbed) {
			w.names.fourAfter, w.names.sixAfter = 600*ms, 600*ms
		}, other, six, 750 * ms, false},
		"a slow name service, and the same address": {func(w *testbed) {
			w.names.fourAfter, w.names.sixAfter, w.names.six = 510*ms, 510*ms, nil
		}, four, four, 500 * ms, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTestbed(t)
				c.happen(w)
				o := w.options()
				o.Known = c.known.Addr()
				start := time.Now()
				conn, err := link.Dial(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				took := time.Since(start)
				defer conn.Close("test over")
				if conn.Remote() != c.at || took != c.after+handshake || conn.Remembered() != c.remembered {
					t.Errorf("%v after %v, remembered %v; want %v after %v, %v",
						conn.Remote(), took, conn.Remembered(), c.at, c.after+handshake, c.remembered)
				}
				w.mu.Lock()
				if len(w.open) != 1 {
					t.Errorf("open sockets, to %v", w.open)
				}
				w.mu.Unlock()
				loser := four
				if c.at == four {
					loser = six
				}
				if won, lost := w.accepted(c.at), w.accepted(loser); won != 1 || lost != 0 {
					t.Errorf("the server has %d connections at %v, %d at %v", won, c.at, lost, loser)
				}
			})
		})
	}
}

// A network that lets nothing through but the web, and answers there itself, wants its
// user to sign in.
func TestPortal(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   link.Reason
	}{
		"its own status":      {"HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n", link.ReasonPortal},
		"another host":        {"HTTP/1.1 302 Found\r\nLocation: http://login.hotel.example/\r\nContent-Length: 0\r\n\r\n", link.ReasonPortal},
		"another address":     {"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1:8002/x\r\nContent-Length: 0\r\n\r\n", link.ReasonPortal},
		"its own site by TLS": {"HTTP/1.1 301 Moved\r\nLocation: https://exam.test/\r\nContent-Length: 0\r\n\r\n", link.ReasonNoServer},
		"another of its site": {"HTTP/1.1 301 Moved\r\nLocation: https://www.exam.test/\r\nContent-Length: 0\r\n\r\n", link.ReasonNoServer},
		"a provider's site":   {"HTTP/1.1 301 Moved\r\nLocation: https://pages.example.org/\r\nContent-Length: 0\r\n\r\n", link.ReasonNoServer},
		"a page":              {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", link.ReasonNoServer},
		"something else":      {"220 mail ready\r\n", link.ReasonNoServer},
		"nobody on port 80":   {"", link.ReasonNoServer},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTestbed(t)
				w.silence(four)
				w.silence(six)
				o := w.options()
				o.TCP = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
					if to.Port() != 80 || c.answer == "" {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					near, far := net.Pipe()
					go func() { // ends with the connection
						defer func() { _ = far.Close() }()
						if _, err := http.ReadRequest(bufio.NewReader(far)); err == nil {
							_, _ = io.WriteString(far, c.answer)
						}
					}()
					return near, nil
				}
				_, err := link.Dial(t.Context(), o)
				if r, ok := link.ReasonOf(err); !ok || r != c.want {
					t.Errorf("reason %q of %v, want %q", r, err, c.want)
				}
			})
		})
	}
}

// The error when no address can be reached, and how soon it comes.
func TestDialReasonsByBothFamilies(t *testing.T) {
	wrongKey := func(o *link.DialOptions) { o.Fingerprint[0] ^= 1 }
	noDNS := func(w *testbed) { w.names.fourErr, w.names.sixErr = serverDown, serverDown }
	quiet := func(w *testbed) { w.silence(four); w.silence(six) }
	for name, c := range map[string]struct {
		happen func(*testbed)
		change func(*link.DialOptions)
		want   link.Reason
		after  time.Duration
	}{
		"nobody answers": {quiet, nil, link.ReasonNoServer, 5 * time.Second},
		"nobody answers, by TCP neither": {func(w *testbed) {
			quiet(w)
			w.tcp = map[netip.AddrPort]answer{}
		}, nil, link.ReasonNoServer, 4500 * ms},
		"both refuse by TCP": {func(w *testbed) {
			quiet(w)
			w.tcp = map[netip.AddrPort]answer{four: refused, six: refused}
		}, nil, link.ReasonNoServer, 1500 * ms},
		"TCP answers by IPv6": {func(w *testbed) {
			quiet(w)
			w.tcp = map[netip.AddrPort]answer{six: answers}
		}, nil, link.ReasonUDPBlocked, 5 * time.Second},
		"TCP answers by IPv4": {func(w *testbed) {
			quiet(w)
			w.tcp = map[netip.AddrPort]answer{four: answers}
		}, nil, link.ReasonUDPBlocked, 5 * time.Second},
		"TCP answers by IPv4, IPv6 refuses": {func(w *testbed) {
			quiet(w)
			w.tcp = map[netip.AddrPort]answer{four: answers, six: refused}
		}, nil, link.ReasonUDPBlocked, 5 * time.Second},
		"no route by IPv6, IPv4 blocked": {func(w *testbed) {
			quiet(w)
			w.noRoute[six] = true
			w.tcp = map[netip.AddrPort]answer{four: answers}
		}, nil, link.ReasonUDPBlocked, 5 * time.Second},
		"no route by IPv6, IPv4 silent":      {func(w *testbed) { quiet(w); w.noRoute[six] = true }, nil, link.ReasonNoServer, 5 * time.Second},
		"no route at all":                    {func(w *testbed) { w.noRoute[six], w.noRoute[four] = true, true }, nil, link.ReasonNoNetwork, 0},
		"another key, and a black hole":      {func(w *testbed) { w.silence(four) }, wrongKey, link.ReasonCertificate, 5 * time.Second},
		"another key at both":                {func(*testbed) {}, wrongKey, link.ReasonCertificate, 80 * ms},
		"no such name":                       {func(w *testbed) { w.names = names{} }, nil, link.ReasonResolve, 0},
		"no name service":                    {noDNS, nil, link.ReasonResolve, 0},
		"a silent name service":              {func(w *testbed) { w.names.fourAfter, w.names.sixAfter = never, never }, nil, link.ReasonResolve, 8 * time.Second},
		"IPv4 silent, IPv6 never looked up":  {func(w *testbed) { w.silence(four); w.names.sixAfter = never }, nil, link.ReasonNoServer, 5050 * ms},
		"no name service, and no route":      {func(w *testbed) { noDNS(w); w.noRoute[four] = true }, func(o *link.DialOptions) { o.Known = four.Addr() }, link.ReasonNoNetwork, 0},
		"no name service, and a black hole":  {func(w *testbed) { noDNS(w); w.silence(four) }, func(o *link.DialOptions) { o.Known = four.Addr() }, link.ReasonNoServer, 5 * time.Second},
		"no name service, and another key":   {noDNS, func(o *link.DialOptions) { o.Known = four.Addr(); wrongKey(o) }, link.ReasonCertificate, 40 * ms},
		"no name service, nobody vouches":    {noDNS, func(o *link.DialOptions) { o.Known, o.Fingerprint = four.Addr(), [32]byte{} }, link.ReasonCertificate, 40 * ms},
		"told to stop":                       {quiet, nil, link.ReasonCancelled, 700 * ms},
		"told to stop during the look-up":    {func(w *testbed) { w.names.fourAfter, w.names.sixAfter = never, never }, nil, link.ReasonCancelled, 700 * ms},
		"the caller's time is over too soon": {quiet, nil, link.ReasonNoServer, 600 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTestbed(t)
				c.happen(w)
				o := w.options()
				if c.change != nil {
					c.change(&o)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				switch c.after {
				case 700 * ms:
					time.AfterFunc(c.after, cancel)
				case 600 * ms:
					ctx, cancel = context.WithTimeout(ctx, c.after)
					defer cancel()
				}
				start := time.Now()
				_, err := link.Dial(ctx, o)
				if r, ok := link.ReasonOf(err); !ok || r != c.want {
					t.Errorf("reason %q of %v, want %q", r, err, c.want)
				}
				if took := time.Since(start); took != c.after {
					t.Errorf("%v after %v, want %v", err, took, c.after)
				}
				if len(w.open) > 0 {
					t.Errorf("open sockets, to %v", w.open)
				}
				t.Log(err)
			})
		})
	}
}

// The system's own sockets: a name with an address of each family, and a server at one
// of them or at both.
func TestDialLoopbackByBothFamilies(t *testing.T) {
	here := map[string]netip.Addr{"udp6": netip.IPv6Loopback(), "udp4": netip.MustParseAddr("127.0.0.1")}
	if pc, err := net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(here["udp6"], 0))); err != nil {
		t.Skip("no IPv6 here: ", err)
	} else {
		_ = pc.Close()
	}
	for _, want := range []string{"udp6", "udp4"} {
		p := listenAt(t, want, here[want])
		_, port, err := net.SplitHostPort(p.addr.String())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := link.Dial(t.Context(), link.DialOptions{
			Server: net.JoinHostPort(serverName, port), Fingerprint: p.pin,
			Resolver: &names{six: []netip.Addr{here["udp6"]}, four: []netip.Addr{here["udp4"]}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close("test over")
		if conn.Remote() != p.addr {
			t.Errorf("%s: to %v, want %v", want, conn.Remote(), p.addr)
		}
		got := make(chan link.Datagram, 1)
		p.ln.Socket().Handle(func(batch []link.Datagram) { got <- batch[0] })
		if err := conn.Socket().Send(bytes.Repeat([]byte{byte(wire.KindProbe)}, wire.MinPacketSize), conn.Remote()); err != nil {
			t.Fatal(err)
		}
		if d := <-got; d.From.Addr() != here[want] {
			t.Errorf("%s: a probe packet from %v", want, d.From)
		}
	}
}

// The first to complete a TLS handshake carries the WebSocket, and a remembered address
// is used if the name cannot be looked up.
func TestDialWebSocketByBothFamilies(t *testing.T) {
	g := newGate(t, 10)
	real := netip.MustParseAddrPort(g.addr)
	black := netip.IPv6Loopback()
	for name, c := range map[string]struct {
		names names
		known netip.Addr
	}{
		"IPv6 is a black hole": {names{four: []netip.Addr{real.Addr()}, six: []netip.Addr{black}}, netip.Addr{}},
		"no name service":      {names{fourErr: serverDown, sixErr: serverDown}, real.Addr()},
	} {
		t.Run(name, func(t *testing.T) {
			_, port, err := net.SplitHostPort(g.addr)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := link.DialWebSocket(t.Context(), link.DialOptions{
				Server: net.JoinHostPort(serverName, port), Fingerprint: g.pin, Resolver: &c.names, Known: c.known,
				TCP: func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
					if to.Addr() == black { // accepts the connection and stays silent
						near, far := net.Pipe()
						context.AfterFunc(ctx, func() { _ = far.Close() })
						return near, nil
					}
					return (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close("test over")
			if conn.Remote() != real || conn.Remembered() != c.known.IsValid() {
				t.Errorf("to %v, remembered %v", conn.Remote(), conn.Remembered())
			}
		})
	}
	_, err := link.DialWebSocket(t.Context(), link.DialOptions{Server: serverName + ":1", Resolver: &names{}})
	if r, _ := link.ReasonOf(err); r != link.ReasonResolve {
		t.Errorf("reason %q of %v", r, err)
	}
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		t.Errorf("%v", err)
	}
}
