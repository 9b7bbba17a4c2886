package link

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/quic-go/quic-go"

	"examlink/probe/ippm"
)

// Chosen by us.
const (
	// idleTimeout lets a connection survive outages that matter to an exam; the
	// probes detect silence much sooner.
	idleTimeout = 60 * time.Second
	keepAlive   = 10 * time.Second
	// handshakeTimeout bounds the wait for the other side's next packet.
	handshakeTimeout = 5 * time.Second
	// Windows bound how much a peer can make this side buffer.
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
		InitialPacketSize:              1200, // with headers 1,228 bytes: the least that QUIC may assume of a path
		MaxIncomingStreams:             4,
		MaxIncomingUniStreams:          -1,
		DisablePathMTUDiscovery:        true, // its probes would load the link being measured
	}
}

// serving returns the configuration of a server's connections. Pages need more than a
// stream: HTTP/3 has streams of its own, and WebTransport's datagrams.
func serving(pages bool) *quic.Config {
	c := config()
	if pages {
		c.MaxIncomingStreams, c.MaxIncomingUniStreams = 8, 8
		c.EnableDatagrams, c.EnableStreamResetPartialDelivery = true, true
	}
	return c
}

// quicCarrier is a QUIC connection.
type quicCarrier struct{ *quic.Conn }

func (quicCarrier) transport() Transport { return UDP }

func (c quicCarrier) remote() netip.AddrPort {
	a, ok := c.RemoteAddr().(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return unmap(a.AddrPort())
}

func (c quicCarrier) open(ctx context.Context) (Stream, error) {
	s, err := c.OpenStreamSync(ctx)
	if err != nil {
		return nil, err
	}
	return quicStream{s}, nil
}

func (c quicCarrier) accept(ctx context.Context) (Stream, error) {
	s, err := c.AcceptStream(ctx)
	if err != nil {
		return nil, err
	}
	return quicStream{s}, nil
}

// quicStream's Close ends both directions; quic-go's ends only the sending one.
type quicStream struct{ *quic.Stream }

func (s quicStream) Close() error {
	s.CancelRead(0)
	return s.Stream.Close()
}

func (c quicCarrier) export(label string, context []byte, size int) ([]byte, error) {
	state := c.ConnectionState().TLS
	return state.ExportKeyingMaterial(label, context, size)
}

func (c quicCarrier) done() <-chan struct{} { return c.Context().Done() }

func (c quicCarrier) cause() error { return context.Cause(c.Context()) }

func (c quicCarrier) close(why string) { _ = c.CloseWithError(0, why) }

func (c quicCarrier) control() (sent, received int64) {
	s := c.ConnectionStats()
	header := ippm.IPSize(0, c.remote().Addr().Is6())
	return int64(s.BytesSent) + int64(s.PacketsSent)*int64(header), int64(s.BytesReceived) + int64(s.PacketsReceived)*int64(header)
}

func (quicCarrier) classify(err error) Reason { return classify(err) }

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
	case noRoute(err): // quic-go ends a connection when the system refuses to send
		return ReasonNoNetwork
	case errors.As(err, &app), errors.As(err, &reset), errors.Is(err, io.EOF):
		return ReasonClosed
	case errors.As(err, &idle), errors.As(err, &handshake), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
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
