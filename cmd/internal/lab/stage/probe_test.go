//go:build linux

package stage

import (
	"testing"

	"examlink/probe/wire"
)

func TestIsProbe(t *testing.T) {
	packet := func(protocol byte, port uint16, first byte) []byte {
		b := make([]byte, ProbeSize)
		b[9], b[22], b[23], b[28] = protocol, byte(port>>8), byte(port), first
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{
		"examlink's probe": {packet(17, ServerPort, byte(wire.KindProbe)), true},
		"examlink's QUIC":  {packet(17, ServerPort, 0x40), false},
		"irtt":             {packet(17, 2112, 0xff), true},
		"ping":             {packet(1, 0, 0), true},
		"short":            {packet(17, 2112, 0)[:40], false},
	} {
		if got := IsProbe(c.b, len(c.b)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
