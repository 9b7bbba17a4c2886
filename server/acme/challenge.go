package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mholt/acmez/v3"
	protocol "github.com/mholt/acmez/v3/acme"

	"examlink/server/store"
)

// Fixed by specifications.
const (
	challengePath = "/.well-known/acme-challenge/" // RFC 8555, section 8.3
	alpn          = acmez.ACMETLS1Protocol         // RFC 8737
)

// Chosen by us. Anybody can ask for a challenge: what that costs the store is bounded.
const (
	answerTimeout = 5 * time.Second // for a look into the store
	answerLooks   = 4               // at the same time
)

// answers answers challenges of the authority. They are in the store, so that any server
// that the authority reaches under a host's name can answer.
type answers struct {
	shelf shelf
	name  string
	hosts []string
	looks chan struct{} // holds answerLooks
}

// pending are the challenges that wait for the authority: key authorizations by host
// (TLS-ALPN-01) or by token (HTTP-01).
type pending map[string]string

func key(c protocol.Challenge) string {
	if c.Type == protocol.ChallengeTypeHTTP01 {
		return "http " + c.Token
	}
	return "tls " + strings.ToLower(c.Identifier.Value)
}

// Present implements acmez.Solver.
func (a answers) Present(ctx context.Context, c protocol.Challenge) error {
	return a.change(ctx, func(p pending) { p[key(c)] = c.KeyAuthorization })
}

// CleanUp implements acmez.Solver.
func (a answers) CleanUp(ctx context.Context, c protocol.Challenge) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout)
	defer cancel()
	return a.change(ctx, func(p pending) { delete(p, key(c)) })
}

// change changes what is pending.
func (a answers) change(ctx context.Context, f func(pending)) error {
	for {
		p := pending{}
		version, err := a.shelf.get(ctx, a.name, &p)
		if err != nil {
			return err
		}
		before := maps.Clone(p)
		if f(p); version > 0 && maps.Equal(before, p) {
			return nil
		}
		if _, err = a.shelf.put(ctx, a.name, p, version); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// find returns a key authorization that is pending.
func (a answers) find(ctx context.Context, key string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	select {
	case a.looks <- struct{}{}:
		defer func() { <-a.looks }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	var p pending
	if _, err := a.shelf.get(ctx, a.name, &p); err != nil {
		return "", err
	}
	if p[key] == "" {
		return "", errors.New("no such challenge")
	}
	return p[key], nil
}

// config answers a handshake of the authority, and no other: nil.
func (a answers) config(h *tls.ClientHelloInfo) (*tls.Config, error) {
	if !slices.Equal(h.SupportedProtos, []string{alpn}) {
		return nil, nil
	}
	host := strings.ToLower(h.ServerName)
	if !slices.Contains(a.hosts, host) {
		return nil, fmt.Errorf("challenge for %q, which is not configured", host)
	}
	authorization, err := a.find(h.Context(), "tls "+host)
	if err != nil {
		return nil, err
	}
	c, err := acmez.TLSALPN01ChallengeCert(protocol.Challenge{Identifier: protocol.Identifier{Type: "dns", Value: host}, KeyAuthorization: authorization})
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*c}, NextProtos: []string{alpn}}, nil
}

// handler answers challenges by HTTP-01.
func (a answers) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+challengePath+"{token}", func(w http.ResponseWriter, r *http.Request) {
		authorization, err := a.find(r.Context(), "http "+r.PathValue("token"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write([]byte(authorization))
	})
	return mux
}

// Challenge is a tls.Config's GetConfigForClient for the students' TCP port: it answers
// the authority's challenges and leaves every other handshake alone. Without HTTP they are
// answered nowhere else.
func (m *Manager) Challenge(h *tls.ClientHelloInfo) (*tls.Config, error) {
	if m.o.HTTP != nil {
		return nil, nil
	}
	return m.answer.config(h)
}
