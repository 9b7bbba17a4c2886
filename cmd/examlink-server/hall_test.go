package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"examlink/cmd/internal/config"
	"examlink/probe"
	"examlink/probe/clock"
	"examlink/probe/netsim"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/alert"
	"examlink/server/exam"
)

const (
	ms         = time.Millisecond
	hookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// told is a webhook as a proctor's receiver got it.
type told struct {
	at time.Time
	alert.Notice
}

// proctor is a receiver of webhooks that verifies what it gets.
type proctor struct {
	t  *testing.T
	mu sync.Mutex
	// all that came, in order
	all []told
}

func (p *proctor) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	at := time.Now()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Error(err)
		return
	}
	v, err := webhooks.NewWebhook(hookSecret)
	if err == nil {
		err = v.Verify(b, r.Header)
	}
	var e alert.Event
	if err == nil {
		err = json.Unmarshal(b, &e)
	}
	if err != nil {
		p.t.Error(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, told{at, e.Data})
}

// since lists what came of a student from a time on.
func (p *proctor) since(student string, from time.Time) (out []told) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.all {
		if n.Student == student && !n.at.Before(from) {
			out = append(out, n)
		}
	}
	return out
}

func (p *proctor) kinds(student string, from time.Time) (out []string) {
	for _, n := range p.since(student, from) {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s%s", n.Kind, n.Direction, n.End)))
	}
	return out
}

// hall is an exam in a synctest bubble: a server that tells a proctor, and
// students with a link each.
type hall struct {
	t       *testing.T
	net     *netsim.Network
	keys    server.Keys
	srv     *server.Server
	alerts  *alert.Alerts
	proctor *proctor
	clients map[string]*netsim.Client
	leave   map[string]func()
}

var hallAddr = netip.MustParseAddrPort("10.0.0.1:8443")

