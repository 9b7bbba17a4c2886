package link

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"

	"examlink/probe/clock"
	"examlink/probe/wire"
)

// dialTimeout bounds the whole dial, name look-up included. Chosen by us.
const dialTimeout = 8 * time.Second

// DialOptions configures a connection and the expected server.
type DialOptions struct {
	// Server is host:port; the host is an IPv4 or IPv6 address or a name.
	Server string
	// Fingerprint pins the server's public key; zero means that the system's
	// certificate authorities decide.
	Fingerprint [sha256.Size]byte
	// Known is the server's previous address. It is tried if the server's name cannot
	// be looked up; the server there must prove the same as at any other address.
	Known netip.Addr
	// Clock stamps packets; nil means this host's.
	Clock clock.Clock
	// Resolver, if set, replaces the system's name look-up.
	Resolver Resolver
	// Socket, if set, replaces the system's UDP sockets: it returns one that reaches
	// an address of the server.
	Socket func(ctx context.Context, to netip.AddrPort) (net.PacketConn, error)
	// TCP, if set, replaces the system's TCP connections to an address of the server.
	TCP func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
}

// errPin is returned for a certificate with another key than the pinned one.
var errPin = errors.New("the server's key is not the one the join token names")

// stopped reports whether the caller cancelled, rather than its time running out.
func stopped(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// fail returns the error of a failed attempt to the caller that started it with ctx.
func (o DialOptions) fail(ctx context.Context, r Reason, err error) error {
	if stopped(ctx) {
		r = ReasonCancelled
	}
	return &Error{Reason: r, Server: o.Server, Err: err}
}

// tlsConfig returns the TLS requirements for the server. refused is set if the pinned
// key is not the server's.
func (o DialOptions) tlsConfig(host, protocol string, refused *error) *tls.Config {
	conf := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}, ServerName: host}
	if o.Fingerprint != [sha256.Size]byte{} {
		conf.InsecureSkipVerify = true //nolint:gosec // the pinned key is checked instead, below
		conf.VerifyConnection = func(cs tls.ConnectionState) error {
			if len(cs.PeerCertificates) == 0 || Fingerprint(cs.PeerCertificates[0]) != o.Fingerprint {
				*refused = errPin
				return errPin
			}
			return nil
		}
	}
	return conf
}

// way returns how the system would reach an address on a port. For a network that
// replaces the system's nothing is known.
func (o DialOptions) way(port uint16) func(netip.Addr) way {
	return func(to netip.Addr) way {
		if o.Socket != nil || o.TCP != nil {
			return way{to: to, from: to}
		}
		from, err := source(netip.AddrPortFrom(to, port))
		if err != nil {
			from = netip.Addr{}
		}
		return way{to: to, from: from}
	}
}

// at adds the address to an attempt's error if the server is given as a name.
func (o DialOptions) at(to netip.AddrPort, r Reason, err error) error {
	if to.String() != o.Server {
		err = fmt.Errorf("%v: %w", to, err)
	}
	return &Error{Reason: r, Server: o.Server, Err: err}
}

// Dial connects to a server over QUIC: to the first of its addresses that completes a
// handshake. Its errors are of type *Error.
func Dial(ctx context.Context, o DialOptions) (*Conn, error) {
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
	d := newDiagnosis(o)
	diagnosed := make(chan struct{})
	go func() { // ends with ctx, which ends before Dial returns
		defer close(diagnosed)
		d.run(ctx, cancel)
	}()
	conn, remembered, err := dialRace[*Conn]{
		port: port, way: o.way(port), limit: handshakeTimeout,
		try: func(ctx context.Context, to netip.AddrPort, silence time.Duration) (*Conn, error) {
			return o.connect(ctx, host, to, silence)
		},
		drop: func(c *Conn) { c.Close("another address was faster") },
	}.run(ctx, func(ctx context.Context) <-chan finding { return d.hear(o.resolve(ctx, host), port) })
	cancel()
	<-diagnosed
	if err == nil {
		conn.remembered = remembered
		return conn, nil
	}
	r, err := d.conclude(outer, err)
	return nil, o.fail(outer, r, err)
}

// connect makes one attempt over QUIC, on its own socket: the probe packets will share
// it, and thus the path through every NAT. silence bounds the peer's silence.
func (o DialOptions) connect(ctx context.Context, host string, to netip.AddrPort, silence time.Duration) (*Conn, error) {
	open := openUDP
	if o.Socket != nil {
		open = o.Socket
	}
	pc, err := open(ctx, to)
	if err != nil {
		return nil, o.at(to, dialReason(err), err)
	}
	sock := NewSocket(pc, o.Clock)
	tr := &quic.Transport{Conn: sock.packetConn()}
	closeAll := func() {
		_ = tr.Close()
		_ = pc.Close()
	}
	conf := config()
	conf.HandshakeIdleTimeout = silence
	var refused error
	qc, err := tr.Dial(ctx, net.UDPAddrFromAddrPort(to), o.tlsConfig(host, wire.ALPN, &refused), conf)
	if err == nil {
		return &Conn{carrier: quicCarrier{qc}, socket: sock, server: o.Server, close: closeAll}, nil
	}
	closeAll()
	var verify *tls.CertificateVerificationError
	switch {
	case refused != nil:
		return nil, o.at(to, ReasonCertificate, refused)
	case errors.As(err, &verify):
		return nil, o.at(to, ReasonCertificate, err)
	}
	return nil, o.at(to, classify(err), err)
}

// openUDP opens a socket of an address's family, if the system has a route there.
func openUDP(_ context.Context, to netip.AddrPort) (net.PacketConn, error) {
	if _, err := source(to); err != nil {
		return nil, err
	}
	return net.ListenUDP(family(to.Addr()), nil)
}

// dialReason returns why a socket or a TCP connection could not be opened.
func dialReason(err error) Reason {
	switch {
	case errors.Is(err, context.Canceled):
		return ReasonCancelled
	case noRoute(err):
		return ReasonNoNetwork
	}
	return ReasonNoServer
}
