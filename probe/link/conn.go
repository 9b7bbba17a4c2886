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

// Transport is the closed list of what carries a connection. It labels results
// and metrics.
type Transport string

// The transports.
const (
	UDP       Transport = "udp"       // QUIC, with probe packets beside it
	WebSocket Transport = "websocket" // TLS over TCP, with everything inside
)

// Transports lists every transport.
func Transports() []Transport { return []Transport{UDP, WebSocket} }

// Stream is a reliable byte stream inside a connection.
type Stream interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// carrier is what the transports do differently.
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

// Conn is an authenticated connection between the two ends, by QUIC or by
// WebSocket.
type Conn struct {
	carrier carrier
	socket  *Socket
	server  string
	close   func() // ends what belongs to this connection alone

	remembered bool
}

// Transport says what carries the connection.
func (c *Conn) Transport() Transport { return c.carrier.transport() }

// Socket returns what carries the connection's probe packets: the UDP socket it
// shares with them, or by WebSocket the connection's own way.
func (c *Conn) Socket() *Socket { return c.socket }

// Remote returns the peer's address, as validated by QUIC or TCP.
func (c *Conn) Remote() netip.AddrPort { return c.carrier.remote() }

// Remembered says whether the server's name could not be looked up, and the
// connection is to DialOptions.Known.
func (c *Conn) Remembered() bool { return c.remembered }

// Control returns the IP-layer bytes, each way, of everything on the connection
// so far but probe packets: handshake, streams, acknowledgements. By WebSocket it
// is an estimate, for what TCP repeats and acknowledges is not seen.
func (c *Conn) Control() (sent, received int64) { return c.carrier.control() }

// Open opens a stream; the first is the control stream. By WebSocket there is
// no other.
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

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.carrier.done() }

// Err says why the connection ended; nil while it has not.
func (c *Conn) Err() error {
	select {
	case <-c.Done():
		return c.reason(c.carrier.cause())
	default:
		return nil
	}
}

// Close ends the connection and tells the peer why, in a word. By WebSocket it
// may take up to a second, and must not be called from a Handler.
func (c *Conn) Close(why string) {
	c.carrier.close(why)
	if c.close != nil {
		c.close()
	}
}

// Broken says why a stream of the connection broke with err, not nil: by what
// ended the connection, if that is known already. A stream learns of it first.
func (c *Conn) Broken(err error) error {
	if ended := c.Err(); ended != nil {
		return ended
	}
	return c.reason(err)
}

func (c *Conn) reason(err error) error {
	return &Error{Reason: c.carrier.classify(err), Server: c.server, Err: err}
}

// Fingerprint is the SHA-256 of a certificate's public key (its
// SubjectPublicKeyInfo): it outlives a renewal that keeps the key.
func Fingerprint(c *x509.Certificate) [sha256.Size]byte {
	return sha256.Sum256(c.RawSubjectPublicKeyInfo)
}
