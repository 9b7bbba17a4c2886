package media

import (
	"encoding/binary"
	"testing"
)

// packet is a packet of RTP (96) or RTCP (200, 72 without its first bit) of a stream.
func packet(kind byte, ssrc uint32, size int) []byte {
	b := make([]byte, size)
	b[0], b[1] = 0x80, kind
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return b
}

// A page cannot make the server keep more streams than it needs.
func TestGuard(t *testing.T) {
	passed := func(n int, next func(i int) []byte) (passes int) {
		g := &guard{streams: map[uint32]bool{}}
		for i := range n {
			if g.pass(next(i)) {
				passes++
			}
		}
		return passes
	}
	for name, c := range map[string]struct {
		n, want int
		next    func(i int) []byte
	}{
		"two streams":           {5000, 5000, func(i int) []byte { return packet(96, uint32(i%2), 1000) }},
		"many streams":          {5000, mostStreams, func(i int) []byte { return packet(96, uint32(i), 1000) }},
		"reports":               {mostReports, mostReports, func(int) []byte { return packet(200, 1, 60) }},
		"many reports":          {5000, mostReports, func(int) []byte { return packet(200, 1, 60) }},
		"cut packets":           {10, 0, func(int) []byte { return packet(96, 1, 12)[:11] }},
		"STUN":                  {5000, 5000, func(int) []byte { return make([]byte, 100) }},
		"more than any webcams": {40_000, mostBytes / 1200, func(int) []byte { return packet(96, 1, 1200) }},
	} {
		if got := passed(c.n, c.next); got != c.want {
			t.Errorf("%s: %d of %d pass, expected %d", name, got, c.n, c.want)
		}
	}
}
