package server

import (
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
)

// boardWithin bounds the answers that a board asks for. Chosen by us.
const boardWithin = 30 * time.Second

// deadline bounds the time a route takes to read its request and write its
// response. Live streams do not use it; they bound each write instead.
func deadline(d time.Duration, f http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, at := http.NewResponseController(w), time.Now().Add(d)
		_ = c.SetReadDeadline(at) // a connection without deadlines has bounds of its own
		_ = c.SetWriteDeadline(at)
		f(w, r)
	})
}

// handlers are what the students' listener serves, by pattern. Options.Handlers may
// replace the line of text and the check page.
func (s *Server) handlers(ws http.Handler) map[string]http.Handler {
	all := map[string]http.Handler{"GET /": deadline(10*time.Second, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		fmt.Fprintln(w, "This is an examlink server. It measures network links over UDP on this port. Run: examlink check @FILE, with your join token in FILE")
	})}
	if s.page != nil {
		for _, pattern := range s.page.Patterns() {
			all[pattern] = s.page
		}
		for _, pattern := range s.watch.Patterns() {
			all[pattern] = s.watch
		}
	}
	if s.gate != nil {
		maps.Copy(all, s.boardPage)
		maps.Copy(all, s.gate.Handlers())
		for pattern, h := range s.API(s.gate).BoardHandlers() {
			all[pattern] = deadline(boardWithin, h.ServeHTTP)
		}
	}
	maps.Copy(all, s.o.Handlers)
	all["GET "+wire.WebSocketPath] = ws
	return all
}

// Patterns lists the patterns that the students' listener serves over TCP.
func (s *Server) Patterns() []string { return slices.Sorted(maps.Keys(s.handlers(nil))) }

// serveTCP serves TCP on the server's port: WebSockets, for clients whose UDP
// packets get no answer, the check page, and a line of text for everybody else. The returned
// function stops it. If TCP fails, UDP continues.
func (s *Server) serveTCP(l net.Listener, ws *link.WebSockets) (stop func() error) {
	mux := http.NewServeMux()
	for pattern, handler := range s.handlers(ws) {
		mux.Handle(pattern, handler)
	}
	conf := s.o.TLS
	if s.acme != nil {
		conf = conf.Clone()
		conf.GetConfigForClient = s.acme.Challenge
	}
	h := &http.Server{
		Handler: mux, TLSConfig: link.AdmitTCP(conf, func(a netip.Addr) bool { return s.admitHandshake(a, true) }),
		ConnContext:       ws.ConnContext,
		ReadHeaderTimeout: 5 * time.Second, // further deadlines are per route: see deadline
		IdleTimeout:       30 * time.Second, MaxHeaderBytes: 8 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // every port scan causes a failed handshake
	}
	done := make(chan error, 1)
	go func() { // ends with stop
		err := h.ServeTLS(l, "", "")
		if !errors.Is(err, http.ErrServerClosed) {
			s.o.Log.Error("TCP listener stopped", "err", err)
		}
		done <- err
	}()
	return func() error {
		ws.Close()
		_ = h.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("tcp: %w", err)
		}
		return nil
	}
}
