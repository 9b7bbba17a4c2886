package dashboards_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"

	"examlink/probe"
	"examlink/probe/clock"
	"examlink/probe/exporter"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/netsim"
	"examlink/probe/outbox"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/delivery"
	"examlink/server/exam"
)

// simulation is a real server and real clients on simulated links, in a bubble, and
// what Prometheus would have scraped of them.
type simulation struct {
	t      *testing.T
	net    *netsim.Network
	keys   server.Keys
	server *server.Server
	ends   []func()

	targets []scraped
	samples []string // in the exposition format, with times
	hosts   int

	alarmed bool // an alert on the server fires, and one on a session
}

// scraped is one target.
type scraped struct {
	job, instance string
	registry      *prometheus.Registry
}

var simulatedServer = netip.MustParseAddrPort("10.0.0.1:8443")

func timers(c clock.Clock) (clock.Waiter, error) { return clock.NewTimerWaiter(c), nil }

// newSimulation starts the server. stop ends everything.
func newSimulation(t *testing.T) (s *simulation, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s = &simulation{t: t, net: netsim.NewNetwork(ctx, simulatedServer)}
	var err error
	if s.keys, err = server.LoadKeys(t.TempDir(), "", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	conn := s.net.Server()
	s.server, err = server.New(server.Options{
		Conn: conn, TLS: &tls.Config{Certificates: []tls.Certificate{s.keys.Certificate}, MinVersion: tls.VersionTLS13},
		TokenKey: s.keys.Token.Public().(ed25519.PublicKey), Secret: s.keys.Secret,
		Clock: netsim.NewClock(0, 0), NewWaiter: timers, SessionSeries: 100, Notify: &delivery.Options{Dir: t.TempDir()},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := prometheus.NewRegistry()
	// Descriptors, memory and the like are this process' own: that they are there is
	// what the panels need.
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := s.server.Register(r); err != nil {
		t.Fatal(err)
	}
	s.targets = append(s.targets, scraped{"examlink-server", "exam-1:9481", r})
	done := make(chan error, 1)
	go func() { done <- s.server.Run(ctx) }()
	return s, func() {
		for _, end := range slices.Backward(s.ends) {
			end()
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = conn.Close()
		s.net.Wait()
	}
}

// path is a link of some rates in Mbit/s.
func path(down, up float64) (upward, downward netsim.Params) {
	p := netsim.Params{QueueTime: 200 * time.Millisecond, Delay: 15 * time.Millisecond}
	upward, downward = p, p
	upward.Rate, downward.Rate = ippm.Rate(up*1e6), ippm.Rate(down*1e6)
	return upward, downward
}

// student returns the options of a new host behind a link of some rates in Mbit/s.
func (s *simulation) student(name string, down, up float64) (probe.Options, *netsim.Client) {
	s.t.Helper()
	s.hosts++
	upward, downward := path(down, up)
	host := s.net.Client(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(s.hosts)}), 50000), upward, downward, uint64(s.hosts))
	pin := link.Fingerprint(s.keys.Certificate.Leaf)
	in, _, _ := strings.Cut(name, "/")
	token, err := exam.Issue(s.keys.Token, wire.JoinToken{
		ID: name, Exam: in, Student: name, Servers: []string{simulatedServer.String()}, Fingerprint: base64.RawURLEncoding.EncodeToString(pin[:]),
		NotBefore: time.Now().Add(-time.Minute).Unix(), Expires: time.Now().Add(24 * time.Hour).Unix(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	o := probe.DefaultOptions()
	o.Token, o.Clock, o.NewWaiter, o.Seed = token, netsim.NewClock(0, 0), timers, uint64(s.hosts)
	o.Socket = func(context.Context, netip.AddrPort) (net.PacketConn, error) { return host.Socket(), nil }
	return o, host
}

// watch starts a watch, whose metrics are scraped as the client's of that name.
func (s *simulation) watch(name string, down, up float64) *netsim.Client {
	s.t.Helper()
	o, host := s.student(name, down, up)
	r := prometheus.NewRegistry()
	e, err := exporter.New(r, o.Policy)
	if err != nil {
		s.t.Fatal(err)
	}
	if o.Outbox, err = outbox.Open(outbox.Options{}); err != nil {
		s.t.Fatal(err)
	}
	if err := e.Outbox(r, o.Outbox); err != nil {
		s.t.Fatal(err)
	}
	e.Record(nil)
	s.targets = append(s.targets, scraped{"examlink-client", name, r})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { _, err := probe.Watch(ctx, o, e); done <- err }()
	s.ends = append(s.ends, func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("%s: %v", name, err)
		}
	})
	return host
}

// check runs a check to its end beside the scrapes.
func (s *simulation) check(name string, down, up float64) (host *netsim.Client, stop func()) {
	s.t.Helper()
	o, host := s.student(name, down, up)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := probe.Check(ctx, o, nil); err != nil && ctx.Err() == nil {
			s.t.Logf("%s: %v", name, err)
		}
	}()
	stop = func() { cancel(); <-done }
	s.ends = append(s.ends, stop)
	return host, stop
}

// run lets time pass and scrapes in its steps.
func (s *simulation) run(d time.Duration) {
	s.t.Helper()
	for range d / step {
		time.Sleep(step)
		for _, x := range s.targets {
			s.scrape(x)
		}
	}
}

func (s *simulation) scrape(x scraped) {
	s.t.Helper()
	families, err := x.registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	target := fmt.Sprintf("job=%q,instance=%q", x.job, x.instance)
	put := func(name, labels string, v float64) {
		if labels != "" {
			labels += ","
		}
		s.samples = append(s.samples, fmt.Sprintf("%s{%s} %s %d", name, labels+target, strconv.FormatFloat(v, 'g', -1, 64), time.Now().Unix()))
	}
	n := 0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			n++
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			l, name := strings.Join(labels, ","), f.GetName()
			switch f.GetType() {
			case dto.MetricType_COUNTER:
				put(name, l, m.GetCounter().GetValue())
			case dto.MetricType_GAUGE:
				put(name, l, m.GetGauge().GetValue())
			case dto.MetricType_HISTOGRAM:
				h := m.GetHistogram()
				for _, b := range h.GetBucket() {
					put(name+"_bucket", strings.TrimPrefix(l+fmt.Sprintf(`,le="%g"`, b.GetUpperBound()), ","), float64(b.GetCumulativeCount()))
				}
				put(name+"_bucket", strings.TrimPrefix(l+`,le="+Inf"`, ","), float64(h.GetSampleCount()))
				put(name+"_count", l, float64(h.GetSampleCount()))
			}
		}
	}
	put("up", "", 1)
	put("scrape_samples_scraped", "", float64(n))
	put("scrape_duration_seconds", "", .01)
	if x.job == "examlink-server" { // of cmd/internal/daemon and Prometheus' rules
		put("examlink_server_config_last_reload_successful", "", 1)
		put("examlink_build_info", `version="1.2.3",goversion="go1.26.0",goos="linux",goarch="amd64"`, 1)
		put("instance:examlink_server_sessions:sum", "", 1)
		for _, labels := range []string{
			`alertname="ExamlinkServerSaturated",severity="warning",audience="operator"`,
			`alertname="ExamlinkSessionExamRelevant",severity="critical",audience="proctor",exam="mixed",session="s"`,
		} {
			if s.alarmed {
				put("ALERTS", labels+`,alertstate="firing"`, 1)
				put("ALERTS_FOR_STATE", labels, float64(time.Now().Add(-time.Minute).Unix()))
			}
		}
		put("examlink_server_certificate_expiry_timestamp_seconds", "", float64(time.Now().Add(90*24*time.Hour).Unix()))
	}
}
