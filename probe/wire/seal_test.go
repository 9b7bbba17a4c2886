package wire

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// testKey is the key of the test vectors: 00 01 02 … 0f.
var testKey = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func newCipher(t testing.TB, key []byte) *Cipher {
	t.Helper()
	c, err := NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// seal makes a packet of size bytes.
func seal(t testing.TB, c *Cipher, h Header, body []byte, size int) []byte {
	t.Helper()
	b, err := c.Seal(append(AppendHeader(make([]byte, 0, MaxPacketSize), h), body...), size)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNewCipherWantsItsKeySize(t *testing.T) {
	for _, n := range []int{0, 15, 17, 24, 32} { // AES itself takes 24 and 32
		if _, err := NewCipher(make([]byte, n)); err == nil {
			t.Errorf("took a key of %d bytes", n)
		}
	}
}

func TestSealThenOpen(t *testing.T) {
	c := newCipher(t, testKey)
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{MinPacketSize, MinPacketSize + 1, 96, 1200, MaxPacketSize} {
		for _, n := range []int{0, 1, bodySize, size - HeaderSize - TagSize} {
			body := make([]byte, n)
			for i := range body {
				body[i] = byte(r.Uint32())
			}
			h := Header{Kind: KindTrain, Flow: FlowID(r.Uint32()), Seq: Seq(r.Uint64())}
			b := seal(t, c, h, body, size)
			if len(b) != size {
				t.Fatalf("a packet of %d bytes, want %d", len(b), size)
			}
			if got, err := ParseHeader(b); err != nil || got != h {
				t.Fatalf("header %+v, %v, want %+v", got, err, h)
			}
			got, err := c.Open(h, b)
			if err != nil {
				t.Fatalf("%d bytes of body in %d: %v", n, size, err)
			}
			want := append(body, make([]byte, size-HeaderSize-TagSize-n)...)
			if !bytes.Equal(got, want) {
				t.Errorf("%d bytes of body in %d came back as %x, want %x", n, size, got, want)
			}
		}
	}
}

// Data of an earlier packet in the buffer must not be sent as padding.
func TestSealPadsWithZeros(t *testing.T) {
	c := newCipher(t, testKey)
	h := Header{Kind: KindProbe, Flow: 1, Seq: 1}
	dirty := bytes.Repeat([]byte{0xee}, MaxPacketSize)
	b, err := c.Seal(AppendProbe(AppendHeader(dirty[:0], h), Probe{Sent: 1}), 200)
	if err != nil {
		t.Fatal(err)
	}
	if &b[0] != &dirty[0] {
		t.Error("sealed elsewhere, though there was room")
	}
	body, err := c.Open(h, b)
	if err != nil {
		t.Fatal(err)
	}
	if want := make([]byte, 200-HeaderSize-bodySize-TagSize); !bytes.Equal(body[bodySize:], want) {
		t.Errorf("padding %x, want zeros", body[bodySize:])
	}
}

func TestSealWithoutRoom(t *testing.T) {
	c := newCipher(t, testKey)
	h := Header{Kind: KindProbe, Flow: 1, Seq: 1}
	b := slices.Clip(AppendProbe(AppendHeader(nil, h), Probe{Sent: 5}))
	b, err := c.Seal(b, 300)
	if err != nil || len(b) != 300 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	body, err := c.Open(h, b)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := ParseProbe(body); err != nil || p.Sent != 5 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestSealRefusesSizes(t *testing.T) {
	c := newCipher(t, testKey)
	packet := func(body int) []byte {
		return append(AppendHeader(nil, Header{Kind: KindProbe, Flow: 1, Seq: 1}), make([]byte, body)...)
	}
	for _, c1 := range []struct {
		name string
		b    []byte
		size int
	}{
		{"size 0", packet(32), 0},
		{"a byte below the least", packet(31), MinPacketSize - 1},
		{"a byte above the most", packet(32), MaxPacketSize + 1},
		{"a negative size", packet(32), -1},
		{"no room for the tag", packet(33), MinPacketSize},
		{"no header", make([]byte, HeaderSize-1), MinPacketSize},
		{"nothing", nil, MinPacketSize},
	} {
		if b, err := c.Seal(c1.b, c1.size); err == nil {
			t.Errorf("%s: sealed %d bytes", c1.name, len(b))
		}
	}
}

func TestOpenRefusesEveryFlippedBit(t *testing.T) {
	c := newCipher(t, testKey)
	good := seal(t, c, Header{Kind: KindEcho, Flow: 0xdeadbeef, Seq: 77}, AppendEcho(nil, Echo{Received: 1, Sent: 2, Count: 3, Window: 4}), 70)
	for i := range good {
		for bit := range 8 {
			b := slices.Clone(good)
			b[i] ^= 1 << bit
			h, err := ParseHeader(b)
			if err != nil {
				continue // refused even sooner
			}
			if _, err := c.Open(h, b); !errors.Is(err, ErrAuth) {
				t.Errorf("byte %d, bit %d flipped: %v, want %v", i, bit, err, ErrAuth)
			}
		}
	}
	h, err := ParseHeader(good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(h, slices.Clone(good)); err != nil {
		t.Errorf("untouched: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	c := newCipher(t, testKey)
	h := Header{Kind: KindProbe, Flow: 3, Seq: 4}
	good := seal(t, c, h, AppendProbe(nil, Probe{Sent: 1}), 100)
	for _, n := range []int{0, HeaderSize, HeaderSize + TagSize, MinPacketSize - 1} {
		if _, err := c.Open(h, slices.Clone(good[:n])); !errors.Is(err, ErrShort) {
			t.Errorf("%d bytes: %v, want %v", n, err, ErrShort)
		}
	}
	for name, b := range map[string][]byte{
		"a byte less": slices.Clone(good[:99]),
		"a byte more": append(slices.Clone(good), 0),
	} {
		if _, err := c.Open(h, b); !errors.Is(err, ErrAuth) {
			t.Errorf("%s: %v, want %v", name, err, ErrAuth)
		}
	}
	for i := range testKey {
		key := slices.Clone(testKey)
		key[i] ^= 1
		if _, err := newCipher(t, key).Open(h, slices.Clone(good)); !errors.Is(err, ErrAuth) {
			t.Errorf("byte %d of the key differs: %v, want %v", i, err, ErrAuth)
		}
	}
	// The nonce holds kind and number: a header taken from another packet does
	// not open this one.
	for _, other := range []Header{{Kind: KindEcho, Flow: 3, Seq: 4}, {Kind: KindProbe, Flow: 3, Seq: 5}} {
		if _, err := c.Open(other, slices.Clone(good)); !errors.Is(err, ErrAuth) {
			t.Errorf("with header %+v: %v, want %v", other, err, ErrAuth)
		}
	}
}

// Kinds share a key, so the same number under two kinds must not share a nonce.
func TestNoncesDiffer(t *testing.T) {
	c := newCipher(t, testKey)
	seen := map[string]Header{}
	for kind := KindProbe; kind <= KindSize; kind++ {
		for _, seq := range []Seq{1, 2, 1 << 8, 1 << 32, 1 << 56, 1<<64 - 1} {
			h := Header{Kind: kind, Seq: seq}
			n := string(c.nonceOf(h))
			if other, ok := seen[n]; ok || len(n) != 12 {
				t.Errorf("%+v and %+v have the nonce %x", h, other, n)
			}
			seen[n] = h
		}
	}
}

func TestExporterContext(t *testing.T) {
	if got, want := ExporterContext(0x01020304), []byte{1, 2, 3, 4}; !bytes.Equal(got, want) {
		t.Errorf("context %x, want %x", got, want)
	}
}

// FuzzOpen checks the tag: only packets sealed here open.
func FuzzOpen(f *testing.F) {
	c := newCipher(f, testKey)
	sealed := map[string]bool{}
	for kind := KindProbe; kind <= KindSize; kind++ {
		for _, size := range []int{MinPacketSize, 100, MaxPacketSize} {
			b := seal(f, c, Header{Kind: kind, Flow: 9, Seq: Seq(size)}, []byte{1, 2, 3}, size)
			sealed[string(b)] = true
			f.Add(b)
			f.Add(b[:len(b)-1])
		}
	}
	f.Add([]byte{})
	f.Add(padded(Header{Kind: KindProbe, Flow: 9, Seq: 1}, MinPacketSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := newCipher(t, testKey)
		h, headerErr := ParseHeader(b)
		got := slices.Clone(b)
		body, err := c.Open(h, got)
		if err != nil {
			if sealed[string(b)] {
				t.Fatalf("refused its own packet: %v", err)
			}
			return
		}
		if headerErr != nil || !sealed[string(b)] {
			t.Fatalf("opened a packet that was never sealed: %x", b)
		}
		again, err := c.Seal(append(slices.Clone(b[:HeaderSize]), body...), len(b))
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x became %x, %v", b, again, err)
		}
	})
}
