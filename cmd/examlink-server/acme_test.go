package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/webtransport-go"

	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/acme/acmetest"
)

// byName is a program that connects over QUIC as a student's program does whose join
// token names no key: the name must be in the certificate, and the system's authorities
// must vouch for it. Its argument is host:port; every name is this computer's.
func byName() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := link.Dial(ctx, link.DialOptions{Server: os.Args[1], Resolver: everywhere{}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(conn.Transport())
	conn.Close("seen")
}

type everywhere struct{}

func (everywhere) LookupNetIP(_ context.Context, network, _ string) ([]netip.Addr, error) {
	if network == "ip6" {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
}

// command runs examlink-server and returns what it prints.
func command(args ...string) (string, error) {
	root, out := newRoot(), new(bytes.Buffer)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(io.Discard)
	err := root.Execute()
	return out.String(), err
}

// payload is what a join token says, without looking at its signature.
func payload(token string) string {
	parts := strings.Split(token, ".")
	b, _ := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	return string(b)
}

// ordering is a server whose certificate an authority issues.
type ordering struct {
	*serving
	a *acmetest.Authority
}

// freeTCP returns a port that is free now.
func freeTCP(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// get asks for a page as a browser does that trusts the authority.
func (o ordering) get(address, url string) (string, error) {
	c := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: o.a.Root, MinVersion: tls.VersionTLS13},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
		DisableKeepAlives: true,
	}}
	r, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s", r.Status)
	}
	return string(b), err
}

// byName connects over QUIC to a name, with the authority's root as the system's.
func (o ordering) byName(t *testing.T, name string) error {
	t.Helper()
	c, err := tls.Dial("tcp", o.address, &tls.Config{RootCAs: o.a.Root, ServerName: "exam.example.edu", MinVersion: tls.VersionTLS13})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	roots := filepath.Join(t.TempDir(), "roots.pem")
	chain := c.ConnectionState().VerifiedChains[0]
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain[len(chain)-1].Raw})
	if err := os.WriteFile(roots, root, 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(o.address)
	run := exec.Command(program)
	run.Args = []string{"by-name", net.JoinHostPort(name, port)} // its name is its command: see TestMain
	run.Env = append(os.Environ(), "SSL_CERT_FILE="+roots, "SSL_CERT_DIR="+t.TempDir())
	var said bytes.Buffer
	run.Stdout, run.Stderr = &said, &said
	if err := run.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, said.String())
	}
	if said.String() != "udp\n" {
		return fmt.Errorf("by %q, expected udp", said.String())
	}
	return nil
}

// webTransport opens a session as a page does, by a name.
func (o ordering) webTransport(t *testing.T, name string) error {
	t.Helper()
	d := &webtransport.Transport{TLSClientConfig: &tls.Config{RootCAs: o.a.Root, ServerName: name, NextProtos: []string{"h3"}, MinVersion: tls.VersionTLS13}}
	defer func() { _ = d.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, session, err := d.Dial(ctx, "https://"+o.address+wire.WebTransportPath, http.Header{"Origin": {"https://" + o.address}}) //nolint:bodyclose // the session is the body
	if err == nil {
		_ = session.CloseWithError(0, "seen")
	}
	return err
}

const orders = `
server:
  listen: 127.0.0.1:PORT
  public: ["exam.example.edu:PORT"]
  admin_listen: 127.0.0.1:0
  data_dir: DIR/data
  acme: {hosts: [exam.example.edu], agree_terms: true, email: it@example.edu, directory: "DIRECTORY", ca_file: DIR/ca.pem}
`

// A server orders its certificate, which students' programs and browsers accept by name;
// join tokens name no key. A later run renews it without a restart on every listener, and
// one that finds no authority goes on with the certificate it has.
func TestServeWithACME(t *testing.T) {
	port, dir := freeTCP(t), t.TempDir()
	a := acmetest.New(t, acmetest.Options{TLSPort: port})
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), a.VouchingPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("PORT", fmt.Sprint(port), "DIRECTORY", a.Directory).Replace(orders)
	var first *x509.Certificate
	t.Run("order", func(t *testing.T) { first = orderFirst(t, dir, text, a) })
	if first == nil {
		return
	}
	web := "tls_server_config: {cert_file: data/acme.pem, key_file: data/acme.pem}\n"
	if err := os.WriteFile(filepath.Join(dir, "web.yaml"), []byte(web), 0o600); err != nil {
		t.Fatal(err)
	}
	text += "  admin_web_config: DIR/web.yaml\n"
	a.Advise(t, first.SerialNumber, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	t.Run("renew", func(t *testing.T) { renewWhileServing(t, dir, text, a, first) })
	a.Away(true)
	t.Run("away", func(t *testing.T) {
		s := ordering{serveWith(t, dir, text), a}
		if _, err := s.get(s.address, "https://exam.example.edu/check"); err != nil {
			t.Error(err)
		}
		if err := s.byName(t, "exam.example.edu"); err != nil {
			t.Error(err)
		}
		if strings.Contains(s.log.String(), "level=ERROR") {
			t.Errorf("the log:\n%s", s.log)
		}
	})
}

// orderFirst looks at a server that has no certificate yet.
func orderFirst(t *testing.T, dir, text string, a *acmetest.Authority) *x509.Certificate {
	s := ordering{serveWith(t, dir, text), a}
	s.said(t, `level=WARN msg="the ACME authority connects to port 443 `)
	s.said(t, `msg="certificate in force" hosts=\[exam.example.edu\]`)
	if page, err := s.get(s.address, "https://exam.example.edu/check"); err != nil || !strings.Contains(page, "<html") {
		t.Errorf("the page: %v", err)
	}
	if _, err := s.get(s.address, "https://other.example.edu/check"); err == nil || !strings.Contains(err.Error(), "not other.example.edu") {
		t.Errorf("another name: %v", err)
	}
	if err := s.byName(t, "exam.example.edu"); err != nil {
		t.Errorf("over QUIC: %v", err)
	}
	if err := s.byName(t, "other.example.edu"); err == nil || !strings.Contains(err.Error(), "other.example.edu") {
		t.Errorf("over QUIC, another name: %v", err)
	}
	if err := s.webTransport(t, "exam.example.edu"); err != nil {
		t.Errorf("by WebTransport: %v", err)
	}
	if err := s.webTransport(t, "other.example.edu"); err == nil || !strings.Contains(err.Error(), "not other.example.edu") {
		t.Errorf("by WebTransport, another name: %v", err)
	}
	metrics := s.metrics(t)
	for _, line := range []string{
		"examlink_server_certificate_expiry_timestamp_seconds 1.", "examlink_server_certificate_renewal_due_timestamp_seconds 1.",
		`examlink_server_certificate_orders_total{outcome="issued"} 1`, `examlink_server_certificate_orders_total{outcome="failed"} 0`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no metric %s", line)
		}
	}
	if status, body := s.reload(t); status != http.StatusOK {
		t.Errorf("reload: %d %s", status, body)
	}
	token, err := command("--config", s.config, "token", "--exam", "e1", "--student", "s-0017")
	if err != nil || strings.Contains(payload(token), `"fp"`) || !strings.Contains(payload(token), `"s-0017"`) {
		t.Errorf("a token: %v, %s", err, payload(token))
	}
	if _, err := command("--config", s.config, "token", "--exam", "e1", "--student", "s-0017", "--server", "other.example.edu:8443"); err == nil || !strings.Contains(err.Error(), "it is ordered for exam.example.edu") {
		t.Errorf("a token for another name: %v", err)
	}
	return s.shown(t)
}

