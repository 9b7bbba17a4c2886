package link

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"

	"github.com/coder/websocket"

	"examlink/probe/clock"
	"examlink/probe/wire"
)

// WebSockets accepts connections by WebSocket: an http.Handler for
// wire.WebSocketPath, whose http.Server must use ConnContext.
type WebSockets struct {
	acceptor
	clock clock.Clock
}

// NewWebSockets returns an acceptor of at most most concurrent connections. c stamps
// packets; nil means this host's clock.
func NewWebSockets(c clock.Clock, most int) *WebSockets {
	if c == nil {
		c = clock.NewSystem()
	}
	s := &WebSockets{clock: c, acceptor: newAcceptor()}
	s.Limit(most)
	return s
}

type connKey struct{}

// ConnContext is for http.Server's field of the same name.
func (s *WebSockets) ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// ServeHTTP upgrades one connection and hands it to Accept.
func (s *WebSockets) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	t, ok := r.Context().Value(connKey{}).(*tls.Conn)
	if !ok || r.TLS == nil || r.TLS.Version < tls.VersionTLS13 {
		http.Error(rw, "TLS 1.3 is needed", http.StatusUpgradeRequired)
		return
	}
	if !s.room(rw) {
		return
	}
	left := func() { s.open.Add(-1) }
	ws, err := websocket.Accept(rw, r, &websocket.AcceptOptions{Subprotocols: []string{wire.WebSocketProtocol}})
	if err != nil {
		left()
		return
	}
	if ws.Subprotocol() != wire.WebSocketProtocol {
		_ = ws.CloseNow()
		left()
		return
	}
	w := newWebSocket(ws, t, s.clock)
	go func() { // ends with the connection
		<-w.gone
		left()
	}()
	s.hand(&Conn{carrier: w, socket: w.socket, server: "client"})
}

// errTooMany is returned for a refused handshake by TCP.
var errTooMany = errors.New("too many handshakes")

// AdmitTCP returns conf for a TCP listener; admit decides at the start of each
// handshake whether its address may continue.
func AdmitTCP(conf *tls.Config, admit func(netip.Addr) bool) *tls.Config {
	conf = conf.Clone()
	conf.MinVersion = tls.VersionTLS13
	next := conf.GetConfigForClient
	conf.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		if a, ok := h.Conn.RemoteAddr().(*net.TCPAddr); ok && !admit(unmap(a.AddrPort()).Addr()) {
			return nil, errTooMany
		}
		if next != nil {
			return next(h)
		}
		return nil, nil
	}
	return conf
}
