package link

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// portalTimeout bounds the question whether the network wants a sign-in. Chosen by us.
const portalTimeout = 2 * time.Second

// portal reports whether the network answers web requests to the server's host in its
// place, to have its user sign in: with the status made for it (RFC 6585, section 6),
// or with a temporary redirection to somebody else, if the server has a name of its own.
// It asks the host's port 80, and nobody else.
func (o DialOptions) portal(ctx context.Context, addrs []netip.AddrPort) bool {
	host, _, err := net.SplitHostPort(o.Server)
	if err != nil || len(addrs) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, portalTimeout)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return o.dialTCP(ctx, netip.AddrPortFrom(addrs[0].Addr(), 80))
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, (&url.URL{Scheme: "http", Host: hostOf(host), Path: "/"}).String(), nil)
	if err != nil {
		return false
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	if answer.StatusCode == http.StatusNetworkAuthenticationRequired {
		return true
	}
	switch answer.StatusCode {
	case http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect:
	default: // a site moves for good, a portal does not
		return false
	}
	to, err := answer.Location()
	return err == nil && net.ParseIP(host) == nil && !sameSite(to.Hostname(), host)
}

// hostOf returns a host as it appears in a URL.
func hostOf(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// sameSite reports whether two hosts belong to one organization, as far as names tell.
func sameSite(a, b string) bool {
	a, b = strings.ToLower(strings.TrimSuffix(a, ".")), strings.ToLower(strings.TrimSuffix(b, "."))
	if a == b {
		return true
	}
	x, errX := publicsuffix.EffectiveTLDPlusOne(a)
	y, errY := publicsuffix.EffectiveTLDPlusOne(b)
	return errX == nil && errY == nil && x == y && net.ParseIP(a) == nil && net.ParseIP(b) == nil
}
