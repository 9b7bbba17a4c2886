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
	"fmt"
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
	// MaxPacketSize is the largest UDP payload of a probe packet. It fits
	// 1280-byte paths (RFC 8200, section 5) over IPv6.
	MaxPacketSize = 1232

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

	FirstKind Kind = 4
	LastKind  Kind = 15
)

func (k Kind) valid() bool { return k >= KindProbe && k <= KindFeedback }

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
	case len(b) > MaxPacketSize:
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

// Stage is the part of a train a packet belongs to.
type Stage uint8

// The stages of a train, in order.
const (
	StagePrime Stage = 1 // above the rate in question, to fill the bottleneck
	StageHold  Stage = 2 // at the rate in question, to keep it busy
	StageEnd   Stage = 3 // the train is over; small packets, repeated
)

// TrainID identifies a train within a session.
type TrainID uint32

// TrainPacket is the body of a KindTrain packet.
type TrainPacket struct {
	Train TrainID
	Index uint32 // position in the train, from 0
	Sent  Stamp  // the sender's clock, read just before the send call
	Stage Stage
	Other uint64 // bytes sent so far by other programs of the sending host, from any start; constant if unknown. Not in StageEnd.
}

// AppendTrain appends the body of a train packet.
func AppendTrain(b []byte, p TrainPacket) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(p.Train))
	b = binary.BigEndian.AppendUint32(b, p.Index)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Sent))
	b = append(b, byte(p.Stage), 0, 0, 0, 0, 0, 0, 0)
	return binary.BigEndian.AppendUint64(b, p.Other)
}

// ParseTrain parses the body of a train packet; padding after it is ignored.
func ParseTrain(b []byte) (TrainPacket, error) {
	if len(b) < bodySize {
		return TrainPacket{}, ErrShort
	}
	p := TrainPacket{
		Train: TrainID(binary.BigEndian.Uint32(b)),
		Index: binary.BigEndian.Uint32(b[4:]),
		Sent:  Stamp(binary.BigEndian.Uint64(b[8:])),
		Stage: Stage(b[16]),
	}
	if p.Stage < StagePrime || p.Stage > StageEnd {
		return TrainPacket{}, fmt.Errorf("%w: train stage %d", ErrKind, b[16])
	}
	if p.Stage != StageEnd {
		p.Other = binary.BigEndian.Uint64(b[24:])
	}
	return p, nil
}

// Fixed by PROTOCOL.md.
const (
	// MaxHeld is the maximum number of held packets in an end packet.
	MaxHeld  = (MaxPacketSize - MinPacketSize) / heldSize
	heldSize = 8
)

// TrainEnd is the addition in packets of StageEnd: the sender's own counts, so
// that effects of its host are not attributed to the network.
type TrainEnd struct {
	Packets uint32        // indices used, lost and unsent ones included
	Unsent  uint32        // of these, packets that never left the host
	Skipped time.Duration // schedule given up because the host was late; microseconds on the wire
	Held    []Held        // at most MaxHeld, ascending by index
}

// Held is a packet that may have left its host later than its stamp: By passed
// between the stamp and the end of the send call.
type Held struct {
	Index uint32
	By    time.Duration // microseconds on the wire
}

// AppendTrainEnd appends the body of an end packet, which held packets make
// longer than other bodies. Held packets that do not fit are left out.
func AppendTrainEnd(b []byte, p TrainPacket, e TrainEnd) []byte {
	held := e.Held[:min(len(e.Held), MaxHeld)]
	b = AppendTrain(b, p)
	body := b[len(b)-bodySize:]
	binary.BigEndian.PutUint16(body[18:], uint16(len(held)))
	binary.BigEndian.PutUint32(body[20:], microseconds(e.Skipped))
	binary.BigEndian.PutUint32(body[24:], e.Unsent)
	binary.BigEndian.PutUint32(body[28:], e.Packets)
	for _, h := range held {
		b = binary.BigEndian.AppendUint32(b, h.Index)
		b = binary.BigEndian.AppendUint32(b, microseconds(h.By))
	}
	return b
}

// microseconds converts a duration to the wire format, clamped to its maximum.
func microseconds(d time.Duration) uint32 {
	return uint32(min(max(d.Microseconds(), 0), math.MaxUint32))
}

// TrainEndSize returns the size of an end packet with that many held packets.
func TrainEndSize(held int) int { return MinPacketSize + heldSize*min(held, MaxHeld) }

// ParseTrainEnd parses what the body of an end packet adds to ParseTrain.
func ParseTrainEnd(b []byte) (TrainEnd, error) {
	if len(b) < bodySize {
		return TrainEnd{}, ErrShort
	}
	n := int(binary.BigEndian.Uint16(b[18:]))
	if n > MaxHeld || len(b) < bodySize+n*heldSize {
		return TrainEnd{}, ErrShort
	}
	e := TrainEnd{
		Skipped: time.Duration(binary.BigEndian.Uint32(b[20:])) * time.Microsecond,
		Unsent:  binary.BigEndian.Uint32(b[24:]),
		Packets: binary.BigEndian.Uint32(b[28:]),
	}
	for i := range n {
		at := b[bodySize+i*heldSize:]
		e.Held = append(e.Held, Held{
			Index: binary.BigEndian.Uint32(at), By: time.Duration(binary.BigEndian.Uint32(at[4:])) * time.Microsecond,
		})
	}
	return e, nil
}

// Command is a command from a train's receiver to its sender.
type Command uint8

// The commands, in ascending order: a sender never goes back.
const (
	CommandContinue Command = 1 // continue unchanged
	CommandHold     Command = 2 // the bottleneck is busy: go to StageHold at Rate
	CommandStop     Command = 3 // enough is known: end the train
)

// Feedback is the body of a KindFeedback packet.
type Feedback struct {
	Train    TrainID
	Received uint32 // train packets received so far
	Highest  uint32 // highest index among them
	Rise     int32  // microseconds by which the current one-way delay exceeds the train's lowest
	Rate     uint64 // hold rate, bit/s at the IP layer; 0: the rate agreed beforehand
	Command  Command
}

// AppendFeedback appends the body of a feedback packet.
func AppendFeedback(b []byte, f Feedback) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(f.Train))
	b = binary.BigEndian.AppendUint32(b, f.Received)
	b = binary.BigEndian.AppendUint32(b, f.Highest)
	b = binary.BigEndian.AppendUint32(b, uint32(f.Rise))
	b = binary.BigEndian.AppendUint64(b, f.Rate)
	return append(b, byte(f.Command), 0, 0, 0, 0, 0, 0, 0)
}

// ParseFeedback parses the body of a feedback packet; padding is ignored.
func ParseFeedback(b []byte) (Feedback, error) {
	if len(b) < bodySize {
		return Feedback{}, ErrShort
	}
	f := Feedback{
		Train:    TrainID(binary.BigEndian.Uint32(b)),
		Received: binary.BigEndian.Uint32(b[4:]),
		Highest:  binary.BigEndian.Uint32(b[8:]),
		Rise:     int32(binary.BigEndian.Uint32(b[12:])),
		Rate:     binary.BigEndian.Uint64(b[16:]),
		Command:  Command(b[24]),
	}
	if f.Command < CommandContinue || f.Command > CommandStop {
		return Feedback{}, fmt.Errorf("%w: feedback command %d", ErrKind, b[24])
	}
	return f, nil
}
