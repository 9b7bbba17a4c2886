// Package wire defines the layout of everything examlink sends: the probe
// packets that travel beside QUIC on one UDP socket, and the control messages
// inside the QUIC stream. PROTOCOL.md in this folder is normative.
//
// It appends, parses, seals and opens. It does not know what a packet means,
// when it was sent, or over which socket.
package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// Fixed by PROTOCOL.md.
const (
	// Version is the probe packet version this package speaks.
	Version = 2
	// HeaderSize is the length of the clear header of a probe packet, in bytes.
	HeaderSize = 16
	// TagSize is the length of the authentication tag that ends a packet, in bytes.
	TagSize = 16
	// MinPacketSize is the smallest probe packet: header, 32 bytes of body, tag.
	MinPacketSize = HeaderSize + bodySize + TagSize
	// MaxPacketSize is the largest UDP payload of a probe packet that measures. It fits
	// 1280-byte paths (RFC 8200, section 5) over IPv6.
	MaxPacketSize = 1232
	// MaxSizePacket is the largest UDP payload of a packet that tries a size: it fills
	// an Ethernet over IPv6, and QUIC stacks read no larger ones.
	MaxSizePacket = 1452

	bodySize = 32
)

// Errors of Parse and Open. Callers branch on them to count drops by cause.
var (
	ErrNotProbe = errors.New("not a probe packet: the first byte is not from 4 to 15")
	ErrShort    = errors.New("packet is shorter than its layout")
	ErrLong     = errors.New("packet is longer than the protocol allows")
	ErrVersion  = errors.New("unknown probe packet version")
	ErrKind     = errors.New("unknown probe packet kind")
	ErrAuth     = errors.New("authentication tag does not match")
)

// Kind is the kind of a probe packet, its first byte. Kinds lie from FirstKind
// to LastKind, which RFC 9443 leaves free beside STUN, ZRTP, DTLS, TURN
// channels, RTP and QUIC on one port.
type Kind uint8

// The kinds of probe packet.
const (
	KindProbe    Kind = 4 // student to server: one packet of the periodic stream
	KindEcho     Kind = 5 // server to student: the reflection of one probe
	KindTrain    Kind = 6 // both directions: one packet of a train
	KindFeedback Kind = 7 // train receiver to train sender
	KindSize     Kind = 8 // student to server, and back unchanged: does the path carry this size?

	FirstKind Kind = 4
	LastKind  Kind = 15
)

func (k Kind) valid() bool { return k >= KindProbe && k <= KindSize }

// maxSize returns the largest packet of a kind.
func (k Kind) maxSize() int {
	if k == KindSize {
		return MaxSizePacket
	}
	return MaxPacketSize
}

// FlowID identifies a probe flow on a server. Zero is invalid.
type FlowID uint32

// Seq is a packet's sequence number within its flow, direction and kind. It
// starts at 1 and never wraps or repeats, because it is also the AEAD nonce.
type Seq uint64

// Header is the clear part of a probe packet. It is authenticated but not
// encrypted.
type Header struct {
	Kind Kind
	Flow FlowID
	Seq  Seq
}

// IsProbe reports whether a UDP payload is a probe packet by its first byte.
func IsProbe(b []byte) bool {
	return len(b) > 0 && Kind(b[0]) >= FirstKind && Kind(b[0]) <= LastKind
}

// IsQUIC reports whether a UDP payload is QUIC by its first byte: QUIC sets the
// second bit of every packet except version negotiation, which sets the first
// (RFC 9000, section 17).
func IsQUIC(b []byte) bool { return len(b) > 0 && b[0]&0xc0 != 0 }

// IsMedia reports whether a UDP payload is one of WebRTC by its first byte: STUN, DTLS, RTP
// or RTCP (RFC 9443, section 3). On a socket that shares them with QUIC, those of RTP are no
// QUIC packets that a server gets.
func IsMedia(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	k := b[0]
	return k <= 3 || k >= 20 && k <= 63 || k >= 128 && k <= 191
}

// AppendHeader appends h in wire form, HeaderSize bytes.
func AppendHeader(b []byte, h Header) []byte {
	b = append(b, byte(h.Kind), Version, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(h.Flow))
	return binary.BigEndian.AppendUint64(b, uint64(h.Seq))
}

