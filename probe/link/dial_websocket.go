package link

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/coder/websocket"

	"examlink/probe/clock"
	"examlink/probe/wire"
)

// DialWebSocket connects to a server by WebSocket, for networks that block UDP: to the
// first of its addresses that completes a TLS handshake. Its errors are of type
// *Error.
func DialWebSocket(ctx context.Context, o DialOptions) (*Conn, error) {
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	host, port, err := target(ctx, o.Server)
	if err != nil {
		return nil, o.fail(outer, ReasonAddress, err)
	}
	if o.Clock == nil {
		o.Clock = clock.NewSystem()
	}
	t, remembered, err := dialRace[*tls.Conn]{
		port: port, way: o.way(port), limit: dialTimeout,
		try: func(ctx context.Context, to netip.AddrPort, _ time.Duration) (*tls.Conn, error) {
			return o.connectTLS(ctx, host, to)
		},
		drop: func(t *tls.Conn) { _ = t.NetConn().Close() },
	}.run(ctx, func(ctx context.Context) <-chan finding { return o.resolve(ctx, host) })
	if err != nil {
		r, err := reasonAndCause(err)
		return nil, o.fail(outer, r, err)
	}
	ws, err := upgrade(ctx, t, o.Server)
	if err != nil {
		_ = t.NetConn().Close()
		return nil, o.fail(outer, handshakeReason(err), err)
	}
	w := newWebSocket(ws, t, o.Clock)
	return &Conn{carrier: w, socket: w.socket, server: o.Server, remembered: remembered}, nil
}

// connectTLS makes one attempt by TLS over TCP.
func (o DialOptions) connectTLS(ctx context.Context, host string, to netip.AddrPort) (*tls.Conn, error) {
	tcp, err := o.dialTCP(ctx, to)
	if err != nil {
		return nil, o.at(to, dialReason(err), err)
	}
	var refused error
	t := tls.Client(tcp, o.tlsConfig(host, "http/1.1", &refused))
	if err := t.HandshakeContext(ctx); err != nil {
		_ = tcp.Close()
		if refused != nil {
			return nil, o.at(to, ReasonCertificate, refused)
		}
		return nil, o.at(to, handshakeReason(err), err)
	}
	return t, nil
}

// upgrade requests a WebSocket on an existing connection.
func upgrade(ctx context.Context, t *tls.Conn, server string) (*websocket.Conn, error) {
	there := make(chan net.Conn, 1)
	there <- t
	client := &http.Client{Transport: &http.Transport{
		DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
			select {
			case c := <-there:
				return c, nil
			default:
				return nil, net.ErrClosed
			}
		},
	}}
	ws, _, err := websocket.Dial(ctx, "wss://"+server+wire.WebSocketPath, &websocket.DialOptions{ //nolint:bodyclose // the connection is its body
		HTTPClient: client, Subprotocols: []string{wire.WebSocketProtocol},
	})
	if err != nil {
		return nil, err
	}
	if ws.Subprotocol() != wire.WebSocketProtocol {
		_ = ws.CloseNow()
		return nil, fmt.Errorf("the server does not speak %s", wire.WebSocketProtocol)
	}
	return ws, nil
}

// handshakeReason maps a handshake error above TCP to the closed list.
func handshakeReason(err error) Reason {
	var verify *tls.CertificateVerificationError
	var network net.Error
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &verify):
		return ReasonCertificate
	case errors.As(err, &plain) && bytes.HasPrefix(plain.RecordHeader[:], []byte("HTTP/")), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return ReasonPortal // HTTP where TLS was asked for: a captive portal
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return ReasonNoServer
	case errors.Is(err, context.Canceled):
		return ReasonCancelled
	}
	return ReasonProtocol
}
