// Package web serves the admin listener as Prometheus' own exporters do:
// TLS, passwords, headers and a limit on requests from a web configuration
// file, sockets passed by systemd, and a landing page. Only this package imports
// the exporter toolkit, which the student's program does not need.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/coreos/go-systemd/v22/activation"
	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// Check reads a web configuration file, and the certificates it names. The
// error says what was expected.
func Check(file string) error {
	if err := toolkit.Validate(file); err != nil {
		return fmt.Errorf("%s: %w; expected a web configuration as Prometheus' exporters take it, of tls_server_config, http_server_config, basic_auth_users and rate_limit", file, err)
	}
	return nil
}

// Listen listens on the address, or takes the sockets passed by systemd. It
// returns at least one listener.
func Listen(address string, systemd bool) ([]net.Listener, error) {
	if !systemd {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, err
		}
		return []net.Listener{l}, nil
	}
	handed, err := activation.Listeners()
	if err != nil {
		return nil, fmt.Errorf("sockets of systemd: %w", err)
	}
	var out []net.Listener
	for _, l := range handed { // nil: a datagram socket
		if l != nil {
			out = append(out, l)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no stream socket was handed over, expected a start by a systemd socket unit")
	}
	return out, nil
}

// Serve serves with a web configuration file; empty: plain HTTP. The file and its
// certificates are read again for each connection and request.
func Serve(file string, log *slog.Logger) func(net.Listener, *http.Server) error {
	none := false
	flags := &toolkit.FlagConfig{WebConfigFile: &file, WebSystemdSocket: &none}
	quiet := slog.New(warnings{log.Handler()})
	return func(l net.Listener, s *http.Server) error { return toolkit.Serve(l, s, flags, quiet) }
}

// warnings drops records below warnings: we log ourselves that we listen.
type warnings struct{ slog.Handler }

// Enabled implements slog.Handler.
func (h warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// Link is one entry of a landing page.
type Link struct{ Address, Text, Description string }

// Page makes a landing page.
func Page(name, description, version string, links ...Link) (http.Handler, error) {
	c := toolkit.LandingConfig{Name: name, Description: description, Version: version}
	for _, l := range links {
		c.Links = append(c.Links, toolkit.LandingLinks{Address: l.Address, Text: l.Text, Description: l.Description})
	}
	return toolkit.NewLandingPage(c)
}
