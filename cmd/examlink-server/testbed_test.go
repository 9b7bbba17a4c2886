package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"examlink/cmd/internal/config"
	"examlink/probe"
	"examlink/probe/clock"
	"examlink/probe/netsim"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/alert"
	"examlink/server/delivery"
	"examlink/server/exam"
)

const (
	ms         = time.Millisecond
	hookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// received is a webhook request as received.
type received struct {
	at time.Time
	alert.Notice
}

// proctor is a webhook receiver that verifies requests.
type proctor struct {
	t      *testing.T
	answer func(alert.Notice) int // nil: 200
	mu     sync.Mutex
	// everything received, in order, and the bodies
	all []received
	raw [][]byte
}

func (p *proctor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
	p.all, p.raw = append(p.all, received{at, e.Data}), append(p.raw, b)
	if p.answer != nil {
		w.WriteHeader(p.answer(e.Data))
	}
}

// bodies returns the bodies of all requests.
func (p *proctor) bodies() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.raw)
}

// since lists the notices about a student from a time on.
func (p *proctor) since(student string, from time.Time) (out []received) {
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

// testbed is an exam in a synctest bubble: a server that notifies a proctor, and
// students with a link each.
type testbed struct {
	t       *testing.T
	net     *netsim.Network
	keys    server.Keys
	srv     *server.Server
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

// dial connects with the delay of a receiver 20 ms away.
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

func newTestbed(t *testing.T, students ...string) *testbed {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h := &testbed{
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
	f.Server.Alerts.Webhooks = []config.Webhook{{Webhook: delivery.Webhook{Name: "proctors", URL: "http://127.0.0.1/hook", Secret: hookSecret, Timeout: 10 * time.Second}}}
	o, err := f.AlertOptions()
	if err != nil {
		t.Fatal(err)
	}
	o.Dial = l.dial
	conn := h.net.Server()
	options := server.Options{
		Conn: conn, TLS: &tls.Config{Certificates: []tls.Certificate{h.keys.Certificate}},
		TokenKey: h.keys.Token.Public().(ed25519.PublicKey), Secret: h.keys.Secret, NewWaiter: waiters, Notify: &o,
	}
	if h.srv, err = server.New(options); err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- h.srv.Run(serving) }()
	t.Cleanup(func() {
		for _, leave := range h.leave {
			leave()
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
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

// enter starts a student's watch; leave[student] ends it cleanly.
func (h *testbed) enter(student string, i int) {
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

func (h *testbed) cut(outage bool, students ...string) {
	for _, s := range students {
		for _, p := range []*netsim.Pipe{h.clients[s].Up, h.clients[s].Down} {
			p.Update(func(p *netsim.Params) { p.Outage = outage })
		}
	}
}
