package acme_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"examlink/server/acme"
	"examlink/server/acme/acmetest"
	"examlink/server/store"
)

// lines is a log that can be read while it is written.
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

// host is a server without anything but its certificate.
type host struct {
	*acme.Manager
	log lines

	mu   sync.Mutex
	pair *tls.Certificate
}

func (h *host) certificate() *x509.Certificate {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pair == nil {
		return nil
	}
	return h.pair.Leaf
}

// newHost makes a host with an authority's certificates.
func newHost(t *testing.T, a *acmetest.Authority, values store.Values, change func(*acme.Options)) *host {
	t.Helper()
	h := &host{}
	o := acme.Options{
		Directory: a.Directory, Hosts: []string{"exam.example.edu"}, Agreed: true, Email: "it@example.edu", Roots: a.Vouching, Values: values, Seal: [32]byte{1},
		Use: func(c tls.Certificate) { h.mu.Lock(); defer h.mu.Unlock(); h.pair = &c }, Log: slog.New(slog.NewTextHandler(&h.log, nil)),
	}
	if change != nil {
		change(&o)
	}
	var err error
	if h.Manager, err = acme.New(o); err != nil {
		t.Fatal(err)
	}
	return h
}

// port is a TCP port on which the host of the moment answers handshakes.
type port struct {
	net.Listener
	mu sync.Mutex
	h  *host
}

func (p *port) number() int { return p.Addr().(*net.TCPAddr).Port }

func (p *port) serve(h *host) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.h = h
}

func (p *port) host() *host {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.h
}

func listen(t *testing.T) *port {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &port{Listener: l}
	t.Cleanup(func() { _ = l.Close() })
	conf := &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			return p.host().Challenge(h)
		},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			at := p.host()
			at.mu.Lock()
			defer at.mu.Unlock()
			if at.pair == nil {
				return nil, errors.New("none")
			}
			return at.pair, nil
		},
	}
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // ends with the handshake
				defer c.Close()
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				_ = tls.Server(c, conf).HandshakeContext(ctx)
			}()
		}
	}()
	return p
}

// verify makes a handshake with a port as a browser does for a name.
func (p *port) verify(a *acmetest.Authority, name string) error {
	c, err := tls.Dial("tcp", p.Addr().String(), &tls.Config{RootCAs: a.Root, ServerName: name, MinVersion: tls.VersionTLS13})
	if err == nil {
		_ = c.Close()
	}
	return err
}
