// Package acme keeps a server's certificate valid: it orders one from an authority by
// ACME (RFC 8555), answers the authority's challenges, and renews it in time. Servers
// that share a store share the certificate: one of them orders, any of them answers the
// challenges. It is the only importer of the ACME library.
//
// It refuses to know who connects: a name that is not configured is never ordered,
// whatever a client asks for.
package acme

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	protocol "github.com/mholt/acmez/v3/acme"
	"github.com/prometheus/client_golang/prometheus"

	"examlink/server/store"
)

// LetsEncrypt is the directory of Let's Encrypt.
const LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

// Binding ties the account with the authority to one that exists there already (RFC
// 8555, section 7.3.4).
type Binding struct {
	ID  string
	Key string // base64url, as the authority gives it out
}

// Options configures a Manager. New checks it.
type Options struct {
	// Directory is the URL of the authority's directory.
	Directory string
	// Hosts are the names of the certificate, lower-case ASCII.
	Hosts []string
	// Agreed says that the operator agrees to the authority's terms.
	Agreed bool
	// Email is where the authority may write to; empty: it has no address.
	Email string
	// Binding, if set, ties the account to another one.
	Binding *Binding
	// Roots vouch for the directory; nil: the system's authorities.
	Roots *x509.CertPool
	// HTTP, if set, is a listener that the authority reaches at port 80 of each host:
	// challenges are answered there, by HTTP-01. Otherwise they are answered by
	// TLS-ALPN-01 on the students' TCP port, which it must reach at port 443.
	// Run closes it.
	HTTP net.Listener
	// Values keep account, certificate and challenges, sealed with Seal. Servers that
	// share both share the certificate.
	Values store.Values
	Seal   [32]byte
	// Use puts a certificate in force.
	Use func(tls.Certificate)
	// File, if set, is where the certificate in force is written with its chain and key,
	// PEM: for other listeners of this computer, and for Start.
	File string
	// Alone says that no other server shares Values: a turn to order that an earlier run
	// left is taken over at once.
	Alone bool
	// Agent names the program to the authority.
	Agent string
	Log   *slog.Logger
}

// Manager orders, keeps and renews one certificate. Its methods are safe for concurrent
// use.
type Manager struct {
	o      Options
	shelf  shelf
	id     string // of what is stored for these hosts
	self   string // this run, among the servers that share the store
	ledger *ledger
	orders *prometheus.CounterVec
	answer answers

	mu      sync.Mutex
	inForce *tls.Certificate  // nil: none yet
	interim *x509.Certificate // in its place; nil: none
	version uint64            // that is stored, of the certificate in force
	advice  *protocol.RenewalInfo
	askAt   time.Time // when the authority's advice is asked for again
	began   time.Time // when the first certificate was wanted
	problem error     // of the last attempt; nil after one that succeeded
	ordered time.Time // the last certificate, by this run

	attempts int // of this run; its loop's
}

// New checks the options. It does not connect to anything.
func New(o Options) (*Manager, error) {
	switch {
	case len(o.Hosts) == 0:
		return nil, errors.New("acme: no host names")
	case !o.Agreed:
		return nil, errors.New("acme: the authority's terms are not agreed to")
	case o.Values == nil || o.Use == nil:
		return nil, errors.New("acme: no store, or nobody to use the certificate")
	}
	for _, h := range o.Hosts {
		if err := CheckHost(h); err != nil {
			return nil, fmt.Errorf("acme: %w", err)
		}
	}
	o.Directory = cmp.Or(o.Directory, LetsEncrypt)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	shelf, err := newShelf(o.Values, o.Seal)
	if err != nil {
		return nil, err
	}
	m := &Manager{o: o, shelf: shelf, began: time.Now(), orders: newOrders()}
	m.id = m.identify(append([]string{o.Directory}, slices.Sorted(slices.Values(o.Hosts))...)...)
	var self [8]byte
	_, _ = rand.Read(self[:]) // crypto/rand never fails
	m.self = hex.EncodeToString(self[:])
	m.ledger = &ledger{shelf: shelf, name: m.name("turn", m.id), self: m.self, alone: o.Alone}
	m.answer = answers{shelf: shelf, name: m.name("challenge", m.id), hosts: o.Hosts, looks: make(chan struct{}, answerLooks)}
	return m, nil
}

// CheckHost checks a host name that a certificate can be ordered for.
func CheckHost(name string) error {
	ok := strings.Contains(name, ".") && len(name) <= 253 && net.ParseIP(name) == nil
	for _, label := range strings.Split(name, ".") {
		ok = ok && label != "" && len(label) <= 63 && label[0] != '-' && label[len(label)-1] != '-' &&
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
	}
	if !ok {
		return fmt.Errorf("%q, expected a host name in small letters such as exam.example.edu: no address, port or wildcard", name)
	}
	return nil
}

// identify derives an identifier from what values are kept for, and from the seal: servers
// with another secret never touch what they cannot read.
func (m *Manager) identify(parts ...string) string {
	h := hmac.New(sha256.New, m.o.Seal[:])
	for _, p := range parts {
		fmt.Fprintf(h, "%q", p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// name is that of a value in the store.
func (m *Manager) name(kind, id string) string { return "acme/" + kind + "/" + id }

// Hosts returns the names of the certificate.
func (m *Manager) Hosts() []string { return slices.Clone(m.o.Hosts) }

// Run keeps the certificate valid until ctx ends. It blocks.
func (m *Manager) Run(ctx context.Context) {
	if m.o.HTTP != nil {
		s := &http.Server{Handler: m.answer.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10}
		done := make(chan struct{})
		go func() { // ends with Close
			defer close(done)
			if err := s.Serve(m.o.HTTP); !errors.Is(err, http.ErrServerClosed) {
				m.o.Log.Error("listener for ACME challenges stopped", "err", err)
			}
		}()
		defer func() { _ = s.Close(); <-done }()
	}
	for ctx.Err() == nil {
		t := time.NewTimer(m.step(ctx))
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
}
