package acme

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mholt/acmez/v3"
	protocol "github.com/mholt/acmez/v3/acme"
)

// Chosen by us.
const (
	orderTimeout   = 5 * time.Minute // for one attempt, with the authority's validation
	requestTimeout = 30 * time.Second
)

// certificate is a certificate as it is stored.
type certificate struct {
	Chain []byte `json:"chain"` // PEM, that of the host first
	Key   []byte `json:"key"`   // PEM
}

func (c certificate) pair() (tls.Certificate, error) { return tls.X509KeyPair(c.Chain, c.Key) }

// client returns a client of the authority. The caller ends its connections.
func (m *Manager) client() (c *protocol.Client, end func()) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: m.o.Roots}
	return &protocol.Client{
		Directory: m.o.Directory, UserAgent: m.o.Agent, PollTimeout: orderTimeout,
		HTTPClient: &http.Client{Transport: t, Timeout: requestTimeout},
	}, t.CloseIdleConnections
}

// order obtains a certificate. replaces, if set, is the one that it replaces (RFC 9773,
// section 5).
func (m *Manager) order(ctx context.Context, replaces *x509.Certificate) (c certificate, err error) {
	client, end := m.client()
	defer end()
	a, err := m.account(ctx, client)
	if err != nil {
		return c, err
	}
	c, err = m.orderAs(ctx, client, a, replaces)
	var p protocol.Problem
	if errors.As(err, &p) && p.Type == protocol.ProblemTypeAccountDoesNotExist {
		version, err := m.shelf.get(ctx, m.accountName(), new(account))
		if err != nil {
			return c, err
		}
		if a, err = m.register(ctx, client, version); err != nil {
			return c, err
		}
		return m.orderAs(ctx, client, a, nil)
	}
	return c, err
}

// orderAs obtains a certificate with an account.
func (m *Manager) orderAs(ctx context.Context, client *protocol.Client, a protocol.Account, replaces *x509.Certificate) (c certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, err
	}
	csr, err := acmez.NewCSR(key, m.o.Hosts)
	if err != nil {
		return c, err
	}
	params, err := acmez.OrderParametersFromCSR(a, csr)
	if err != nil {
		return c, err
	}
	params.Replaces = replaces
	kind := protocol.ChallengeTypeTLSALPN01
	if m.o.HTTP != nil {
		kind = protocol.ChallengeTypeHTTP01
	}
	orders := acmez.Client{Client: client, ChallengeSolvers: map[string]acmez.Solver{kind: m.answer}}
	chains, err := orders.ObtainCertificate(ctx, params)
	switch {
	case err != nil:
		return c, err
	case len(chains) == 0:
		return c, errors.New("the authority issued no certificate")
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return c, err
	}
	c = certificate{chains[0].ChainPEM, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})}
	pair, err := c.pair()
	if err != nil {
		return c, fmt.Errorf("what the authority issued: %w", err)
	}
	for _, h := range m.o.Hosts {
		if err := pair.Leaf.VerifyHostname(h); err != nil {
			return c, fmt.Errorf("what the authority issued: %w", err)
		}
	}
	return c, nil
}
