package link

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"

	"examlink/probe/clock"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// dialTimeout bounds the whole attempt, name look-up included.
	dialTimeout = 8 * time.Second
	// diagnoseAfter is how long an unanswered attempt waits before it asks by
	// TCP what is wrong.
	diagnoseAfter   = 1500 * time.Millisecond
	diagnoseTimeout = 3 * time.Second
)

// DialOptions says where to connect and whom to expect.
type DialOptions struct {
	// Server is host:port. An address of IPv4 or IPv6 or a name.
	Server string
	// Fingerprint pins the server's public key; zero means that the system's
	// certificate authorities decide.
	Fingerprint [sha256.Size]byte
	// Clock stamps packets; nil means this host's.
	Clock clock.Clock
	// Socket, if set, stands in for the system's UDP sockets and name look-up:
	// it returns a socket and the server's address.
	Socket func(ctx context.Context) (net.PacketConn, netip.AddrPort, error)
	// TCP, if set, stands in for the system's TCP connections to the server.
	TCP func(ctx context.Context) (net.Conn, error)
}

// errPin is why a certificate was refused.
var errPin = errors.New("the server's key is not the one the join token names")

// stopped says whether the caller has told us to stop, rather than let its time
// run out.
func stopped(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// fail is why an attempt failed, for whoever started it with ctx.
func (o DialOptions) fail(ctx context.Context, r Reason, err error) error {
	if stopped(ctx) {
		r = ReasonCancelled
	}
	return &Error{Reason: r, Server: o.Server, Err: err}
}

// tlsConfig is what the server must prove. refused is set when the pinned key
// is not the server's.
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

// dialTCP connects to the server's port by TCP.
func (o DialOptions) dialTCP(ctx context.Context) (net.Conn, error) {
	if o.TCP != nil {
		return o.TCP(ctx)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", o.Server)
}

// Dial connects to a server by QUIC. Its errors are of type *Error.
func Dial(ctx context.Context, o DialOptions) (*Conn, error) {
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	fail := func(r Reason, err error) error { return o.fail(outer, r, err) }
	host, _, err := net.SplitHostPort(o.Server)
	if err != nil {
		return nil, fail(ReasonAddress, fmt.Errorf("%w, expected host:port", err))
	}
	if o.Clock == nil {
		o.Clock = clock.NewSystem()
	}
	asks := o.Socket == nil || o.TCP != nil
	if o.Socket == nil {
		o.Socket = func(ctx context.Context) (net.PacketConn, netip.AddrPort, error) { return openUDP(ctx, o.Server) }
	}
	pc, to, err := o.Socket(ctx)
	if err != nil {
		return nil, fail(dialReason(err), err)
	}
	sock := NewSocket(pc, o.Clock)
	tr := &quic.Transport{Conn: sock.packetConn()}
	closeAll := func() {
		_ = tr.Close()
		_ = pc.Close()
	}
	var certErr error
	tlsConf := o.tlsConfig(host, wire.ALPN, &certErr)
	var found Reason
	var foundErr error
	diagnosed := make(chan struct{})
	if asks {
		// This goroutine ends with ctx, which ends before Dial returns.
		go func() {
			defer close(diagnosed)
			found, foundErr = diagnose(ctx, o)
			if found == ReasonNoServer || found == ReasonNoNetwork {
				cancel()
			}
		}()
	} else {
		close(diagnosed)
	}
	qc, err := tr.Dial(ctx, net.UDPAddrFromAddrPort(to), tlsConf, config())
	cancel()
	<-diagnosed
	if err == nil {
		return &Conn{carrier: quicCarrier{qc}, socket: sock, server: o.Server, close: closeAll}, nil
	}
	closeAll()
	reason := classify(err)
	if reason == ReasonClosed && asks && outer.Err() == nil {
		// The system would not send at all, as a local firewall makes it do.
		reason, found = ReasonNoServer, ""
		again, stop := context.WithTimeout(outer, diagnoseTimeout)
		if r, e := ask(again, o); r != "" {
			reason, err = r, fmt.Errorf("%w; %w", err, e)
		}
		stop()
	}
	var verify *tls.CertificateVerificationError
	switch {
	case stopped(outer):
		reason = ReasonCancelled
	case certErr != nil:
		reason, err = ReasonCertificate, certErr
	case errors.As(err, &verify):
		reason = ReasonCertificate
	case noWay(err):
		reason = ReasonNoNetwork
	case reason == ReasonSilent || reason == ReasonCancelled:
		reason = ReasonNoServer
		if found != "" {
			reason, err = found, foundErr
		}
	}
	return nil, fail(reason, err)
}

// openUDP looks the server up and opens a socket of its address family.
func openUDP(ctx context.Context, server string) (net.PacketConn, netip.AddrPort, error) {
	// Dialling UDP sends nothing; it asks the system for address and route.
	probe, err := (&net.Dialer{}).DialContext(ctx, "udp", server)
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	to := unmap(probe.RemoteAddr().(*net.UDPAddr).AddrPort())
	_ = probe.Close()
	network := "udp4"
	if to.Addr().Is6() {
		network = "udp6"
	}
	pc, err := net.ListenUDP(network, nil)
	return pc, to, err
}

func dialReason(err error) Reason {
	var dns *net.DNSError
	var addr *net.AddrError
	switch {
	case errors.Is(err, context.Canceled):
		return ReasonCancelled
	case errors.As(err, &dns):
		return ReasonResolve
	case errors.As(err, &addr):
		return ReasonAddress
	case noWay(err):
		return ReasonNoNetwork
	case errors.Is(err, syscall.ECONNREFUSED):
		return ReasonNoServer
	}
	return ReasonNoServer
}

// diagnose asks by TCP why UDP gets no answer. The server listens on the same
// port by TCP.
func diagnose(ctx context.Context, o DialOptions) (Reason, error) {
	wait := time.NewTimer(diagnoseAfter)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return "", nil
	}
	return ask(ctx, o)
}

// ask tries the server's port by TCP and says what that tells about UDP.
func ask(ctx context.Context, o DialOptions) (Reason, error) {
	try, cancel := context.WithTimeout(ctx, diagnoseTimeout)
	defer cancel()
	c, err := o.dialTCP(try)
	if err == nil {
		_ = c.Close()
		return ReasonUDPBlocked, errors.New("the server answers by TCP but not by UDP")
	}
	if ctx.Err() != nil {
		return "", nil
	}
	return dialReason(err), err
}
