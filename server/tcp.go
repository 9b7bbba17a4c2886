package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// ServeTCP answers on the server's port by TCP until ctx ends, so that a client
// whose UDP packets get no answer can tell a blocked protocol from a server
// that is down.
func ServeTCP(ctx context.Context, l net.Listener, conf *tls.Config) error {
	conf = conf.Clone()
	conf.MinVersion = tls.VersionTLS13
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		fmt.Fprintln(w, "This is an examlink server. It measures by UDP on this port: examlink check TOKEN")
	})
	s := &http.Server{
		Handler: mux, TLSConfig: conf, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 8 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // every port scan is a failed handshake
	}
	done := make(chan error, 1)
	go func() { done <- s.ServeTLS(l, "", "") }() // ends with Close below
	select {
	case err := <-done:
		return fmt.Errorf("tcp: %w", err)
	case <-ctx.Done():
	}
	_ = s.Close()
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("tcp: %w", err)
	}
	return nil
}
