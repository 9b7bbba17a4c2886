package link

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"examlink/probe/clock"
	"examlink/probe/wire"
)

// ListenOptions configures a Listener.
type ListenOptions struct {
	// TLS holds the server's certificate; version and protocol are set here.
	TLS *tls.Config
	// Clock stamps packets; nil means this host's.
	Clock clock.Clock
	// ResetKey, kept across restarts, lets clients of an earlier run detect at once
	// that it has ended (RFC 9000, section 10.3).
	ResetKey [32]byte
	// VerifySource reports whether an address must first prove itself with a Retry;
	// nil means never.
	VerifySource func(netip.Addr) bool
	// Admit reports whether a connection from an address may begin its handshake; nil
	// means always. proved means that the address is verified as the sender's own.
	Admit func(a netip.Addr, proved bool) bool
	// Pages, if set, serves pages in browsers over HTTP/3.
	Pages *WebTransports
}

// Listener accepts connections on one socket.
type Listener struct {
	socket    *Socket
	transport *quic.Transport
	listener  *quic.Listener
	pages     *WebTransports // nil: none
}

// Listen serves QUIC and probe packets on pc. Closing the listener does not
// close pc.
func Listen(pc net.PacketConn, o ListenOptions) (*Listener, error) {
	if o.Clock == nil {
		o.Clock = clock.NewSystem()
	}
	conf := o.TLS.Clone()
	conf.MinVersion = tls.VersionTLS13
	conf.NextProtos = []string{wire.ALPN}
	if o.Pages != nil {
		conf.NextProtos = append(conf.NextProtos, http3.NextProtoH3)
	}
	sock := NewSocket(pc, o.Clock)
	if o.Pages != nil {
		o.Pages.shared.Store(sock)
	}
	reset := quic.StatelessResetKey(o.ResetKey)
	tr := &quic.Transport{Conn: sock.packetConn(), StatelessResetKey: &reset}
	if o.VerifySource != nil {
		tr.VerifySourceAddress = func(a net.Addr) bool {
			u, ok := a.(*net.UDPAddr)
			return !ok || o.VerifySource(unmap(u.AddrPort()).Addr())
		}
	}
	if o.Admit != nil {
		tr.ConnContext = func(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
			if a, ok := info.RemoteAddr.(*net.UDPAddr); ok && !o.Admit(unmap(a.AddrPort()).Addr(), info.AddrVerified) {
				return nil, fmt.Errorf("too many handshakes")
			}
			return ctx, nil
		}
	}
	ln, err := tr.Listen(conf, serving(o.Pages != nil))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return &Listener{socket: sock, transport: tr, listener: ln, pages: o.Pages}, nil
}

// Socket returns the socket the listener shares with its probe packets.
func (l *Listener) Socket() *Socket { return l.socket }

// Accept waits for the next connection whose handshake is complete.
func (l *Listener) Accept(ctx context.Context) (*Conn, error) {
	for {
		qc, err := l.listener.Accept(ctx)
		if err != nil {
			return nil, err
		}
		if qc.ConnectionState().TLS.NegotiatedProtocol == http3.NextProtoH3 {
			go l.pages.serve(qc) // ends with the connection, which the transport ends
			continue
		}
		return &Conn{carrier: quicCarrier{qc}, socket: l.socket, server: "client"}, nil
	}
}

// Close stops accepting and ends every connection.
func (l *Listener) Close() error {
	err := l.listener.Close()
	if e := l.transport.Close(); err == nil {
		err = e
	}
	return err
}
