package agent_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe"
	"examlink/probe/agent"
	"examlink/probe/clock"
	"examlink/probe/netenv"
	"examlink/probe/netsim"
	"examlink/probe/outbox"
	"examlink/probe/record"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
	"examlink/server/store"
)

const ms = time.Millisecond

var (
	serverAddr = netip.MustParseAddrPort("10.0.0.1:8443")
	clientAddr = netip.MustParseAddrPort("10.0.0.2:50000")
)

func timers(c clock.Clock) (clock.Waiter, error) { return clock.NewTimerWaiter(c), nil }

// calm is a computer whose network never changes.
type calm struct{}

func (calm) Look() (netenv.State, error) {
	return netenv.State{Interface: "eth0", Kind: netenv.Wired, Addresses: []netip.Addr{clientAddr.Addr()}}, nil
}

func (c calm) Ask(context.Context, string, netip.AddrPort) netenv.Findings {
	s, _ := c.Look()
	return netenv.Findings{State: s, Looked: true, Gateway: netenv.Answers, Server: netenv.Answers}
}

// testbed is a server and a link to it in a synctest bubble.
type testbed struct {
	t       *testing.T
	network *netsim.Network
	keys    server.Keys
	store   store.Store // not nil: the server keeps its data there, and signs
	server  *server.Server
	stop    func()
	client  *netsim.Client
	probe   probe.Options // of a watch over the link
}

// newTestbed makes a testbed whose server signs nothing.
func newTestbed(t *testing.T) *testbed {
	t.Helper()
	return newTestbedOf(t, nil)
}

// serve starts the server.
func (s *testbed) serve() {
	s.t.Helper()
	conn := s.network.Server()
	o := server.Options{
		Conn: conn, TLS: &tls.Config{Certificates: []tls.Certificate{s.keys.Certificate}},
		TokenKey: s.keys.Token.Public().(ed25519.PublicKey), Secret: s.keys.Secret, NewWaiter: timers, Store: s.store,
	}
	if s.store != nil {
		o.Sign = s.keys.Token
	}
	var err error
	if s.server, err = server.New(o); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	running := s.server
	go func() { done <- running.Run(ctx) }()
	s.stop = func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
		_ = conn.Close()
	}
}

// restart stops the server and starts it again, with the same store and keys.
func (s *testbed) restart() {
	s.stop()
	s.serve()
}

func newTestbedOf(t *testing.T, kept store.Store) *testbed {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &testbed{t: t, network: netsim.NewNetwork(ctx, serverAddr), store: kept}
	p := netsim.Params{QueueTime: 300 * ms, Delay: 15 * ms, Rate: 5e6}
	client := s.network.Client(clientAddr, p, p, 7)
	s.client = client
	var err error
	if s.keys, err = server.LoadKeys(t.TempDir(), "", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	s.serve()
	t.Cleanup(func() {
		s.stop()
		cancel()
		s.network.Wait()
	})
	s.probe = probe.DefaultOptions()
	s.probe.Token, err = exam.Issue(s.keys.Token, wire.JoinToken{
		ID: "t1", Exam: "e1", Student: "s1", Servers: []string{serverAddr.String()}, Fingerprint: s.keys.Fingerprint(),
		NotBefore: time.Now().Unix(), Expires: time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.probe.NewWaiter, s.probe.Seed, s.probe.Version, s.probe.Attribution = timers, 1, "v1.2.3", calm{}
	s.probe.Traffic = func() (uint64, uint64, bool) { return 0, 0, false }
	s.probe.Socket = func(context.Context, netip.AddrPort) (net.PacketConn, error) { return client.Socket(), nil }
	return s
}

// values gathers the metrics without labels.
func values(t *testing.T, r prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if len(m.GetLabel()) == 0 {
				out[strings.TrimPrefix(f.GetName(), "examlink_client_")] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return out
}

// A program without a command line watches for a minute. It gets a whole record, no
// unsent report, and the metrics.
func TestAgentWatchesForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t)
		file, registry := filepath.Join(t.TempDir(), "r.jsonl"), prometheus.NewRegistry()
		var said, recording []string
		a, err := agent.New(agent.Options{
			Probe: s.probe, Record: file, Notify: agent.NotifyAlways, Metrics: registry,
			Recording: func(file string) { recording = append(recording, file) },
			Show:      func(string, string) error { t.Error("a notification on a good link"); return nil },
			Tell:      func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute+10*time.Second)
		defer cancel()
		time.AfterFunc(time.Minute+5*time.Second, func() {
			if list := s.server.Sessions(); len(list) != 1 || list[0].Claims == nil || len(list[0].Claims.Minutes) != 1 {
				t.Errorf("the server has %+v, want a report on one minute", list)
			}
		})
		r, err := a.Run(ctx)
		if err != nil || r.Why != record.EndTimeOver || r.Record != file || r.Summary.Connects != 1 || len(r.Summary.Warnings) > 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		if len(said) != 1 || said[0] != "record in "+file {
			t.Errorf("told the student %q", said)
		}
		if len(recording) != 1 || recording[0] != file {
			t.Errorf("told the program of the records %q", recording)
		}
		checkRecord(t, file)
		got := values(t, registry)
		if got["probes_sent_total"] < 690 || got["probes_received_total"] < 690 || got["connects_total"] != 1 {
			t.Errorf("metrics %v", got)
		}
		if got["reports_waiting"] != 0 || got["reports_taken_total"] != 2 { // one full minute and the rest
			t.Errorf("%v reports waiting, %v taken", got["reports_waiting"], got["reports_taken_total"])
		}
	})
}

func checkRecord(t *testing.T, file string) {
	t.Helper()
	kept, err := record.Load(file)
	if err != nil || !kept.Chain.Whole() || !kept.Chain.Ended {
		t.Fatalf("record %+v, %v", kept, err)
	}
	first, last, sent := kept.Lines[0], kept.Lines[len(kept.Lines)-1], uint64(0)
	for _, l := range kept.Lines {
		if l.Minute != nil {
			sent += l.Minute.Sent
		}
	}
	if first.Start == nil || first.Start.Client != "v1.2.3" || first.Start.Exam != "e1" || last.End == nil || last.End.Why != record.EndTimeOver || sent < 690 {
		t.Errorf("record %+v to %+v with %d packets", first, last, sent)
	}
}

func TestAgentStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t)
		a, err := agent.New(agent.Options{Probe: s.probe, Record: agent.NoRecord})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		if r, err := a.Run(ctx); err != nil || r.Why != record.EndStopped || r.Record != "" || r.Summary.Connects != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		// An invalid option is an error, and nothing was watched.
		s.probe.Interval = time.Hour
		if a, err = agent.New(agent.Options{Probe: s.probe, Record: agent.NoRecord}); err != nil {
			t.Fatal(err)
		}
		if r, err := a.Run(t.Context()); err == nil || r.Why != record.EndFailed || !r.Summary.Started.IsZero() {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	queue, err := outbox.Open(outbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]agent.Options{
		"notify": {Notify: "sometimes"}, "outbox": {Probe: probe.Options{Outbox: queue}}, "join token": {Probe: probe.Options{Token: "x"}},
	} {
		if _, err := agent.New(o); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := queue.Close(); err != nil {
		t.Error(err)
	}
}
