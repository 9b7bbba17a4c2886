package wire

import (
	"bytes"
	"errors"
	"testing"
)

func TestParseFrame(t *testing.T) {
	packet := AppendHeader(nil, Header{Kind: KindEcho, Flow: 7, Seq: 9})
	for name, c := range map[string]struct {
		in            []byte
		packet, piece []byte
		err           error
	}{
		"packet":      {in: packet, packet: packet},
		"chunk":       {in: AppendChunk(nil, []byte("abc")), piece: []byte("abc")},
		"whole chunk": {in: AppendChunk(nil, make([]byte, MaxChunk)), piece: make([]byte, MaxChunk)},
		"empty":       {err: ErrFrame},
		"empty chunk": {in: AppendChunk(nil, nil), err: ErrFrame},
		"too long":    {in: AppendChunk(nil, make([]byte, MaxChunk+1)), err: ErrFrame},
		"too long 00": {in: make([]byte, MaxFrame+1), err: ErrFrame},
		"other mark":  {in: []byte{0x41, 1}, err: ErrFrame},
		"QUIC":        {in: []byte{0xc0, 1}, err: ErrFrame},
	} {
		packet, piece, err := ParseFrame(c.in)
		if !bytes.Equal(packet, c.packet) || !bytes.Equal(piece, c.piece) || !errors.Is(err, c.err) {
			t.Errorf("%s: %x %x %v", name, packet, piece, err)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add([]byte{})
	f.Add(AppendChunk(nil, []byte{0, 0, 0, 2, '{', '}'}))
	f.Add(AppendHeader(nil, Header{Kind: KindProbe, Flow: 1, Seq: 1}))
	f.Add([]byte{0x40})
	f.Add([]byte{0x80, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		packet, piece, err := ParseFrame(b)
		switch {
		case err != nil:
			if packet != nil || piece != nil {
				t.Error("an error and contents")
			}
		case packet != nil:
			if piece != nil || !IsProbe(packet) || !bytes.Equal(packet, b) {
				t.Errorf("%x is the packet %x", b, packet)
			}
		default:
			if !bytes.Equal(AppendChunk(nil, piece), b) {
				t.Errorf("%x is the piece %x", b, piece)
			}
		}
	})
}
