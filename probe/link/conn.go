package link

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"net/netip"
	"time"

	"examlink/probe/wire"
)

// Transport names the transport of a connection. The list is closed; it labels
// results and metrics.
type Transport string

// The transports.
const (
	UDP       Transport = "udp"       // QUIC, with probe packets beside it
	WebSocket Transport = "websocket" // TLS over TCP, which carries everything
)

// Transports lists every transport.
func Transports() []Transport { return []Transport{UDP, WebSocket} }

// Stream is a reliable byte stream inside a connection.
type Stream interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// carrier is the part of a connection that differs by transport.
type carrier interface {
	transport() Transport
	remote() netip.AddrPort
	open(context.Context) (Stream, error)
	accept(context.Context) (Stream, error)
	export(label string, context []byte, size int) ([]byte, error)
	done() <-chan struct{}
	cause() error // once done is closed
	close(why string)
	classify(error) Reason
	control() (sent, received int64)
}

// Conn is an authenticated connection between the two ends, over QUIC or a WebSocket.
type Conn struct {
	carrier carrier
	socket  *Socket
	server  string
	close   func() // ends the resources of this connection only

	remembered bool
}

// Transport returns the transport of the connection.
func (c *Conn) Transport() Transport { return c.carrier.transport() }

// Socket returns the carrier of the connection's probe packets: the UDP socket that
// QUIC shares with them, or the WebSocket itself.
func (c *Conn) Socket() *Socket { return c.socket }

// Remote returns the peer's address, as validated by QUIC or TCP.
func (c *Conn) Remote() netip.AddrPort { return c.carrier.remote() }

// Remembered reports whether the server's name could not be looked up and the
// connection is to DialOptions.Known.
func (c *Conn) Remembered() bool { return c.remembered }

// Control returns the IP-layer bytes, each way, of everything on the connection so far
// except probe packets: handshake, streams, acknowledgements. Over a WebSocket it is
// an estimate, because TCP's retransmissions and acknowledgements are not visible.
func (c *Conn) Control() (sent, received int64) { return c.carrier.control() }

// Open opens a stream; the first is the control stream. A WebSocket has no other.
func (c *Conn) Open(ctx context.Context) (Stream, error) {
	s, err := c.carrier.open(ctx)
	if err != nil {
		return nil, c.reason(err)
	}
	return s, nil
}

// Accept waits for the peer to open a stream, the control stream first.
func (c *Conn) Accept(ctx context.Context) (Stream, error) {
	s, err := c.carrier.accept(ctx)
	if err != nil {
		return nil, c.reason(err)
	}
	return s, nil
}

// ProbeKeys exports the keys of a probe flow: the student's, then the server's.
func (c *Conn) ProbeKeys(flow wire.FlowID) (student, server []byte, err error) {
	b, err := c.carrier.export(wire.ExporterLabel, wire.ExporterContext(flow), wire.ExporterSize)
	if err != nil {
		return nil, nil, fmt.Errorf("export probe keys: %w", err)
	}
	return b[:wire.KeySize], b[wire.KeySize:], nil
}

// Done returns a channel that is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.carrier.done() }

// Err returns why the connection ended; nil while it is open.
func (c *Conn) Err() error {
	select {
	case <-c.Done():
		return c.reason(c.carrier.cause())
	default:
		return nil
	}
}

// Close ends the connection and sends the peer the reason, in a word. Over a WebSocket
// it may take up to a second, and must not be called from a Handler.
func (c *Conn) Close(why string) {
	c.carrier.close(why)
	if c.close != nil {
		c.close()
	}
}

// Broken returns why a stream of the connection failed with err, not nil: the reason
// the connection ended, if already known. A stream fails first.
func (c *Conn) Broken(err error) error {
	if ended := c.Err(); ended != nil {
		return ended
	}
	return c.reason(err)
}

func (c *Conn) reason(err error) error {
	return &Error{Reason: c.carrier.classify(err), Server: c.server, Err: err}
}

// Fingerprint is the SHA-256 of a certificate's public key (its SubjectPublicKeyInfo):
// it survives a renewal that keeps the key.
func Fingerprint(c *x509.Certificate) [sha256.Size]byte {
	return sha256.Sum256(c.RawSubjectPublicKeyInfo)
}
