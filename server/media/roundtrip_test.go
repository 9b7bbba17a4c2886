package media

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func TestRoundTrip(t *testing.T) {
	asked := time.Date(2026, 11, 29, 12, 0, 0, 250e6, time.UTC)
	answer := rtcp.DLRRReport{SSRC: reporter, LastRR: uint32(ntp(asked) >> 16), DLRR: 65536 / 2}
	if rtt, ok := roundTrip(answer, asked.Add(580*time.Millisecond)); !ok || (rtt-80*time.Millisecond).Abs() > time.Millisecond {
		t.Errorf("%v, %v; expected 80 ms", rtt, ok)
	}
	if rtt, ok := roundTrip(answer, asked.Add(499*time.Millisecond)); !ok || rtt != 0 {
		t.Errorf("%v, %v; expected what rounds to nothing", rtt, ok)
	}
	for name, d := range map[string]rtcp.DLRRReport{"no question": {SSRC: reporter}, "of another day": {SSRC: reporter, LastRR: answer.LastRR - 70<<16}} {
		if rtt, ok := roundTrip(d, asked.Add(time.Second)); ok {
			t.Errorf("%s: %v", name, rtt)
		}
	}
}
