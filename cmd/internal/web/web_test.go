package web_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/bcrypt"

	"examlink/cmd/internal/daemon"
	"examlink/cmd/internal/web"
	"examlink/server"
)

const user, password = "prometheus", "correct horse"

// write writes a web configuration, and beside it a certificate of a day.
func write(t *testing.T, text string) (file string, roots *x509.CertPool) {
	t.Helper()
	dir := t.TempDir()
	certificate, key, err := server.SelfSigned(time.Now(), server.CertificateLife)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "web.yaml")
	for name, b := range map[string][]byte{
		"tls.crt": certificate, "tls.key": key, "web.yaml": []byte(strings.ReplaceAll(text, "HASH", string(hash))),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file, roots
}

const guarded = `
tls_server_config: {cert_file: tls.crt, key_file: tls.key, min_version: TLS13}
http_server_config: {headers: {X-Frame-Options: deny}}
basic_auth_users: {prometheus: HASH}
`

// start serves an admin by a web configuration until the test is over.
func start(t *testing.T, file string) (address string) {
	t.Helper()
	if err := web.Check(file); err != nil {
		t.Fatal(err)
	}
	ls, err := web.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	page, err := web.Page("examlink-server", "About", "1.2.3", web.Link{Address: "/metrics", Text: "Metrics"})
	if err != nil {
		t.Fatal(err)
	}
	a := daemon.NewAdminOn(ls, daemon.AdminOptions{
		Gatherer: prometheus.NewRegistry(), Ready: func() bool { return true }, Page: page,
		Serve: web.Serve(file, slog.New(slog.DiscardHandler)),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return a.Address()
}

func get(t *testing.T, c *http.Client, url, user, password string) (status int, header http.Header, body string) {
	t.Helper()
	q, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		q.SetBasicAuth(user, password)
	}
	r, err := c.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header, string(b)
}

func TestPasswordsAndTLS(t *testing.T) {
	file, roots := write(t, guarded)
	base := start(t, file)
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "examlink", MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true}}
	for _, x := range []struct {
		path, user, password string
		want                 int
	}{
		{"/metrics", user, password, 200},
		{"/", user, password, 200},
		{"/metrics", "", "", 401},
		{"/metrics", user, "wrong", 401},
		{"/metrics", "nobody", password, 401},
		{"/debug/pprof/heap", "", "", 401},
		{"/-/healthy", "", "", 200},
		{"/-/ready", "", "", 200},
		{"/-/healthy", user, "wrong", 200},
	} {
		status, header, body := get(t, c, "https://"+base+x.path, x.user, x.password)
		if status != x.want {
			t.Errorf("%s as %q: %d, want %d", x.path, x.user, status, x.want)
		}
		if x.path == "/" && (!strings.Contains(body, `href="/metrics"`) || !strings.Contains(body, "1.2.3") || header.Get("X-Frame-Options") != "deny") {
			t.Errorf("landing page:\n%s\n%v", body, header)
		}
	}
	if status, _, _ := get(t, http.DefaultClient, "http://"+base+"/-/healthy", "", ""); status != http.StatusBadRequest {
		t.Errorf("without TLS: %d", status)
	}

	// The certificate is read again for each connection.
	other, fresh := write(t, "")
	for _, name := range []string{"tls.crt", "tls.key"} {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(other), name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(file), name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: fresh, ServerName: "examlink", MinVersion: tls.VersionTLS13}}}
	if status, _, _ := get(t, c, "https://"+base+"/metrics", user, password); status != 200 {
		t.Errorf("with the new certificate: %d", status)
	}
}

// Requests over the rate limit are refused, except for health checks.
func TestRateLimit(t *testing.T) {
	file, _ := write(t, "rate_limit: {burst: 3, interval: 1h}")
	base := "http://" + start(t, file)
	for i := range 6 {
		want := http.StatusOK
		if i >= 3 {
			want = http.StatusTooManyRequests
		}
		if status, _, _ := get(t, http.DefaultClient, base+"/metrics", "", ""); status != want {
			t.Errorf("request %d: %d, want %d", i+1, status, want)
		}
		if status, _, _ := get(t, http.DefaultClient, base+"/-/ready", "", ""); status != http.StatusOK {
			t.Errorf("readiness, request %d: %d", i+1, status)
		}
	}
}

// A broken file is an error at the start, with its name and what was expected.
func TestBrokenWebConfigurations(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"not YAML", "basic_auth_users: [", "yaml"},
		{"an unknown key", "tls_config: {}", "tls_config not found"},
		{"a password in the clear", "basic_auth_users: {prometheus: secret}", "bcrypt"},
		{"a certificate that is not there", "tls_server_config: {cert_file: nonesuch.crt, key_file: tls.key}", "nonesuch.crt"},
		{"a certificate without its key", "tls_server_config: {cert_file: tls.crt}", "missing one of key or key_file"},
		{"a header that cannot be set", "http_server_config: {headers: {Server: x}}", `"Server"`},
		{"an unknown version of TLS", "tls_server_config: {cert_file: tls.crt, key_file: tls.key, min_version: TLS99}", "TLS99"},
	} {
		file, _ := write(t, c.text)
		err := web.Check(file)
		if err == nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		for _, want := range []string{file, c.want, "expected a web configuration"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is missing from %q", c.name, want, err)
			}
		}
	}
	if err := web.Check(filepath.Join(t.TempDir(), "nonesuch.yaml")); err == nil || !strings.Contains(err.Error(), "nonesuch.yaml") {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := web.Check(""); err != nil {
		t.Errorf("none at all: %v", err)
	}
}

func TestSystemdSockets(t *testing.T) {
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		t.Setenv(name, "")
	}
	if _, err := web.Listen("", true); err == nil || !strings.Contains(err.Error(), "systemd socket unit") {
		t.Errorf("no socket was handed over: %v", err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := web.Listen(taken.Addr().String(), false); err == nil {
		t.Error("an address that is taken was opened")
	}
}
