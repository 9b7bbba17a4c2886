package delivery

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"examlink/probe/ippm"
	"examlink/server/alert"
)

var secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))

// pipes is a listener for connections within the process, as synctest bubbles need
// it.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { close(p.closed); return nil }

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// got is a request as a receiver saw it.
type got struct {
	at     time.Time
	header http.Header
	body   []byte
	event  alert.Event
}

// receiver answers by a function and keeps the requests that it took.
type receiver struct {
	date time.Time // that its answers bear; zero: now
	pipes
	t      *testing.T
	answer func(got) int // nil: 204

	mu    sync.Mutex
	took  []got
	tries int
}

func newReceiver(t *testing.T, answer func(got) int) *receiver {
	r := &receiver{t: t, answer: answer, pipes: pipes{make(chan net.Conn), make(chan struct{})}}
	srv := &http.Server{Handler: r}
	done := make(chan struct{})
	go func() { _ = srv.Serve(&r.pipes); close(done) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !r.date.IsZero() {
		w.Header().Set("Date", r.date.UTC().Format(http.TimeFormat))
	}
	b, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	x := got{at: time.Now(), header: req.Header, body: b}
	if err := json.Unmarshal(b, &x.event); err != nil && req.URL.Path == "/hook" {
		r.t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	code := http.StatusNoContent
	if r.answer != nil {
		code = r.answer(x)
	}
	if code < 300 {
		r.took = append(r.took, x)
	}
	w.Header().Set("Location", "http://127.0.0.1/elsewhere")
	w.WriteHeader(code)
}

func (r *receiver) taken() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.took)
}

func (r *receiver) attempts() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tries
}

// begin runs a notifier with one receiver; stop ends it.
func begin(t *testing.T, r *receiver, o Options) (a *Notifier, stop func()) {
	t.Helper()
	if len(o.Webhooks) == 0 {
		o.Webhooks = []Webhook{{}}
	}
	h := &o.Webhooks[0]
	h.Name, h.URL, h.Secret = "proctors", "http://127.0.0.1/hook", secret
	o.Dial = r.dial
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	return a, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func sessionNamed(id, state string) alert.Session {
	return alert.Session{Session: id, Exam: "e1", Student: "s-" + id, State: state, At: time.Now(), LastPacket: time.Now().Add(-time.Second)}
}

// gather collects the metrics of a notifier.
func gather(t *testing.T, a *Notifier) []*dto.MetricFamily {
	t.Helper()
	r := prometheus.NewRegistry()
	if err := a.Register(r); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// metric reads a counter of a receiver.
func metric(t *testing.T, a *Notifier, name string) float64 {
	t.Helper()
	for _, f := range gather(t, a) {
		if f.GetName() == "examlink_server_"+name {
			return f.GetMetric()[0].GetCounter().GetValue() + f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

var start = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

func at(sec float64) time.Time { return start.Add(time.Duration(sec * float64(time.Second))) }

func reads(value, low, high float64) alert.Reading {
	return alert.Reading{Interval: ippm.Interval{Value: &value, Low: &low, High: &high}, Direction: "up", Packets: 30}
}