// pipeListener accepts connections within the process, which bubbles can follow.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// dial connects after the time a receiver 20 ms away takes.
func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	way := time.NewTimer(40 * ms)
	defer way.Stop()
	here, there := net.Pipe()
	var conns chan net.Conn // not yet
	for {
		select {
		case <-way.C:
			conns = l.conns
		case conns <- there:
			return here, nil
		case <-l.closed:
			return nil, net.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func newHall(t *testing.T, students ...string) *hall {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h := &hall{
		t: t, net: netsim.NewNetwork(ctx, hallAddr), proctor: &proctor{t: t}, clients: map[string]*netsim.Client{}, leave: map[string]func(){},
	}
	l := &pipeListener{make(chan net.Conn), make(chan struct{})}
	hook := &http.Server{Handler: h.proctor}
	go func() { _ = hook.Serve(l) }()
	var err error
	if h.keys, err = server.LoadKeys(t.TempDir(), "", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	f := config.Default()
	f.Server.DataDir = t.TempDir()
	f.Server.Alerts.Webhooks = []config.Webhook{{Name: "proctors", URL: "http://127.0.0.1/hook", Secret: hookSecret, Timeout: 10 * time.Second}}
	o, err := f.AlertOptions()
	if err != nil {
		t.Fatal(err)
	}
	o.Dial = l.dial
	if h.alerts, err = alert.New(o); err != nil {
		t.Fatal(err)
	}
	conn := h.net.Server()
	options := server.Options{
		Conn: conn, TLS: &tls.Config{Certificates: []tls.Certificate{h.keys.Certificate}},
		TokenKey: h.keys.Token.Public().(ed25519.PublicKey), Secret: h.keys.Secret, NewWaiter: waiters,
	}
	follow(&options, h.alerts)
	if h.srv, err = server.New(options); err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(ctx)
	done := make(chan error, 2)
	go func() { done <- h.srv.Run(serving) }()
	go func() { done <- h.alerts.Run(serving) }()
	t.Cleanup(func() {
		for _, leave := range h.leave {
			leave()
		}
		stop()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		_ = hook.Close()
		cancel()
		_ = conn.Close()
		h.net.Wait()
	})
	for i, s := range students {
		h.enter(s, i)
	}
	return h
}

func waiters(c clock.Clock) (clock.Waiter, error) { return clock.NewTimerWaiter(c), nil }

// enter has a student begin to watch; leave[student] ends it in good order.
func (h *hall) enter(student string, i int) {
	h.t.Helper()
	p := netsim.Params{QueueTime: 500 * ms, Delay: 15 * ms, Jitter: ms, KeepOrder: true, Rate: 5e6}
	client := h.net.Client(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}), 50000), p, p, uint64(i))
	o := probe.DefaultOptions()
	var err error
	o.Token, err = exam.Issue(h.keys.Token, wire.JoinToken{
		Exam: "e1", Student: student, Servers: []string{hallAddr.String()}, Fingerprint: h.keys.Fingerprint(),
		NotBefore: time.Now().Unix(), Expires: time.Now().Add(24 * time.Hour).Unix(),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	o.NewWaiter, o.Seed = waiters, uint64(i)+1
	o.Socket = func(context.Context, netip.AddrPort) (net.PacketConn, error) { return client.Socket(), nil }
	h.clients[student] = client
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := probe.Watch(ctx, o)
		done <- err
	}()
	h.leave[student] = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
}

func (h *hall) cut(outage bool, students ...string) {
	for _, s := range students {
		for _, p := range []*netsim.Pipe{h.clients[s].Up, h.clients[s].Down} {
			p.Update(func(p *netsim.Params) { p.Outage = outage })
		}
	}
}

// checkCut checks what a proctor was told of one cut. Nothing arrives at the
// server later than last.
func checkCut(t *testing.T, got []told, last, back time.Time, slack time.Duration) {
	t.Helper()
	var kinds []alert.Kind
	for _, n := range got {
		kinds = append(kinds, n.Kind)
	}
	if !slices.Equal(kinds, []alert.Kind{alert.Suspect, alert.Dropped, alert.Recovered}) {
		t.Fatalf("told %q", kinds)
	}
	for i, within := range []time.Duration{1300 * ms, 3500 * ms} {
		n := got[i]
		if late := n.at.Sub(n.LastPacket) - within; late > slack {
			t.Errorf("%s came %v after the last packet the server saw", n.Kind, n.at.Sub(n.LastPacket))
		}
		if n.LastPacket.After(last.Add(ms)) {
			t.Errorf("%s: last packet at %v, the link was cut before %v", n.Kind, n.LastPacket, last)
		}
	}
	if r := got[2]; r.at.Before(back) || r.at.Sub(back) > 5*time.Second+slack || r.Was != alert.Dropped || r.Warning != got[0].Warning {
		t.Errorf("recovered %v after the link was back: %+v", r.at.Sub(back), r.Notice)
	}
}

// A link is cut in mid-session, 20 times: each time the proctor has suspect
// within 1.3 s and dropped within 3.5 s of the last packet, and recovered after.
func TestProctorIsToldOfEachCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, "s1", "s2", "s3", "s4")
		time.Sleep(20 * time.Second)
		rng := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			from := time.Now()
			h.cut(true, "s1")
			last := from.Add(20 * ms) // what was on its way
			time.Sleep(4500*ms + time.Duration(rng.IntN(4000))*ms)
			h.cut(false, "s1")
			back := time.Now()
			time.Sleep(20*time.Second + time.Duration(rng.IntN(10000))*ms)
			checkCut(t, h.proctor.since("s1", from), last, back, 0)
		}
		for _, s := range []string{"s2", "s3", "s4"} {
			if k := h.proctor.kinds(s, time.Time{}); len(k) != 0 {
				t.Errorf("told of %s, who was never cut: %q", s, k)
			}
		}
		h.leave["s2"]()
		time.Sleep(10 * time.Second)
		if k := h.proctor.kinds("s2", time.Time{}); !slices.Equal(k, []string{"ended goodbye"}) {
			t.Errorf("after a goodbye: %q", k)
		}
	})
}

// When all fall silent at once it is one incident, and nobody is told of the
// students.
func TestProctorIsToldOfOneIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := []string{"s1", "s2", "s3", "s4", "s5", "s6"}
		h := newHall(t, all...)
		time.Sleep(20 * time.Second)
		for round := range 5 {
			time.Sleep(time.Duration(17*round) * ms) // against the probes
			from := time.Now()
			h.cut(true, all...)
			time.Sleep(8 * time.Second)
			h.cut(false, all...)
			time.Sleep(40 * time.Second)
			got := h.proctor.since("", from)
			if len(got) != 2 || got[0].Kind != alert.Incident || got[0].State != alert.Raised || got[1].State != alert.Cleared || got[1].Counts.Affected != 6 || got[1].Counts.Silent != 0 {
				t.Fatalf("%+v", got)
			}
			if d := got[0].at.Sub(from); d > 1320*ms {
				t.Errorf("the incident was told after %v", d)
			}
			if d := got[1].Duration; d < 7.9 || d > 14 {
				t.Errorf("it lasted %v s", d)
			}
			for _, s := range all {
				if k := h.proctor.kinds(s, from); len(k) != 0 {
					t.Errorf("of %s alone: %q", s, k)
				}
			}
		}
	})
}

