package wire

import (
	"slices"
	"testing"
)

// Processing a packet, from append to the replay window, allocates nothing.
func TestPacketPathDoesNotAllocate(t *testing.T) {
	for _, size := range []int{MinPacketSize, 1200} {
		out, in := newCipher(t, testKey), newCipher(t, testKey)
		buf := make([]byte, 0, MaxPacketSize)
		var w Window
		var seq Seq
		run := func(kind Kind, body func([]byte) []byte, parse func([]byte) error) {
			t.Helper()
			allocs := testing.AllocsPerRun(1000, func() {
				seq++
				b, err := out.Seal(body(AppendHeader(buf, Header{Kind: kind, Flow: 1, Seq: seq})), size)
				if err != nil {
					t.Fatal(err)
				}
				h, err := ParseHeader(b)
				if err != nil {
					t.Fatal(err)
				}
				plain, err := in.Open(h, b)
				if err != nil {
					t.Fatal(err)
				}
				if f := w.Accept(h.Seq); f != Fresh {
					t.Fatalf("packet %d is %d", h.Seq, f)
				}
				_ = w.Last64(h.Seq)
				if err := parse(plain); err != nil {
					t.Fatal(err)
				}
			})
			if allocs != 0 {
				t.Errorf("kind %d of %d bytes: %v allocations, want none", kind, size, allocs)
			}
		}
		run(KindProbe, func(b []byte) []byte { return AppendProbe(b, Probe{Sent: 1}) },
			func(b []byte) error { _, err := ParseProbe(b); return err })
		run(KindEcho, func(b []byte) []byte { return AppendEcho(b, Echo{Sent: 1}) },
			func(b []byte) error { _, err := ParseEcho(b); return err })
		run(KindTrain, func(b []byte) []byte { return AppendTrain(b, TrainPacket{Stage: StagePrime}) },
			func(b []byte) error { _, err := ParseTrain(b); return err })
		run(KindFeedback, func(b []byte) []byte { return AppendFeedback(b, Feedback{Command: CommandHold}) },
			func(b []byte) error { _, err := ParseFeedback(b); return err })
	}
}

// Rejecting forged packets allocates nothing either.
func TestRefusingDoesNotAllocate(t *testing.T) {
	c := newCipher(t, testKey)
	forged := padded(Header{Kind: KindProbe, Flow: 1, Seq: 1}, MinPacketSize)
	h, err := ParseHeader(forged)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := c.Open(h, forged); err == nil {
			t.Fatal("opened a forged packet")
		}
	}); n != 0 {
		t.Errorf("a forged tag: %v allocations, want none", n)
	}
	for name, b := range map[string][]byte{
		"short": forged[:20],
		"long":  make([]byte, MaxPacketSize+1),
		"kind":  padded(Header{Kind: 9}, MinPacketSize),
	} {
		if n := testing.AllocsPerRun(1000, func() {
			if _, err := ParseHeader(b); err == nil {
				t.Fatal("took it")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
}

func BenchmarkParseHeader(b *testing.B) {
	packet := padded(Header{Kind: KindProbe, Flow: 1, Seq: 1}, MinPacketSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseHeader(packet); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkSeal(b *testing.B, size int) {
	c := newCipher(b, testKey)
	buf := make([]byte, 0, MaxPacketSize)
	var seq Seq
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for b.Loop() {
		seq++
		packet := AppendProbe(AppendHeader(buf, Header{Kind: KindProbe, Flow: 1, Seq: seq}), Probe{Sent: 1})
		if _, err := c.Seal(packet, size); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSeal64(b *testing.B)   { benchmarkSeal(b, 64) }
func BenchmarkSeal1200(b *testing.B) { benchmarkSeal(b, 1200) }

func benchmarkOpen(b *testing.B, size int) {
	c := newCipher(b, testKey)
	h := Header{Kind: KindProbe, Flow: 1, Seq: 1}
	sealed := seal(b, c, h, AppendProbe(nil, Probe{Sent: 1}), size)
	buf := slices.Clone(sealed)
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for b.Loop() {
		copy(buf, sealed) // opening is in place
		if _, err := c.Open(h, buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen64(b *testing.B)   { benchmarkOpen(b, 64) }
func BenchmarkOpen1200(b *testing.B) { benchmarkOpen(b, 1200) }

func BenchmarkWindowAccept(b *testing.B) {
	var w Window
	var s Seq
	b.ReportAllocs()
	for b.Loop() {
		s++
		if w.Accept(s) != Fresh {
			b.Fatal("not fresh")
		}
	}
}

func BenchmarkWindowLast64(b *testing.B) {
	var w Window
	for s := range Seq(2000) {
		w.Accept(s + 1)
	}
	b.ReportAllocs()
	for b.Loop() {
		if w.Last64(2000) != 1<<64-1 {
			b.Fatal("a hole")
		}
	}
}
