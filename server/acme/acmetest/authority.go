// Package acmetest is an ACME authority for tests: Pebble, the test server of Let's
// Encrypt, on the loopback, with a root of its own. It validates every challenge over the
// network, and believes that every name belongs to this computer.
package acmetest

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// Options configures an Authority.
type Options struct {
	// HTTPPort and TLSPort are where it validates, in place of 80 and 443.
	HTTPPort, TLSPort int
	// Life is that of certificates, in whole seconds; 0: 90 days.
	Life time.Duration
	// Silent says that it gives no advice on renewal (RFC 9773).
	Silent bool
	// Bindings are the keys of external accounts by identifier, base64url. If there are
	// any, new accounts need one.
	Bindings map[string]string
}

// Authority is a running authority.
type Authority struct {
	// Directory is its URL, for which Vouching vouches.
	Directory string
	Vouching  *x509.CertPool
	// Root has issued all certificates, through an intermediate.
	Root *x509.CertPool

	o        Options
	resolver string
	server   *httptest.Server
	away     atomic.Bool
	orders   atomic.Int64

	mu    sync.Mutex
	db    *db.MemoryStore
	front http.Handler
}

// New starts an authority, which the test's end stops.
func New(t testing.TB, o Options) *Authority {
	t.Helper()
	for name, value := range map[string]string{"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0", "PEBBLE_WFE_NONCEREJECT": "0"} {
		t.Setenv(name, value)
	}
	a := &Authority{o: o, Root: x509.NewCertPool(), Vouching: x509.NewCertPool(), resolver: resolver(t)}
	a.Forget(t)
	a.server = httptest.NewUnstartedServer(a)
	a.server.Config.ErrorLog = quiet
	a.server.StartTLS()
	t.Cleanup(a.server.Close)
	a.Directory = a.server.URL + wfe.DirectoryPath
	a.Vouching.AddCert(a.server.Certificate())
	return a
}

var quiet = log.New(io.Discard, "", 0)

// Forget makes it lose all that it knows, and issue from another root as well from now on.
func (a *Authority) Forget(t testing.TB) {
	t.Helper()
	known := db.NewMemoryStore()
	for id, key := range a.o.Bindings {
		if err := known.AddExternalAccountKeyByID(id, key); err != nil {
			t.Fatal(err)
		}
	}
	issuer := ca.New(quiet, known, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: uint64(a.o.Life / time.Second)}}) //nolint:gosec // not below 0
	if !a.Root.AppendCertsFromPEM(issuer.GetRootCert(0).PEM()) {
		t.Fatal("the authority has no root")
	}
	validation := va.New(quiet, a.o.HTTPPort, a.o.TLSPort, false, a.resolver, known)
	front := wfe.New(quiet, known, validation, issuer, []string{"ca.example"}, false, len(a.o.Bindings) > 0, 0, 0)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.db, a.front = known, front.Handler()
}

// ServeHTTP implements http.Handler.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	front := a.front
	a.mu.Unlock()
	switch {
	case a.away.Load():
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	case r.URL.Path == wfe.DirectoryPath && a.o.Silent:
		withoutAdvice(w, r, front)
		return
	case r.URL.Path == orderPath:
		a.orders.Add(1)
	}
	front.ServeHTTP(w, r)
}

// orderPath is Pebble's for new orders.
const orderPath = "/order-plz"

// withoutAdvice serves the directory without its entry for advice on renewal.
func withoutAdvice(w http.ResponseWriter, r *http.Request, pebble http.Handler) {
	whole := httptest.NewRecorder()
	pebble.ServeHTTP(whole, r)
	directory := map[string]any{}
	if err := json.Unmarshal(whole.Body.Bytes(), &directory); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	delete(directory, "renewalInfo")
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(directory)
}

// VouchingPEM is what vouches for its URL, as a file.
func (a *Authority) VouchingPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
}

// Away makes the authority fail every request from now on, or work again.
func (a *Authority) Away(away bool) { a.away.Store(away) }

// Orders returns how many orders there were.
func (a *Authority) Orders() int { return int(a.orders.Load()) }

// Advise advises to renew a certificate between two times.
func (a *Authority) Advise(t testing.TB, serial *big.Int, from, to time.Time) {
	t.Helper()
	text := fmt.Sprintf(`{"suggestedWindow": {"start": %q, "end": %q}}`, from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.db.SetARIResponse(serial, text); err != nil {
		t.Fatal(err)
	}
}
