package wire

import "errors"

// Fixed by PROTOCOL.md, section 14.
const (
	// WebSocketPath is the path on which a server accepts WebSocket connections,
	// and WebSocketProtocol the subprotocol both sides must name.
	WebSocketPath     = "/examlink/2"
	WebSocketProtocol = "examlink.2"
	// WebTransportPath is the path on which a server accepts WebTransport sessions of
	// pages.
	WebTransportPath = "/examlink/2"
	// MaxChunk is the maximum number of control stream bytes per message.
	MaxChunk = 4096
	// MaxFrame is the maximum message length.
	MaxFrame = 1 + MaxChunk

	chunkMark = 0x40
)

// ErrFrame is a WebSocket message that is neither a probe packet nor a chunk of
// the control stream. The connection must end.
var ErrFrame = errors.New("neither a probe packet nor a piece of the control stream")

// AppendChunk appends a message with a chunk of the control stream, of 1 to
// MaxChunk bytes.
func AppendChunk(b, piece []byte) []byte { return append(append(b, chunkMark), piece...) }

// ParseFrame returns the content of a WebSocket message: a whole probe packet,
// or a chunk of the control stream. Both are slices of b.
func ParseFrame(b []byte) (packet, piece []byte, err error) {
	switch {
	case IsProbe(b) && len(b) <= MaxFrame:
		return b, nil, nil
	case len(b) > 1 && len(b) <= MaxFrame && b[0] == chunkMark:
		return nil, b[1:], nil
	}
	return nil, nil, ErrFrame
}