// ParseHeader parses the clear header and checks the packet's length, version
// and kind. It does not authenticate the packet.
func ParseHeader(b []byte) (Header, error) {
	switch {
	case len(b) == 0:
		return Header{}, ErrShort
	case !IsProbe(b):
		return Header{}, ErrNotProbe
	case len(b) < MinPacketSize:
		return Header{}, ErrShort
	case len(b) > Kind(b[0]).maxSize():
		return Header{}, ErrLong
	case b[1] != Version:
		return Header{}, ErrVersion
	case !Kind(b[0]).valid():
		return Header{}, ErrKind
	}
	return Header{
		Kind: Kind(b[0]),
		Flow: FlowID(binary.BigEndian.Uint32(b[4:])),
		Seq:  Seq(binary.BigEndian.Uint64(b[8:])),
	}, nil
}

// Stamp is a reading of one host's monotonic clock in nanoseconds. Its epoch is
// unknown to the other side, so only differences between stamps of the same
// host are meaningful.
type Stamp int64

// Probe is the body of a KindProbe packet.
type Probe struct {
	Sent        Stamp  // the student's clock, read just before the send call
	EchoCount   uint64 // distinct echoes the student has received so far
	EchoHighest Seq    // the highest sequence number among them, 0 for none
	Unsent      uint64 // slots of the periodic stream that never left the host
}

// AppendProbe appends the body of a probe.
func AppendProbe(b []byte, p Probe) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(p.Sent))
	b = binary.BigEndian.AppendUint64(b, p.EchoCount)
	b = binary.BigEndian.AppendUint64(b, uint64(p.EchoHighest))
	return binary.BigEndian.AppendUint64(b, p.Unsent)
}

// ParseProbe parses the body of a probe; padding after it is ignored.
func ParseProbe(b []byte) (Probe, error) {
	if len(b) < bodySize {
		return Probe{}, ErrShort
	}
	return Probe{
		Sent:        Stamp(binary.BigEndian.Uint64(b)),
		EchoCount:   binary.BigEndian.Uint64(b[8:]),
		EchoHighest: Seq(binary.BigEndian.Uint64(b[16:])),
		Unsent:      binary.BigEndian.Uint64(b[24:]),
	}, nil
}

// Echo is the body of a KindEcho packet. Its header repeats the probe's
// sequence number, by which the student finds its own send stamp.
type Echo struct {
	Received Stamp         // the server's clock when the probe arrived
	Sent     Stamp         // the server's clock just before the echo's send call; at most MaxTurnaround after Received
	Earlier  time.Duration // delay of the echo of probe Seq-1 from its Sent until it left the host; 0: unknown
	Count    uint64        // distinct probes the server has received so far
	Window   uint64        // bit i set: the server has received probe Seq-i
}

// AppendSize appends the body of a KindSize packet: nothing but its size counts.
func AppendSize(b []byte) []byte { return append(b, make([]byte, bodySize)...) }

// MaxTurnaround is the longest time between an echo's two stamps that the wire
// format can express.
const MaxTurnaround = math.MaxUint32 * time.Nanosecond

// AppendEcho appends the body of an echo.
func AppendEcho(b []byte, e Echo) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(e.Received))
	b = binary.BigEndian.AppendUint32(b, nanoseconds(time.Duration(e.Sent-e.Received)))
	b = binary.BigEndian.AppendUint32(b, nanoseconds(e.Earlier))
	b = binary.BigEndian.AppendUint64(b, e.Count)
	return binary.BigEndian.AppendUint64(b, e.Window)
}

func nanoseconds(d time.Duration) uint32 { return uint32(min(max(d, 0), MaxTurnaround)) }

// ParseEcho parses the body of an echo; padding after it is ignored.
func ParseEcho(b []byte) (Echo, error) {
	if len(b) < bodySize {
		return Echo{}, ErrShort
	}
	received := Stamp(binary.BigEndian.Uint64(b))
	return Echo{
		Received: received,
		Sent:     received + Stamp(binary.BigEndian.Uint32(b[8:])),
		Earlier:  time.Duration(binary.BigEndian.Uint32(b[12:])),
		Count:    binary.BigEndian.Uint64(b[16:]),
		Window:   binary.BigEndian.Uint64(b[24:]),
	}, nil
}

// Fixed by PROTOCOL.md.
const (
	// MaxHeld is the maximum number of held packets in an end packet.
	MaxHeld  = (MaxPacketSize - MinPacketSize) / heldSize
	heldSize = 8
)
