package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
)

// lines collects a program's output. It is safe for concurrent use.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serving is `examlink-server serve` within the test.
type serving struct {
	dir, config string
	admin       string // its address
	address     string
	log         *lines
}

// serveWith runs `examlink-server serve` with a configuration until the test ends.
func serveWith(t *testing.T, dir, text string) *serving {
	t.Helper()
	s := &serving{dir: dir, config: filepath.Join(dir, "config.yaml"), log: new(lines)}
	s.write(t, text)
	ctx, cancel := context.WithCancel(context.Background())
	root := newRoot()
	root.SetArgs([]string{"--config", s.config, "serve"})
	root.SetOut(io.Discard)
	root.SetErr(s.log)
	done := make(chan error, 1)
	go func() { done <- root.ExecuteContext(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	s.admin = s.said(t, `msg="serving metrics" address=(\S+)`)
	s.address = s.said(t, `msg=serving address=(\S+)`)
	return s
}

func (s *serving) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(s.config, []byte(strings.ReplaceAll(text, "DIR", s.dir)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// said waits for a line in the log.
func (s *serving) said(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if m := re.FindStringSubmatch(s.log.String()); m != nil {
			return m[len(m)-1]
		}
	}
	t.Fatalf("nothing like %q in the log:\n%s", pattern, s.log)
	return ""
}

func (s *serving) reload(t *testing.T) (status int, body string) {
	t.Helper()
	r, err := http.Post("http://"+s.admin+"/-/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(b)
}

func (s *serving) metrics(t *testing.T) string {
	t.Helper()
	r, err := http.Get("http://" + s.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", r.StatusCode, err)
	}
	return string(b)
}

// shown returns the certificate that clients are presented.
func (s *serving) shown(t *testing.T) *x509.Certificate {
	t.Helper()
	c, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}) //nolint:gosec // whatever it is
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0]
}

// certify writes a new certificate and its key.
func certify(t *testing.T, dir, name string) *x509.Certificate {
	t.Helper()
	c, key, err := server.SelfSigned(time.Now(), server.CertificateLife)
	if err != nil {
		t.Fatal(err)
	}
	for suffix, b := range map[string][]byte{".crt": c, ".key": key} {
		if err := os.WriteFile(filepath.Join(dir, name+suffix), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.X509KeyPair(c, key)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

// student opens a session that asks for its count when it is called.
func (s *serving) student(t *testing.T, shown *x509.Certificate) (ask func() error) {
	t.Helper()
	keys, err := server.LoadKeys(filepath.Join(s.dir, "data"), "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	token, err := exam.Issue(keys.Token, wire.JoinToken{
		Exam: "e1", Student: "s1", Servers: []string{s.address}, NotBefore: time.Now().Unix(), Expires: time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := link.Dial(ctx, link.DialOptions{Server: s.address, Fingerprint: link.Fingerprint(shown)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close("test over") })
	control, err := conn.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	talk := func(m wire.Message, want wire.MessageType) error {
		if err := wire.WriteMessage(control, m); err != nil {
			return err
		}
		_ = control.SetReadDeadline(time.Now().Add(time.Minute))
		a, err := wire.ReadMessage(control)
		if err == nil && a.Type != want {
			err = fmt.Errorf("%+v, want %s", a, want)
		}
		return err
	}
	if err := talk(wire.Message{Type: wire.TypeHello, ID: 1, Hello: &wire.Hello{Token: token}}, wire.TypeWelcome); err != nil {
		t.Fatal(err)
	}
	return func() error { return talk(wire.Message{Type: wire.TypeCount, ID: 2}, wire.TypeCount) }
}

const reloadable = `
log: {level: info}
server:
  listen: 127.0.0.1:0
  admin_listen: 127.0.0.1:0
  data_dir: DIR/data
  certificate: DIR/one.crt
  key: DIR/one.key
  metrics: {session_series: 5}
`

func TestReload(t *testing.T) {
	dir := t.TempDir()
	first := certify(t, dir, "one")
	s := serveWith(t, dir, reloadable)
	ask := s.student(t, first)
	has := func(lines ...string) {
		t.Helper()
		text := s.metrics(t)
		for _, line := range lines {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("no line %q in the metrics", line)
			}
		}
	}
	has("examlink_server_config_last_reload_successful 1", "examlink_server_session_series_limit 5",
		`examlink_server_policy_info{policy="default",version="1"} 1`, `examlink_session_state{exam="e1",purpose="watch",session="`+s.session(t)+`"} 0`)

	// The certificate is rotated in its files; sessions continue.
	second := certify(t, dir, "one")
	changed := strings.NewReplacer("session_series: 5", "session_series: 7", "level: info", "level: debug").Replace(reloadable) +
		"policy: honorlock\n"
	s.write(t, changed+"  limits: {sessions: 40}\n")
	if status, body := s.reload(t); status != http.StatusInternalServerError || !strings.Contains(body, "config") {
		t.Errorf("a file that is no YAML: %d %q", status, body)
	}
	has("examlink_server_config_last_reload_successful 0", "examlink_server_session_series_limit 5")
	if !s.shown(t).Equal(first) {
		t.Error("the certificate has changed with a configuration that is broken")
	}
	s.write(t, changed)
	if status, body := s.reload(t); status != http.StatusOK {
		t.Fatalf("%d %q", status, body)
	}
	has("examlink_server_config_last_reload_successful 1", "examlink_server_session_series_limit 7",
		`examlink_server_policy_info{policy="honorlock",version="1"} 1`, `examlink_server_minimum_rate_bytes_per_second{direction="up"} 93750`)
	s.said(t, `msg="configuration reloaded" .*changed=log.level,policy,server.metrics.session_series `)
	if !s.shown(t).Equal(second) {
		t.Error("the new certificate is not shown")
	}
	if err := ask(); err != nil {
		t.Errorf("the session from before: %v", err)
	}
	if err := s.student(t, second)(); err != nil {
		t.Errorf("a session after: %v", err)
	}

	// Another file; keys that need a restart are logged and do not change.
	third := certify(t, dir, "two")
	s.write(t, strings.NewReplacer("one", "two", "DIR/data", "DIR/elsewhere", "admin_listen: 127.0.0.1:0", "admin_listen: 127.0.0.1:1").Replace(changed))
	if status, body := s.reload(t); status != http.StatusOK {
		t.Fatalf("%d %q", status, body)
	}
	s.said(t, `level=WARN msg="configuration change needs a restart" key=server.data_dir\n`)
	s.said(t, `level=WARN msg="configuration change needs a restart" key=server.admin_listen\n`)
	if !s.shown(t).Equal(third) {
		t.Error("the certificate of the other file is not shown")
	}
	if _, err := os.Stat(filepath.Join(dir, "elsewhere")); err == nil {
		t.Error("the data directory has moved")
	}

	// An invalid configuration changes nothing.
	for name, c := range map[string]struct{ from, to, want string }{
		"silence":                    {"  metrics:", "  silence: {dropped: 1h}\n  metrics:", "server.silence"},
		"a certificate not there":    {"one", "three", "three.crt"},
		"a policy that is not known": {"policy: honorlock", "policy: nonesuch", "nonesuch"},
		"a slip of the pen":          {"metrics:", "metric:", "server.metric: unknown key"},
	} {
		s.write(t, strings.ReplaceAll(strings.ReplaceAll(changed, "session_series: 7", "session_series: 9"), c.from, c.to))
		if status, body := s.reload(t); status != http.StatusInternalServerError || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %q, want it to say %q", name, status, body, c.want)
		}
		has("examlink_server_config_last_reload_successful 0", "examlink_server_session_series_limit 7")
	}
	if !s.shown(t).Equal(third) {
		t.Error("the certificate has changed with a configuration that is broken")
	}
	// Without a configured certificate, join tokens would have to name its key.
	s.write(t, strings.NewReplacer("DIR/one.crt", `""`, "DIR/one.key", `""`).Replace(changed))
	if status, body := s.reload(t); status != http.StatusOK {
		t.Fatalf("%d %q", status, body)
	}
	s.said(t, `needs a restart" key=server.certificate\n`)
	if !s.shown(t).Equal(third) {
		t.Error("the certificate has changed, though that needs a restart")
	}
}

// session returns the id of the only session.
func (s *serving) session(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(`examlink_session_state\{exam="e1",purpose="watch",session="([^"]+)"\}`).FindStringSubmatch(s.metrics(t))
	if m == nil {
		t.Fatal("no session has series")
	}
	return m[1]
}

// A self-signed certificate is not reloaded: join tokens name its key.
func TestReloadKeepsOurOwnCertificate(t *testing.T) {
	dir := t.TempDir()
	s := serveWith(t, dir, "server: {listen: '127.0.0.1:0', admin_listen: '127.0.0.1:0', data_dir: DIR/data}")
	before := s.shown(t)
	certify(t, filepath.Join(dir, "data"), "tls")
	if status, body := s.reload(t); status != http.StatusOK {
		t.Fatalf("%d %q", status, body)
	}
	if !s.shown(t).Equal(before) {
		t.Error("another certificate is shown")
	}
}

// An address in use is an error, and nothing is left open.
func TestAdminAddressTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	root := newRoot()
	root.SetArgs([]string{"serve", "--data-dir", t.TempDir(), "--listen", "127.0.0.1:0", "--admin-listen", l.Addr().String()})
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	if err := root.Execute(); err == nil || !strings.HasPrefix(err.Error(), "metrics listener: ") {
		t.Errorf("%v", err)
	}
}