// A rate below the minimum is told in both directions, whose word it is with it.
func TestProctorIsToldOfLowRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, "s1")
		time.Sleep(3 * time.Minute)
		if k := h.proctor.kinds("s1", time.Time{}); len(k) != 0 {
			t.Errorf("on a good link: %q", k)
		}
		from := time.Now()
		h.clients["s1"].Up.Update(func(p *netsim.Params) { p.Rate = 0.25e6 })
		time.Sleep(time.Minute)
		got := h.proctor.since("s1", from)
		if len(got) != 1 || got[0].Kind != alert.BelowMinimum || got[0].Direction != "up" || got[0].Seen.Upload == nil || *got[0].Seen.Upload.Value > 0.27e6 || *got[0].Seen.Upload.Value < 0.23e6 {
			t.Fatalf("%+v", got)
		}
		t.Logf("told %v after the upload fell", got[0].at.Sub(from))
		h.clients["s1"].Up.Update(func(p *netsim.Params) { p.Rate = 5e6 })
		time.Sleep(5 * time.Minute)
		from = time.Now()
		h.clients["s1"].Down.Update(func(p *netsim.Params) { p.Rate = 0.5e6 })
		time.Sleep(2 * time.Minute)
		h.clients["s1"].Down.Update(func(p *netsim.Params) { p.Rate = 5e6 })
		time.Sleep(5 * time.Minute)
		if k := h.proctor.kinds("s1", time.Time{}); !slices.Equal(k, []string{"below-minimum up", "recovered up", "below-minimum down", "recovered down"}) {
			t.Errorf("%q", k)
		}
		for _, n := range h.proctor.since("s1", from) {
			if n.Claimed.Download == nil || n.Kind == alert.BelowMinimum && *n.Claimed.Download.Value > 0.52e6 {
				t.Errorf("%+v", n)
			}
		}
	})
}

// The same over sockets and by the clock on the wall, where a busy machine may
// be late: EXAMLINK_CUTS says how often, and that it is not busy.
func TestProctorIsToldOverSockets(t *testing.T) {
	cuts, slack := 1, 10*time.Second
	if n, err := strconv.Atoi(os.Getenv("EXAMLINK_CUTS")); err == nil {
		cuts, slack = n, 0
	}
	dir := t.TempDir()
	keys, err := server.LoadKeys(dir, "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p := &proctor{t: t}
	hook := httptest.NewServer(p)
	defer hook.Close()
	f := config.Default()
	f.Server.DataDir = dir
	f.Server.Alerts.Webhooks = []config.Webhook{{Name: "proctors", URL: hook.URL, Secret: hookSecret, Timeout: 10 * time.Second}}
	alerts, err := newAlerts(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	options := server.Options{
		Conn: udp, TLS: &tls.Config{Certificates: []tls.Certificate{keys.Certificate}, MinVersion: tls.VersionTLS13},
		TokenKey: keys.Token.Public().(ed25519.PublicKey), Secret: keys.Secret,
	}
	follow(&options, alerts)
	srv, err := server.New(options)
	if err != nil {
		t.Fatal(err)
	}
	link := netsim.Params{Delay: 10 * ms, Rate: 5e6, QueueTime: 500 * ms}
	relay, err := netsim.NewRelay(udp.LocalAddr().(*net.UDPAddr).AddrPort(), link, link, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 4)
	go func() { done <- srv.Run(ctx) }()
	go func() { done <- relay.Run(ctx) }()
	go func() { done <- alerts.Run(ctx) }()
	o, err := f.ProbeOptions()
	if err != nil {
		t.Fatal(err)
	}
	if o.Token, err = demoToken(keys, relay.Addr()); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := probe.Watch(ctx, o)
		done <- err
	}()
	for len(srv.Sessions()) == 0 || srv.Sessions()[0].State != server.StateLive {
		time.Sleep(50 * ms)
	}
	time.Sleep(time.Second)
	const who = "demo-student"
	for range cuts {
		from := time.Now()
		cut := func(outage bool) {
			relay.Up.Update(func(p *netsim.Params) { p.Outage = outage })
			relay.Down.Update(func(p *netsim.Params) { p.Outage = outage })
		}
		cut(true)
		time.Sleep(4500*ms + time.Duration(rand.IntN(1000))*ms)
		cut(false)
		back := time.Now()
		for end := back.Add(time.Minute); len(p.since(who, from)) < 3 && time.Now().Before(end); {
			time.Sleep(50 * ms)
		}
		got := p.since(who, from)
		checkCut(t, got, from.Add(time.Second), back, slack)
		t.Logf("suspect after %v, dropped after %v, recovered %v after the link was back", got[0].at.Sub(got[0].LastPacket), got[1].at.Sub(got[1].LastPacket), got[2].at.Sub(back))
		if cuts > 1 {
			time.Sleep(time.Until(from.Add(16 * time.Second))) // closer together it is flapping
		}
	}
	cancel()
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
