package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

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
