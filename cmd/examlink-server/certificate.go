package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/server"
	"examlink/server/acme"
)

// loadKeys reads the keys of a server, and generates those that are missing.
func loadKeys(s config.Server) (server.Keys, error) {
	if s.ACME.Wanted() {
		return server.LoadKeysACME(s.DataDir, s.ACME.Hosts)
	}
	return server.LoadKeys(s.DataDir, s.Certificate, s.Key, time.Now())
}

// ordered says how the certificate is ordered, with the listener for the authority; nil:
// it is not ordered.
func (r *running) ordered(ctx context.Context) (*acme.Options, error) {
	o, err := r.started.ACMEOptions()
	if err != nil || o == nil {
		return nil, err
	}
	o.Agent = "examlink-server/" + daemon.Version()
	if at := r.started.Server.ACME.HTTPListen; at != "" {
		if o.HTTP, err = (&net.ListenConfig{}).Listen(ctx, "tcp", at); err != nil {
			return nil, fmt.Errorf("server.acme.http_listen: %w", err)
		}
		return o, nil
	}
	if _, port, _ := net.SplitHostPort(r.tcp.Addr().String()); port != "443" {
		r.log.Warn("the ACME authority connects to port 443 of each host: have it forwarded to server.listen, or set server.acme.http_listen", "port", port)
	}
	return o, nil
}

// certified says for people until when the certificate is valid.
func (r *running) certified() string {
	if r.certificate == nil {
		return "as ordered by ACME"
	}
	return r.certificate.Until()
}
