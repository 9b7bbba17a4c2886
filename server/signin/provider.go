package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Provider is an OpenID Connect provider, and what its claims mean.
type Provider struct {
	Issuer       string // its URL, https
	ClientID     string
	ClientSecret string
	// Address is that of the board, scheme and host. The provider sends browsers to
	// /board/signin/callback there.
	Address string
	Scopes  []string // besides openid
	Claims  Claims
	HTTP    *http.Client // nil: one with a time-out
}

// Chosen by us.
const (
	askWithin  = 10 * time.Second // of the provider
	askAgain   = 5 * time.Second  // after a failure
	atProvider = 10 * time.Minute // a person may take to sign in there
)

// client talks to a provider. It is safe for concurrent use.
type client struct {
	p    Provider
	host string // of the board

	mu     sync.Mutex
	found  *oidc.Provider
	failed time.Time
	why    error
}

// OptionError is what is wrong with a Provider.
type OptionError struct {
	Option  string // as its key in the configuration
	Problem string
}

func (e *OptionError) Error() string { return e.Option + ": " + e.Problem }

// Check returns what is wrong with a provider, an *OptionError.
func (p Provider) Check() error {
	board, err := url.Parse(p.Address)
	switch {
	case err != nil || board.Scheme != "https" || board.Host == "" || board.Path != "":
		return &OptionError{"address", fmt.Sprintf("%q, expected https:// and a host", p.Address)}
	case p.Issuer == "":
		return &OptionError{"issuer", "empty, expected the provider's address"}
	case p.ClientID == "":
		return &OptionError{"client", "empty, expected the identifier of the client"}
	}
	return p.Claims.check()
}

func newClient(p Provider) (*client, error) {
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("sign-in: %w", err)
	}
	board, err := url.Parse(p.Address)
	if err != nil {
		return nil, err
	}
	if p.HTTP == nil {
		p.HTTP = &http.Client{Timeout: askWithin}
	}
	return &client{p: p, host: board.Host}, nil
}

// discover returns the provider, which it asks until it has answered once.
func (c *client) discover(ctx context.Context) (*oidc.Provider, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.found != nil:
		return c.found, nil
	case time.Since(c.failed) < askAgain:
		return nil, c.why
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, c.p.HTTP), c.p.Issuer)
	if err != nil {
		c.failed, c.why = time.Now(), err
		return nil, err
	}
	c.found = found
	return found, nil
}

func (c *client) config(p *oidc.Provider) oauth2.Config {
	scopes := append([]string{oidc.ScopeOpenID}, c.p.Scopes...)
	slices.Sort(scopes)
	return oauth2.Config{
		ClientID: c.p.ClientID, ClientSecret: c.p.ClientSecret, Endpoint: p.Endpoint(),
		RedirectURL: c.p.Address + callbackPath, Scopes: slices.Compact(scopes),
	}
}

// redeem exchanges a code for the claims of who signed in. Those of the identity token
// come before those that the provider tells on request.
func (c *client) redeem(ctx context.Context, code string, was pending) (map[string]any, error) {
	ctx = oidc.ClientContext(ctx, c.p.HTTP)
	p, err := c.discover(ctx)
	if err != nil {
		return nil, err
	}
	config := c.config(p)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(was.Verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: c.p.ClientID}).Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if id.Nonce != was.Nonce {
		return nil, errors.New("the identity token is of another sign-in")
	}
	claims, more := map[string]any{}, map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return nil, err
	}
	if p.UserInfoEndpoint() == "" || c.p.Claims.complete(claims) {
		return claims, nil
	}
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, err
	}
	if info.Subject != id.Subject {
		return nil, errors.New("the provider told of another person than the identity token")
	}
	if err := info.Claims(&more); err != nil {
		return nil, err
	}
	for k, v := range more {
		if _, ok := claims[k]; !ok {
			claims[k] = v
		}
	}
	return claims, nil
}
