//go:build linux

package emulator

import (
	"testing"
	"time"
)

func TestStalls(t *testing.T) {
	const ms = time.Millisecond
	var s Stalls
	for _, over := range []time.Duration{-5 * ms, 0, ms, 3 * ms, 2 * ms} {
		s.turn(over)
	}
	if want := (Stalls{Count: 2, Longest: 0.003, Total: 0.005}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
}
