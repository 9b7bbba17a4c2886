package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"examlink/cmd/internal/daemon"
)

// listen opens a port of the loopback.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// run serves until the test is over.
func run(t *testing.T, a *daemon.Admin) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// ask returns the status and the body of an answer.
func ask(t *testing.T, method, url string, header http.Header) (int, string) {
	t.Helper()
	q, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		q.Header = header
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func TestAdmin(t *testing.T) {
	ready := true
	a, err := daemon.NewAdmin("127.0.0.1:0", daemon.Registry(), func() bool { return ready }, nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Handle("POST /-/reload", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "done") }))
	run(t, a)
	base := "http://" + a.Address()
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/metrics", 200, "\nexamlink_build_info{"},
		{"GET", "/-/healthy", 200, "healthy"},
		{"GET", "/-/ready", 200, "ready"},
		{"GET", "/", 200, `href="/metrics"`},
		{"GET", "/debug/pprof/", 404, ""},
		{"GET", "/nonesuch", 404, ""},
		{"POST", "/-/reload", 200, "done"},
		{"GET", "/-/reload", 405, ""},
		{"POST", "/-/healthy", 404, ""},
	} {
		if status, body := ask(t, c.method, base+c.path, nil); status != c.status || !strings.Contains(body, c.body) {
			t.Errorf("%s %s: %d %.200q, want %d and %q", c.method, c.path, status, body, c.status, c.body)
		}
	}
	if status, _ := ask(t, "POST", base+"/-/reload", http.Header{"Origin": {"https://elsewhere.example"}}); status != http.StatusForbidden {
		t.Errorf("a page of another origin may reload: %d", status)
	}
	ready = false
	if status, _ := ask(t, "GET", base+"/-/ready", nil); status != http.StatusServiceUnavailable {
		t.Errorf("not ready: %d", status)
	}
	if status, _ := ask(t, "GET", base+"/-/healthy", nil); status != http.StatusOK {
		t.Errorf("not ready, but healthy: %d", status)
	}
}

// Profiles show what is in memory: they are served while they are switched on.
func TestProfilesAreOff(t *testing.T) {
	var on atomic.Bool
	a := daemon.NewAdminOn([]net.Listener{listen(t)}, daemon.AdminOptions{Gatherer: prometheus.NewRegistry(), Ready: func() bool { return true }, Profiles: on.Load})
	run(t, a)
	for _, c := range []struct {
		on     bool
		status int
		body   string
	}{{false, 404, "profiles are off"}, {true, 200, "goroutine"}, {false, 404, "profiles are off"}} {
		on.Store(c.on)
		if status, body := ask(t, "GET", "http://"+a.Address()+"/debug/pprof/", nil); status != c.status || !strings.Contains(body, c.body) {
			t.Errorf("switched on: %v: %d %.100q, want %d %q", c.on, status, body, c.status, c.body)
		}
	}
	on.Store(true)
	if status, body := ask(t, "GET", "http://"+a.Address()+"/debug/pprof/heap?debug=1", nil); status != 200 || !strings.Contains(body, "heap profile") {
		t.Errorf("%d %.100q", status, body)
	}
}

// A handler in front of the other pages is not in front of health.
func TestHealthIsForEverybody(t *testing.T) {
	guard := func(l net.Listener, s *http.Server) error {
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
		return s.Serve(l)
	}
	first, second := listen(t), listen(t)
	run(t, daemon.NewAdminOn([]net.Listener{first, second}, daemon.AdminOptions{
		Gatherer: prometheus.NewRegistry(), Ready: func() bool { return true }, Serve: guard,
	}))
	for _, l := range []net.Listener{first, second} {
		for path, want := range map[string]int{
			"/-/healthy": 200, "/-/ready": 200, "/metrics": 401, "/": 401, "/debug/pprof/heap": 401, "/-/reload": 401, "/-/healthy/../../metrics": 401,
		} {
			q, err := http.NewRequest(http.MethodGet, "http://"+l.Addr().String()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.DefaultTransport.RoundTrip(q) // follows no redirection
			if err != nil {
				t.Fatal(err)
			}
			_ = r.Body.Close()
			if r.StatusCode != want {
				t.Errorf("%s: %d, want %d", path, r.StatusCode, want)
			}
		}
	}
}

func TestAdminFailsWithItsListener(t *testing.T) {
	broken, whole := listen(t), listen(t)
	_ = broken.Close()
	a := daemon.NewAdminOn([]net.Listener{whole, broken}, daemon.AdminOptions{Gatherer: prometheus.NewRegistry(), Ready: func() bool { return true }})
	if err := a.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "metrics listener: ") {
		t.Errorf("%v, want what became of the listener", err)
	}
	if _, err := net.Dial("tcp", whole.Addr().String()); err == nil {
		t.Error("the other listener is still open")
	}
}