// renewWhileServing looks at a server that is advised to renew its certificate.
func renewWhileServing(t *testing.T, dir, text string, a *acmetest.Authority, first *x509.Certificate) {
	s := ordering{serveWith(t, dir, text), a}
	s.said(t, `(?s)msg="certificate in force".*msg="certificate in force"`)
	next := s.shown(t)
	if next.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Fatal("the certificate of before")
	}
	if _, err := s.get(s.address, "https://exam.example.edu/check"); err != nil {
		t.Errorf("the page: %v", err)
	}
	if err := s.webTransport(t, "exam.example.edu"); err != nil {
		t.Errorf("by WebTransport: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for c, ok := range map[*x509.Certificate]bool{next: true, first: false} {
		conn, err := link.Dial(ctx, link.DialOptions{Server: s.address, Fingerprint: link.Fingerprint(c)})
		if (err == nil) != ok {
			t.Errorf("QUIC with key %s: %v", c.SerialNumber, err)
		}
		if err == nil {
			conn.Close("seen")
		}
	}
	if _, err := s.get(s.admin, "https://exam.example.edu/-/ready"); err != nil {
		t.Errorf("the admin listener: %v", err)
	}
	if keys, err := server.ReadKeysACME(filepath.Join(dir, "data"), []string{"exam.example.edu"}); err != nil || keys.CheckServed(filepath.Join(dir, "data")) != nil {
		t.Errorf("%v, %v", err, keys.CheckServed(filepath.Join(dir, "data")))
	}
}

// A server whose authority cannot be reached starts, and says what students see.
func TestServeWithoutCertificate(t *testing.T) {
	port, dir := freeTCP(t), t.TempDir()
	a := acmetest.New(t, acmetest.Options{TLSPort: port})
	a.Away(true)
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), a.VouchingPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	s := ordering{serveWith(t, dir, strings.NewReplacer("PORT", fmt.Sprint(port), "DIRECTORY", a.Directory).Replace(orders)), a}
	s.said(t, `level=ERROR msg="no certificate by ACME: students cannot connect" hosts=\[exam.example.edu\].*503`)
	r, err := http.Get("http://" + s.admin + "/-/ready")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if b, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(b), "degraded: no certificate by ACME: students cannot connect") {
		t.Errorf("%v, %s", err, b)
	}
	if m := s.metrics(t); strings.Contains(m, "\nexamlink_server_certificate_expiry_timestamp_seconds") || !strings.Contains(m, `examlink_server_certificate_orders_total{outcome="failed"} 1`) {
		t.Errorf("metrics of no certificate:\n%s", m)
	}
}
