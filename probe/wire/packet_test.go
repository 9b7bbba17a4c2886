package wire

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"
	"testing/quick"
	"time"
)

// quickly runs a property many times.
func quickly(t *testing.T, f any) {
	t.Helper()
	if err := quick.Check(f, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

// padded returns a packet that begins with h and has n bytes in total.
func padded(h Header, n int) []byte {
	return append(AppendHeader(nil, h), make([]byte, n-HeaderSize)...)
}

func TestHeaderAppendThenParse(t *testing.T) {
	quickly(t, func(kind uint8, flow FlowID, seq Seq, extra uint16) bool {
		h := Header{Kind: FirstKind + Kind(kind%4), Flow: flow, Seq: seq}
		b := padded(h, MinPacketSize+int(extra)%(MaxPacketSize-MinPacketSize+1))
		got, err := ParseHeader(b)
		return err == nil && got == h
	})
}

func TestProbeAppendThenParse(t *testing.T) {
	quickly(t, func(p Probe, padding []byte) bool {
		b := AppendProbe(nil, p)
		got, err := ParseProbe(append(b, padding...))
		return len(b) == bodySize && err == nil && got == p
	})
}

func TestEchoAppendThenParse(t *testing.T) {
	quickly(t, func(e Echo, turnaround, earlier uint32, padding []byte) bool {
		e.Sent, e.Earlier = e.Received+Stamp(turnaround), time.Duration(earlier)
		b := AppendEcho(nil, e)
		got, err := ParseEcho(append(b, padding...))
		return len(b) == bodySize && err == nil && got == e
	})
}

func TestTrainAppendThenParse(t *testing.T) {
	quickly(t, func(p TrainPacket, padding []byte) bool {
		p.Stage = StagePrime + p.Stage%2
		b := AppendTrain(nil, p)
		got, err := ParseTrain(append(b, padding...))
		return len(b) == bodySize && err == nil && got == p
	})
}

func TestTrainEndAppendThenParse(t *testing.T) {
	quickly(t, func(p TrainPacket, packets, unsent, skipped uint32, held []uint32, padding []byte) bool {
		p.Stage, p.Other = StageEnd, 0
		e := TrainEnd{Packets: packets, Unsent: unsent, Skipped: time.Duration(skipped) * time.Microsecond}
		for i, by := range held[:min(len(held), MaxHeld)] {
			e.Held = append(e.Held, Held{Index: uint32(i), By: time.Duration(by) * time.Microsecond})
		}
		b := AppendTrainEnd(nil, p, e)
		got, err := ParseTrainEnd(append(b, padding...))
		plain, errPlain := ParseTrain(b)
		return HeaderSize+len(b)+TagSize == TrainEndSize(len(e.Held)) && err == nil && reflect.DeepEqual(got, e) && errPlain == nil && plain == p
	})
}

func TestTrainEndIsBounded(t *testing.T) {
	b := AppendTrainEnd(nil, TrainPacket{Stage: StageEnd}, TrainEnd{Held: make([]Held, 2*MaxHeld), Skipped: 100 * time.Hour})
	e, err := ParseTrainEnd(b)
	if err != nil || len(e.Held) != MaxHeld || e.Skipped != math.MaxUint32*time.Microsecond || len(b) > MaxPacketSize-HeaderSize-TagSize {
		t.Errorf("%d bytes, %d held, skipped %v: %v", len(b), len(e.Held), e.Skipped, err)
	}
	if _, err := ParseTrainEnd(b[:len(b)-1]); !errors.Is(err, ErrShort) {
		t.Errorf("a list cut short: %v", err)
	}
}

func TestFeedbackAppendThenParse(t *testing.T) {
	quickly(t, func(f Feedback, padding []byte) bool {
		f.Command = CommandContinue + f.Command%3
		b := AppendFeedback(nil, f)
		got, err := ParseFeedback(append(b, padding...))
		return len(b) == bodySize && err == nil && got == f
	})
}

// testing/quick rarely draws the ends of a range.
func TestBodiesKeepTheEndsOfTheirRanges(t *testing.T) {
	for _, s := range []Stamp{math.MinInt64, -1, 0, math.MaxInt64} {
		p := Probe{Sent: s, EchoCount: math.MaxUint64, EchoHighest: math.MaxUint64, Unsent: math.MaxUint64}
		if got, err := ParseProbe(AppendProbe(nil, p)); err != nil || got != p {
			t.Errorf("probe %+v became %+v, %v", p, got, err)
		}
		e := Echo{Received: s, Sent: s + Stamp(MaxTurnaround), Earlier: MaxTurnaround, Count: math.MaxUint64, Window: 1<<63 | 1}
		if got, err := ParseEcho(AppendEcho(nil, e)); err != nil || got != e {
			t.Errorf("echo %+v became %+v, %v", e, got, err)
		}
		tp := TrainPacket{Train: math.MaxUint32, Index: math.MaxUint32, Sent: s, Stage: StageEnd}
		if got, err := ParseTrain(AppendTrain(nil, tp)); err != nil || got != tp {
			t.Errorf("train packet %+v became %+v, %v", tp, got, err)
		}
	}
	for _, rise := range []int32{math.MinInt32, -1, 0, math.MaxInt32} {
		f := Feedback{Train: 1, Received: math.MaxUint32, Highest: math.MaxUint32, Rise: rise, Rate: math.MaxUint64, Command: CommandStop}
		if got, err := ParseFeedback(AppendFeedback(nil, f)); err != nil || got != f {
			t.Errorf("feedback %+v became %+v, %v", f, got, err)
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	prefix := []byte{0xaa, 0xbb}
	for name, b := range map[string][]byte{
		"header":   AppendHeader(slices.Clone(prefix), Header{Kind: KindProbe}),
		"probe":    AppendProbe(slices.Clone(prefix), Probe{}),
		"echo":     AppendEcho(slices.Clone(prefix), Echo{}),
		"train":    AppendTrain(slices.Clone(prefix), TrainPacket{}),
		"feedback": AppendFeedback(slices.Clone(prefix), Feedback{}),
	} {
		if !bytes.HasPrefix(b, prefix) {
			t.Errorf("%s: starts %x, want %x before it", name, b[:2], prefix)
		}
	}
}

func TestParseHeaderRefuses(t *testing.T) {
	good := padded(Header{Kind: KindTrain, Flow: 7, Seq: 9}, 100)
	if _, err := ParseHeader(good); err != nil {
		t.Fatalf("a good header: %v", err)
	}
	with := func(at int, v byte) []byte {
		b := slices.Clone(good)
		b[at] = v
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"nothing", nil, ErrShort},
		{"one byte", good[:1], ErrShort},
		{"a byte less than the least", good[:MinPacketSize-1], ErrShort},
		{"a byte more than the most", padded(Header{Kind: KindProbe}, MaxPacketSize+1), ErrLong},
		{"QUIC, short header", with(0, 0x40|byte(KindTrain)), ErrNotProbe},
		{"QUIC, version negotiation", with(0, 0x80|byte(KindTrain)), ErrNotProbe},
		{"QUIC, long header", with(0, 0xc0|byte(KindTrain)), ErrNotProbe},
		{"a short QUIC packet", []byte{0x40}, ErrNotProbe},
		{"version 0", with(1, 0), ErrVersion},
		{"version 3", with(1, Version+1), ErrVersion},
		{"STUN", with(0, 0), ErrNotProbe},
		{"kind 9", with(0, byte(KindSize)+1), ErrKind},
		{"a byte more than the most that tries a size", padded(Header{Kind: KindSize}, MaxSizePacket+1), ErrLong},
		{"kind 15", with(0, 15), ErrKind},
		{"DTLS", with(0, 20), ErrNotProbe},
	} {
		if h, err := ParseHeader(c.b); !errors.Is(err, c.want) || h != (Header{}) {
			t.Errorf("%s: %+v, %v, want %v", c.name, h, err, c.want)
		}
	}
	for kind, sizes := range map[Kind][]int{KindEcho: {MinPacketSize, MaxPacketSize}, KindSize: {MinPacketSize, MaxSizePacket}} {
		for _, n := range sizes {
			if _, err := ParseHeader(padded(Header{Kind: kind}, n)); err != nil {
				t.Errorf("kind %d, %d bytes: %v", kind, n, err)
			}
		}
	}
}

// Reserved bytes are for later versions of this one: a receiver ignores them.
func TestReservedBytesAreIgnored(t *testing.T) {
	h := Header{Kind: KindFeedback, Flow: 1, Seq: 2}
	b := padded(h, MinPacketSize)
	b[2], b[3] = 0xff, 0xff
	if got, err := ParseHeader(b); err != nil || got != h {
		t.Errorf("header: %+v, %v, want %+v", got, err, h)
	}
	p := TrainPacket{Train: 1, Index: 2, Sent: 3, Stage: StageHold, Other: 4}
	b = AppendTrain(nil, p)
	for i := 17; i < 24; i++ {
		b[i] = 0xff
	}
	if got, err := ParseTrain(b); err != nil || got != p {
		t.Errorf("train packet: %+v, %v, want %+v", got, err, p)
	}
	f := Feedback{Train: 1, Received: 2, Highest: 3, Rise: 4, Rate: 5, Command: CommandHold}
	b = AppendFeedback(nil, f)
	for i := 25; i < bodySize; i++ {
		b[i] = 0xff
	}
	if got, err := ParseFeedback(b); err != nil || got != f {
		t.Errorf("feedback: %+v, %v, want %+v", got, err, f)
	}
}

func TestFirstByte(t *testing.T) {
	if IsProbe(nil) {
		t.Error("an empty datagram is no probe packet")
	}
	for i := range 256 {
		if got, want := IsProbe([]byte{byte(i)}), i >= 4 && i < 16; got != want {
			t.Errorf("first byte %#02x: %v, want %v", i, got, want)
		}
		if got, want := IsQUIC([]byte{byte(i)}), i >= 64; got != want {
			t.Errorf("first byte %#02x is QUIC's: %v, want %v", i, got, want)
		}
		// RFC 9443, section 3: STUN, DTLS, RTP and RTCP.
		if got, want := IsMedia([]byte{byte(i)}), i < 4 || i >= 20 && i < 64 || i >= 128 && i < 192; got != want {
			t.Errorf("IsMedia(%d): %v", i, got)
		}
	}
}

func TestParseBodyRefuses(t *testing.T) {
	short := make([]byte, bodySize-1)
	_, probe := ParseProbe(short)
	_, echo := ParseEcho(short)
	_, train := ParseTrain(short)
	_, feedback := ParseFeedback(short)
	for name, err := range map[string]error{"probe": probe, "echo": echo, "train": train, "feedback": feedback} {
		if !errors.Is(err, ErrShort) {
			t.Errorf("%s of 31 bytes: %v, want %v", name, err, ErrShort)
		}
	}
	for v := range 256 {
		valid := v >= 1 && v <= 3
		b := AppendTrain(nil, TrainPacket{Train: 1, Stage: Stage(v)})
		if p, err := ParseTrain(b); (err == nil) != valid || !valid && (!errors.Is(err, ErrKind) || p != (TrainPacket{})) {
			t.Errorf("train stage %d: %+v, %v", v, p, err)
		}
		b = AppendFeedback(nil, Feedback{Train: 1, Command: Command(v)})
		if f, err := ParseFeedback(b); (err == nil) != valid || !valid && (!errors.Is(err, ErrKind) || f != (Feedback{})) {
			t.Errorf("feedback command %d: %+v, %v", v, f, err)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	for _, k := range []Kind{0, KindProbe, KindEcho, KindTrain, KindFeedback, KindSize} {
		f.Add(padded(Header{Kind: k, Flow: 0x01020304, Seq: 0x05060708090a0b0c}, MinPacketSize))
	}
	f.Add([]byte{})
	f.Add([]byte{0x40})
	f.Add(padded(Header{Kind: KindProbe}, MaxPacketSize))
	f.Add(padded(Header{Kind: KindProbe}, MaxPacketSize+1))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err != nil {
			if h != (Header{}) {
				t.Fatalf("%v, and yet %+v", err, h)
			}
			return
		}
		if !IsProbe(b) || len(b) < MinPacketSize || len(b) > h.Kind.maxSize() {
			t.Fatalf("took %d bytes that begin with %#02x", len(b), b[0])
		}
		again := AppendHeader(nil, h)
		copy(again[2:4], b[2:4]) // reserved, not kept
		if !bytes.Equal(again, b[:HeaderSize]) {
			t.Fatalf("%x became %x", b[:HeaderSize], again)
		}
	})
}

func FuzzParseBodies(f *testing.F) {
	f.Add(AppendProbe(nil, Probe{Sent: 1, EchoCount: 2, EchoHighest: 3, Unsent: 4}))
	f.Add(AppendEcho(nil, Echo{Received: 1, Sent: 2, Count: 3, Window: 1}))
	f.Add(AppendTrain(nil, TrainPacket{Train: 1, Index: 2, Sent: 3, Stage: StageEnd}))
	f.Add(AppendTrainEnd(nil, TrainPacket{Train: 1, Stage: StageEnd}, TrainEnd{Packets: 90, Held: []Held{{Index: 3, By: time.Millisecond}}}))
	f.Add(AppendFeedback(nil, Feedback{Train: 1, Received: 2, Highest: 3, Rise: -4, Rate: 5, Command: CommandHold}))
	f.Add(make([]byte, bodySize-1))
	f.Add(bytes.Repeat([]byte{1}, 2*bodySize))
	f.Fuzz(func(t *testing.T, b []byte) {
		// identical checks that appending reproduced the first n bytes.
		identical := func(name string, again []byte, n int) {
			if len(again) != bodySize || !bytes.Equal(again[:n], b[:n]) {
				t.Fatalf("%s: %x became %x", name, b, again)
			}
		}
		long := len(b) >= bodySize
		p, err := ParseProbe(b)
		if (err == nil) != long {
			t.Fatalf("probe of %d bytes: %v", len(b), err)
		}
		if err == nil {
			identical("probe", AppendProbe(nil, p), bodySize)
		}
		e, err := ParseEcho(b)
		if (err == nil) != long {
			t.Fatalf("echo of %d bytes: %v", len(b), err)
		}
		if err == nil {
			identical("echo", AppendEcho(nil, e), bodySize)
		}
		if tp, err := ParseTrain(b); err == nil {
			identical("train", AppendTrain(nil, tp), 17) // reserved bytes follow
			if end, err := ParseTrainEnd(b); err == nil {
				n := bodySize + heldSize*len(end.Held)
				again := AppendTrainEnd(nil, tp, end)
				again[17] = b[17] // reserved, not kept
				if !bytes.Equal(again, b[:n]) {
					t.Fatalf("end: %x became %x", b[:n], again)
				}
			}
		}
		if fb, err := ParseFeedback(b); err == nil {
			identical("feedback", AppendFeedback(nil, fb), 25)
		}
	})
}
