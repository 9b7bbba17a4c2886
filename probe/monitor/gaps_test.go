package monitor

import (
	"testing"
	"time"

	"examlink/probe/wire"
)

// Packets sent while nothing came back were lost in an interruption, be it over or not;
// those lost before and after it were not.
func TestLossesOfAnInterruption(t *testing.T) {
	const step = 100 * time.Millisecond
	lost := func(n int) bool { return n == 20 || n >= 50 && n < 90 || n == 120 || n >= 180 }
	m := NewStream(3*time.Second, 0)
	var now time.Duration
	for n := 1; n <= 250; n++ {
		now = time.Duration(n) * step
		m.Reserve(wire.Seq(n), now)
		if !lost(n) {
			m.Echo(wire.Seq(n), wire.Echo{}, now+20*time.Millisecond, 0, 92)
		}
		if n%50 == 0 {
			m.Cut(now + 30*time.Millisecond)
		}
	}
	m.CountLost(now)
	m.Cut(now)
	a := m.total
	if a.Lost() != 2+40+71 || a.LostInGaps() != 40+71 {
		t.Errorf("%d lost, %d of them in interruptions, want 113 and 111: %+v", a.Lost(), a.LostInGaps(), a)
	}
	if f := a.Figures(); f.LostInGaps != 111 {
		t.Errorf("figures: %d", f.LostInGaps)
	}
	// Packets that are given up because their session moves while all is well are not.
	m = NewStream(3*time.Second, 0)
	for n := 1; n <= 50; n++ {
		now = time.Duration(n) * step
		m.Reserve(wire.Seq(n), now)
		if n < 45 {
			m.Echo(wire.Seq(n), wire.Echo{}, now+20*time.Millisecond, 0, 92)
		}
	}
	m.CountLost(now)
	m.Cut(now)
	if a := m.total; a.Lost() != 6 || a.LostInGaps() != 0 {
		t.Errorf("%d lost, %d of them in an interruption, want 6 and none", a.Lost(), a.LostInGaps())
	}
}
