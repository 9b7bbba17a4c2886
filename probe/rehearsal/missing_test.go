package rehearsal

import (
	"slices"
	"testing"
	"time"
)

func TestAskForMissingPackets(t *testing.T) {
	x := &Trace{}
	add := func(seq uint16, repaired bool) {
		x.Add(Packet{Seq: seq, Repaired: repaired, Payload: []byte{0, 0}})
	}
	expect := func(now time.Duration, want ...uint16) {
		t.Helper()
		if got := x.Ask(now); !slices.Equal(got, want) {
			t.Errorf("at %v asked for %d, expected %d", now, got, want)
		}
	}
	expect(0)
	add(65_534, false)
	add(2, false)
	expect(10*ms, 65_535, 0, 1)
	add(0, true)
	expect(50 * ms)
	expect(170*ms, 65_535, 1)
	add(1, false) // late, but there
	for i := range askMost - 2 {
		expect(time.Duration(i+2)*170*ms, 65_535)
	}
	expect(time.Minute)
	if len(x.missing) != 0 {
		t.Errorf("%d packets are still missing", len(x.missing))
	}
	add(30_000, false)
	if n := len(x.Ask(time.Hour)); n != gapMost {
		t.Errorf("asked for %d packets after a long gap, expected %d", n, gapMost)
	}
}