func TestReloader(t *testing.T) {
	var broken error
	var restart []string
	count := 0
	registry, log := prometheus.NewPedanticRegistry(), new(bytes.Buffer)
	x, err := daemon.NewReloader(registry, "examlink_server", slog.New(slog.NewTextHandler(log, nil)), func() ([]string, error) { count++; return restart, broken })
	if err != nil {
		t.Fatal(err)
	}
	successful := func(want string) {
		t.Helper()
		text := "# HELP examlink_server_config_last_reload_successful 1 if the last load of the configuration succeeded, 0 if it failed and the previous configuration remains in force.\n# TYPE examlink_server_config_last_reload_successful gauge\nexamlink_server_config_last_reload_successful " + want + "\n"
		if err := testutil.GatherAndCompare(registry, strings.NewReader(text), "examlink_server_config_last_reload_successful"); err != nil {
			t.Error(err)
		}
	}
	successful("1") // it was loaded at the start
	l := listen(t)
	a := daemon.NewAdminOn([]net.Listener{l}, daemon.AdminOptions{Gatherer: registry, Ready: func() bool { return true }})
	a.Handle("POST /-/reload", x)
	run(t, a)
	url := "http://" + a.Address() + "/-/reload"
	broken = errors.New("server.silence: out of order")
	if status, body := ask(t, "POST", url, nil); status != 500 || !strings.Contains(body, broken.Error()) {
		t.Errorf("%d %q, want it to say what is wrong", status, body)
	}
	successful("0")
	if !strings.Contains(log.String(), "server.silence: out of order") {
		t.Errorf("the log does not say what is wrong:\n%s", log)
	}
	broken = nil
	if status, _ := ask(t, "POST", url, nil); status != 200 {
		t.Errorf("%d", status)
	}
	successful("1")
	pending := func(want float64) {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "examlink_server_config_keys_awaiting_restart" {
				if got := f.GetMetric()[0].GetGauge().GetValue(); got != want {
					t.Errorf("%v keys await a restart, want %v", got, want)
				}
				return
			}
		}
		t.Error("no metric of keys that await a restart")
	}
	pending(0)
	restart = []string{"server.data_dir", "server.listen"}
	if status, body := ask(t, "POST", url, nil); status != 200 || body != "reloaded, but these keys need a restart: server.data_dir, server.listen\n" {
		t.Errorf("%d %q, want the keys that need a restart", status, body)
	}
	pending(2)
	if count != 3 {
		t.Errorf("reloaded %d times, want 3", count)
	}
}

// A program that is ready says what it cannot do.
func TestReadyButDegraded(t *testing.T) {
	var lines []string
	a := daemon.NewAdminOn([]net.Listener{listen(t)}, daemon.AdminOptions{
		Gatherer: prometheus.NewRegistry(), Ready: func() bool { return true }, Degraded: func() []string { return lines },
	})
	run(t, a)
	base := "http://" + a.Address()
	for _, c := range []struct {
		lines []string
		want  string
	}{{nil, "ready\n"}, {[]string{"cannot write receipts", "the clock differs"}, "ready\ndegraded: cannot write receipts\ndegraded: the clock differs\n"}} {
		lines = c.lines
		if status, body := ask(t, "GET", base+"/-/ready", nil); status != http.StatusOK || body != c.want {
			t.Errorf("%d %q, want %q", status, body, c.want)
		}
	}
}
