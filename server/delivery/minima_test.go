package delivery

import (
	"testing"
	"time"

	"examlink/server/alert"
)

// New minima apply to the next readings.
func TestMinimaChange(t *testing.T) {
	a, err := New(Options{MinimumUp: 384e3, MinimumDown: 768e3})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	active := func(value float64) int {
		now = now.Add(time.Second)
		s := alert.Session{Session: "a", Exam: "e", Student: "p", State: "live", At: now, LastPacket: now, Transport: "udp"}
		a.State(s)
		a.Reading(s, reads(value, value*0.98, value*1.02))
		a.process(now)
		return len(a.Active())
	}
	if n := active(500e3); n != 0 {
		t.Errorf("%d warnings above the minimum", n)
	}
	a.Minima(1e6, 2e6)
	if n := active(500e3); n != 1 {
		t.Errorf("%d warnings at half of the new minimum, want 1", n)
	}
}
