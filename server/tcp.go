package server

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
)

// serveTCP answers on the server's port by TCP: WebSockets, for clients whose
// UDP packets get no answer, and a line of text for everybody else. The function
// it returns ends it. It fails like a server that is down: UDP goes on.
func (s *Server) serveTCP(l net.Listener, ws *link.WebSockets) (stop func() error) {
	mux := http.NewServeMux()
	mux.Handle("GET "+wire.WebSocketPath, ws)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		fmt.Fprintln(w, "This is an examlink server. It measures by UDP on this port: examlink check TOKEN")
	})
	h := &http.Server{
		Handler: mux, TLSConfig: link.AdmitTCP(s.o.TLS, func(a netip.Addr) bool { return s.admitHandshake(a, true) }),
		ConnContext:       ws.ConnContext,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 8 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // every port scan is a failed handshake
	}
	done := make(chan error, 1)
	go func() { // ends with stop
		err := h.ServeTLS(l, "", "")
		if !errors.Is(err, http.ErrServerClosed) {
			s.o.Log.Error("no more connections by TCP", "err", err)
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
