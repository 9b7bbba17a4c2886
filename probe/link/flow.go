package link

import (
	"fmt"
	"net/netip"
	"sync"

	"examlink/probe/wire"
)

// Flow seals and opens the probe packets of one session. Sealing and opening
// are each safe for concurrent use.
type Flow struct {
	ID wire.FlowID

	outMu sync.Mutex
	out   *wire.Cipher
	next  [wire.KindSize + 1]wire.Seq

	inMu sync.Mutex
	in   *wire.Cipher
	seen [wire.KindSize + 1]wire.Window
}

// Side is an end of a flow.
type Side bool

// The two ends.
const (
	Student Side = false
	Server  Side = true
)

// NewFlow returns one end of a flow with the keys of its connection.
func (c *Conn) NewFlow(id wire.FlowID, side Side) (*Flow, error) {
	student, server, err := c.ProbeKeys(id)
	if err != nil {
		return nil, err
	}
	return FlowOf(id, side, wire.ProbeKeys{Student: student, Server: server})
}

// FlowOf returns one end of a flow with keys that were handed out, for a client that
// cannot export those of its connection.
func FlowOf(id wire.FlowID, side Side, keys wire.ProbeKeys) (*Flow, error) {
	if err := keys.Validate(); err != nil {
		return nil, err
	}
	if side == Student {
		return NewFlow(id, keys.Student, keys.Server)
	}
	return NewFlow(id, keys.Server, keys.Student)
}

// NewFlow returns one end of a flow with its sending key and its receiving key.
func NewFlow(id wire.FlowID, outKey, inKey []byte) (*Flow, error) {
	out, err := wire.NewCipher(outKey)
	if err != nil {
		return nil, err
	}
	in, err := wire.NewCipher(inKey)
	if err != nil {
		return nil, err
	}
	return &Flow{ID: id, out: out, in: in}, nil
}

// Next reserves the next sequence number of a kind; the first is 1.
func (f *Flow) Next(k wire.Kind) wire.Seq {
	f.outMu.Lock()
	defer f.outMu.Unlock()
	f.next[k]++
	return f.next[k]
}

// Seal builds and seals a packet of size bytes in buf. body appends the packet's body
// to the header.
func (f *Flow) Seal(buf []byte, k wire.Kind, s wire.Seq, size int, body func([]byte) []byte) ([]byte, error) {
	b := body(wire.AppendHeader(buf[:0], wire.Header{Kind: k, Flow: f.ID, Seq: s}))
	f.outMu.Lock()
	defer f.outMu.Unlock()
	return f.out.Seal(b, size)
}

// Open authenticates a packet, decrypts it in place and returns whether it is new.
func (f *Flow) Open(h wire.Header, b []byte) (body []byte, fate wire.Fate, err error) {
	f.inMu.Lock()
	defer f.inMu.Unlock()
	body, err = f.in.Open(h, b)
	if err != nil {
		return nil, wire.Stale, err
	}
	return body, f.seen[h.Kind].Accept(h.Seq), nil
}

// Received returns a copy of the receive window of a kind.
func (f *Flow) Received(k wire.Kind) wire.Window {
	f.inMu.Lock()
	defer f.inMu.Unlock()
	return f.seen[k]
}

// Last64 returns how many packets of a kind were received, and the receive window that
// ends at s.
func (f *Flow) Last64(k wire.Kind, s wire.Seq) (count, window uint64) {
	f.inMu.Lock()
	defer f.inMu.Unlock()
	return f.seen[k].Count(), f.seen[k].Last64(s)
}

// SendTrain seals and sends one packet of a train.
func (f *Flow) SendTrain(s *Socket, to netip.AddrPort, buf []byte, p wire.TrainPacket, size int) error {
	b, err := f.Seal(buf, wire.KindTrain, f.Next(wire.KindTrain), size, func(b []byte) []byte { return wire.AppendTrain(b, p) })
	if err != nil {
		return fmt.Errorf("train packet: %w", err)
	}
	return s.Send(b, to)
}

// SendTrainEnd seals and sends one packet that ends a train.
func (f *Flow) SendTrainEnd(s *Socket, to netip.AddrPort, buf []byte, p wire.TrainPacket, e wire.TrainEnd) error {
	b, err := f.Seal(buf, wire.KindTrain, f.Next(wire.KindTrain), wire.TrainEndSize(len(e.Held)), func(b []byte) []byte { return wire.AppendTrainEnd(b, p, e) })
	if err != nil {
		return fmt.Errorf("end of train: %w", err)
	}
	return s.Send(b, to)
}

// SendFeedback seals and sends one feedback packet.
func (f *Flow) SendFeedback(s *Socket, to netip.AddrPort, buf []byte, fb wire.Feedback) error {
	b, err := f.Seal(buf, wire.KindFeedback, f.Next(wire.KindFeedback), wire.MinPacketSize, func(b []byte) []byte { return wire.AppendFeedback(b, fb) })
	if err != nil {
		return fmt.Errorf("feedback packet: %w", err)
	}
	return s.Send(b, to)
}
