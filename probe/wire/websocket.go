package wire

import "errors"

// Fixed by PROTOCOL.md, section 14.
const (
	// WebSocketPath and WebSocketProtocol are where a server accepts WebSocket
	// connections, and the subprotocol both sides must name.
	WebSocketPath     = "/examlink/2"
	WebSocketProtocol = "examlink.2"
	// MaxChunk is how many bytes of the control stream one message may carry.
	MaxChunk = 4096
	// MaxFrame is the longest message.
	MaxFrame = 1 + MaxChunk

	chunkMark = 0x40
)

// ErrFrame is a WebSocket message that is neither probe packet nor chunk of the
// control stream. The connection cannot go on after it.
var ErrFrame = errors.New("neither a probe packet nor a piece of the control stream")

// AppendChunk appends a message that carries a piece of the control stream, of
// 1 to MaxChunk bytes.
func AppendChunk(b, piece []byte) []byte { return append(append(b, chunkMark), piece...) }

// ParseFrame tells what a WebSocket message carries: a probe packet, whole, or
// a piece of the control stream. Both are parts of b.
func ParseFrame(b []byte) (packet, piece []byte, err error) {
	switch {
	case IsProbe(b) && len(b) <= MaxFrame:
		return b, nil, nil
	case len(b) > 1 && len(b) <= MaxFrame && b[0] == chunkMark:
		return nil, b[1:], nil
	}
	return nil, nil, ErrFrame
}
