package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/probe"
	"examlink/probe/exporter"
	"examlink/probe/outbox"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
)

// program finds a program, or skips the test; under CI its absence is a
// failure.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") != "":
		t.Fatalf("%s is not installed: %v", name, err)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// watch runs a student's watch of the server, with its metrics, until the test
// is over; it returns where these are.
func (s *serving) watch(t *testing.T) (address string) {
	t.Helper()
	keys, err := server.LoadKeys(filepath.Join(s.dir, "data"), "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	o, err := config.Default().ProbeOptions()
	if err != nil {
		t.Fatal(err)
	}
	o.Token, err = exam.Issue(keys.Token, wire.JoinToken{
		Exam: `a "quoted" exam`, Student: "s1", Servers: []string{s.address}, Fingerprint: keys.Fingerprint(),
		NotBefore: time.Now().Unix(), Expires: time.Now().Add(24 * time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Watch.Window, o.Watch.FloorEvery, o.Watch.BudgetShare = time.Second, 2*time.Second, 0.5
	registry := daemon.Registry()
	sink, err := exporter.New(registry, o.Policy)
	if err != nil {
		t.Fatal(err)
	}
	if o.Outbox, err = outbox.Open(outbox.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := sink.Outbox(registry, o.Outbox); err != nil {
		t.Fatal(err)
	}
	admin, err := daemon.NewAdmin("127.0.0.1:0", registry, func() bool { return true }, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- admin.Run(ctx) }()
	go func() { _, err := probe.Watch(ctx, o, sink); done <- err }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	return admin.Address()
}

// scraper is a Prometheus.
type scraper struct{ base string }

// scrapeWith starts a Prometheus with a configuration until the test is over.
func scrapeWith(t *testing.T, binary, text string) *scraper {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	// Native histograms need the protobuf format, which older versions must be
	// configured to use.
	c := exec.Command(binary, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address,
		"--enable-feature=native-histograms", "--log.level=warn")
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	p := &scraper{"http://" + address}
	p.until(t, "Prometheus is ready", func() bool {
		r, err := http.Get(p.base + "/-/ready")
		if err != nil {
			return false
		}
		_ = r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	return p
}

func (p *scraper) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it was not to be seen that %s", what)
		}
	}
}

// get decodes the data of an API response.
func (p *scraper) get(t *testing.T, path string, data any) {
	t.Helper()
	r, err := http.Get(p.base + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || answer.Status != "success" {
		t.Fatalf("%s: %s %s, %v", path, answer.Status, answer.Error, err)
	}
}

// values returns the current values of an expression, by job.
func (p *scraper) values(t *testing.T, expression string) map[string]float64 {
	t.Helper()
	var data struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
	p.get(t, "/api/v1/query?query="+url.QueryEscape(expression), &data)
	out := map[string]float64{}
	for _, r := range data.Result {
		v, err := strconv.ParseFloat(r.Value[1].(string), 64)
		if err != nil {
			t.Fatal(err)
		}
		out[r.Metric["job"]] += v
	}
	return out
}

// Prometheus scrapes both programs, over TLS and with a password where there
// is one, without an error, and finds what docs/METRICS.md promises.
func TestPrometheusScrapesBoth(t *testing.T) {
	if testing.Short() {
		t.Skip("long: 20 s with a Prometheus")
	}
	binary := program(t, "prometheus")
	dir := t.TempDir()
	admin := certify(t, dir, "admin")
	hash, err := bcrypt.GenerateFromPassword([]byte("correct horse"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	web := fmt.Sprintf("tls_server_config: {cert_file: admin.crt, key_file: admin.key}\nbasic_auth_users: {prometheus: %s}\nrate_limit: {interval: 100ms, burst: 20}\n", hash)
	if err := os.WriteFile(filepath.Join(dir, "web.yaml"), []byte(web), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serveWith(t, dir, `
server:
  listen: 127.0.0.1:0
  admin_listen: 127.0.0.1:0
  data_dir: DIR/data
  admin_web_config: DIR/web.yaml
`)
	client := s.watch(t)
	interval, timeout, least := "5s", "5s", 3.0
	lasting, err := time.ParseDuration(os.Getenv("EXAMLINK_SCRAPE_FOR"))
	if err == nil { // by hand, for a long run, with Prometheus' own time-out
		interval, timeout, least = "15s", "10s", lasting.Seconds()/15-1
	}
	p := scrapeWith(t, binary, fmt.Sprintf(`
global: {scrape_interval: %s, scrape_timeout: %s}
scrape_configs:
  - job_name: server
    scheme: https
    basic_auth: {username: prometheus, password: correct horse}
    tls_config: {ca_file: %s, server_name: examlink}
    static_configs: [{targets: ["%s"]}]
  - job_name: client
    static_configs: [{targets: ["%s"]}]
`, interval, timeout, filepath.Join(dir, "admin.crt"), s.admin, client))

	roots := x509.NewCertPool()
	roots.AddCert(admin)
	guarded := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "examlink", MinVersion: tls.VersionTLS13}}}
	p.until(t, "a rate was read both ways, at both ends", func() bool {
		return p.values(t, "examlink_session_upload_lower_bound_bytes_per_second or examlink_session_upload_bytes_per_second")["server"] > 0 &&
			p.values(t, "examlink_session_download_lower_bound_bytes_per_second or examlink_session_download_bytes_per_second")["server"] > 0 &&
			p.values(t, `sum by (job) (examlink_client_floor_tests_total)`)["client"] >= 2
	})
	time.Sleep(lasting)
	p.until(t, "there were enough scrapes", func() bool {
		n := p.values(t, "count_over_time(up[1h])")
		return n["server"] >= least && n["client"] >= least
	})

	both := func(name string, got map[string]float64, ok func(float64) bool) {
		t.Helper()
		for _, job := range []string{"server", "client"} {
			if v, there := got[job]; !there || !ok(v) {
				t.Errorf("%s of the %s is %v, %v", name, job, v, there)
			}
		}
	}
	both("up", p.values(t, "up"), func(v float64) bool { return v == 1 })
	both("least up", p.values(t, "min_over_time(up[1h])"), func(v float64) bool { return v == 1 })
	scrapes := p.values(t, "count_over_time(up[1h])")
	both("samples", p.values(t, "scrape_samples_scraped"), func(v float64) bool { return v > 50 })
	t.Logf("scrapes %v, the longest took %v s", scrapes, p.values(t, "max_over_time(scrape_duration_seconds[1h])"))
	var targets struct {
		ActiveTargets []struct{ ScrapePool, Health, LastError string }
	}
	p.get(t, "/api/v1/targets", &targets)
	if len(targets.ActiveTargets) != 2 {
		t.Errorf("%+v", targets)
	}
	for _, x := range targets.ActiveTargets {
		if x.Health != "up" || x.LastError != "" {
			t.Errorf("%+v", x)
		}
	}
	// Prometheus' own counts of scrape errors.
	r, err := http.Get(p.base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	own, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, line := range strings.Split(string(own), "\n") {
		name, value, _ := strings.Cut(line, " ")
		for _, bad := range []string{
			"prometheus_target_scrapes_sample_out_of_order_total", "prometheus_target_scrapes_sample_out_of_bounds_total",
			"prometheus_target_scrapes_sample_duplicate_timestamp_total", "prometheus_target_scrapes_exceeded_sample_limit_total",
			"prometheus_target_scrapes_cache_flush_forced_total", "prometheus_target_scrapes_exceeded_body_size_limit_total",
		} {
			if name == bad {
				seen++
				if value != "0" {
					t.Errorf("%s", line)
				}
			}
		}
	}
	if seen < 4 {
		t.Errorf("Prometheus tells only %d of its counts of errors", seen)
	}

	checkMetrics(t, guarded, "https://prometheus:correct%20horse@"+s.admin+"/metrics")
	checkMetrics(t, http.DefaultClient, "http://"+client+"/metrics")

	for _, c := range []struct{ job, expression string }{
		{"server", `examlink_session_state{exam="a \"quoted\" exam"} == 1`},
		{"server", `examlink_session_probes_received_total > 0`},
		{"server", `time() - examlink_session_last_packet_timestamp_seconds < 60`},
		{"server", `examlink_exam_sessions{state="live",purpose="watch"} == 1`},
		{"server", `examlink_server_config_last_reload_successful == 1`},
		{"client", `examlink_client_connected == 1`},
		{"client", `examlink_build_info`},
		// They came as native histograms: as classic ones there is no such count.
		{"client", `histogram_count(examlink_client_round_trip_delay_seconds) > 0`},
		{"server", `histogram_count(examlink_server_turnaround_seconds) > 0`},
	} {
		if _, there := p.values(t, c.expression)[c.job]; !there {
			t.Errorf("nothing is found by %s", c.expression)
		}
	}
}

// checkMetrics checks the scraped metrics with promtool.
func checkMetrics(t *testing.T, c *http.Client, url string) {
	t.Helper()
	r, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatal(r.Status)
	}
	tool := exec.Command(program(t, "promtool"), "check", "metrics")
	tool.Stdin = r.Body
	if out, err := tool.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
