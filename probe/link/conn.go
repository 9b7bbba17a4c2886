package link

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"

	"examlink/probe/wire"
)

// Chosen by us.
const (
	// idleTimeout lets a connection live through outages that matter to an
	// exam; who is silent is judged by the probes, much sooner.
	idleTimeout = 60 * time.Second
	keepAlive   = 10 * time.Second
	// handshakeTimeout bounds the wait for the other side's next packet.
	handshakeTimeout = 5 * time.Second
	// Windows bound what a peer can make us hold.
	streamWindow = 256 << 10
	connWindow   = 512 << 10
)

func config() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout:           handshakeTimeout,
		MaxIdleTimeout:                 idleTimeout,
		KeepAlivePeriod:                keepAlive,
		InitialStreamReceiveWindow:     streamWindow,
		MaxStreamReceiveWindow:         streamWindow,
		InitialConnectionReceiveWindow: connWindow,
		MaxConnectionReceiveWindow:     connWindow,
		MaxIncomingStreams:             4,
		MaxIncomingUniStreams:          -1,
		DisablePathMTUDiscovery:        true, // its probes would load the link being measured
	}
}

// Stream is a reliable byte stream inside a connection.
type Stream interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// Conn is an authenticated connection between the two ends.
type Conn struct {
	quic   *quic.Conn
	socket *Socket
	server string
	close  func() // ends what belongs to this connection alone
}

// Socket returns the socket the connection shares with its probe packets.
func (c *Conn) Socket() *Socket { return c.socket }

// Remote returns the peer's address, as validated by QUIC.
func (c *Conn) Remote() netip.AddrPort {
	a, ok := c.quic.RemoteAddr().(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return unmap(a.AddrPort())
}

// Open opens the control stream.
func (c *Conn) Open(ctx context.Context) (Stream, error) {
	s, err := c.quic.OpenStreamSync(ctx)
	if err != nil {
		return nil, c.reason(err)
	}
	return stream{s}, nil
}

// Accept waits for the peer to open the control stream.
func (c *Conn) Accept(ctx context.Context) (Stream, error) {
	s, err := c.quic.AcceptStream(ctx)
	if err != nil {
		return nil, c.reason(err)
	}
	return stream{s}, nil
}

// stream's Close ends both directions; quic-go's ends only the sending one.
type stream struct{ *quic.Stream }

func (s stream) Close() error {
	s.CancelRead(0)
	return s.Stream.Close()
}

// ProbeKeys exports the keys of a probe flow: the student's, then the server's.
func (c *Conn) ProbeKeys(flow wire.FlowID) (student, server []byte, err error) {
	state := c.quic.ConnectionState().TLS
	b, err := state.ExportKeyingMaterial(wire.ExporterLabel, wire.ExporterContext(flow), wire.ExporterSize)
	if err != nil {
		return nil, nil, fmt.Errorf("export probe keys: %w", err)
	}
	return b[:wire.KeySize], b[wire.KeySize:], nil
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.quic.Context().Done() }

// Err says why the connection ended; nil while it has not.
func (c *Conn) Err() error {
	if c.quic.Context().Err() == nil {
		return nil
	}
	return c.reason(context.Cause(c.quic.Context()))
}

// Close ends the connection and tells the peer why, in a word.
func (c *Conn) Close(why string) {
	_ = c.quic.CloseWithError(0, why)
	if c.close != nil {
		c.close()
	}
}

func (c *Conn) reason(err error) error {
	return &Error{Reason: classify(err), Server: c.server, Err: err}
}

// classify maps an error of quic-go to the closed list.
func classify(err error) Reason {
	var (
		app       *quic.ApplicationError
		transport *quic.TransportError
		version   *quic.VersionNegotiationError
		reset     *quic.StatelessResetError
		idle      *quic.IdleTimeoutError
		handshake *quic.HandshakeTimeoutError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return ReasonCancelled
	case noWay(err): // quic-go ends a connection when the system will not send
		return ReasonNoNetwork
	case errors.As(err, &app), errors.As(err, &reset), errors.Is(err, io.EOF):
		return ReasonClosed
	case errors.As(err, &idle), errors.As(err, &handshake), errors.Is(err, context.DeadlineExceeded):
		return ReasonSilent
	case errors.As(err, &version):
		return ReasonProtocol
	case errors.As(err, &transport):
		if transport.ErrorCode.IsCryptoError() {
			return ReasonProtocol
		}
		if transport.ErrorCode == quic.ConnectionRefused {
			return ReasonNoServer
		}
		return ReasonClosed
	}
	return ReasonClosed
}

// Fingerprint is the SHA-256 of a certificate's public key (its
// SubjectPublicKeyInfo): it outlives a renewal that keeps the key.
func Fingerprint(c *x509.Certificate) [sha256.Size]byte {
	return sha256.Sum256(c.RawSubjectPublicKeyInfo)
}
