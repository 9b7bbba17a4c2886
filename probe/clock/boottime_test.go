package clock

import (
	"testing"
	"time"
)

func TestSinceBootIsProofAgainstSteps(t *testing.T) {
	boot, wall := time.Unix(1e9, 0), time.Unix(1e9+500, 0)
	booted := func() (time.Time, bool) { return boot, true }
	read := func() time.Time { return wall }
	step := func(d time.Duration) { boot, wall = boot.Add(d), wall.Add(d) }
	for _, d := range []time.Duration{0, time.Hour, -time.Hour} {
		step(d)
		if got, ok := sinceBoot(booted, read); !ok || got != 500*time.Second {
			t.Errorf("step of %v: %v, %v", d, got, ok)
		}
	}
	// A step between the readings spoils them; the next ones serve.
	once := true
	torn := func() time.Time {
		if once {
			once = false
			step(time.Hour)
		}
		return wall
	}
	if got, ok := sinceBoot(booted, torn); !ok || got != 500*time.Second {
		t.Errorf("step while reading: %v, %v", got, ok)
	}
	if _, ok := sinceBoot(booted, func() time.Time { step(time.Second); return wall }); ok {
		t.Error("a time out of readings that never agreed")
	}
	if _, ok := sinceBoot(func() (time.Time, bool) { return boot, false }, read); ok {
		t.Error("a time without a boot time")
	}
}

func TestParseTimeval(t *testing.T) {
	const sec, usec = "\x00\xca\x9a\x3b\x00\x00\x00\x00", "\x40\xe2\x01\x00" // 1e9 s, 123456 µs
	for _, c := range []struct {
		raw  string
		want time.Time
	}{
		{sec + usec + "\x00\x00\x00\x00", time.Unix(1e9, 123456000)},
		{sec + usec + "\x00\x00\x00", time.Unix(1e9, 123456000)},
		{sec + usec, time.Unix(1e9, 123456000)},
		{sec + usec[:3], time.Time{}},
		{"", time.Time{}},
		{sec + "\x40\x42\x0f\x00", time.Time{}}, // a million microseconds
		{sec + "\xff\xff\xff\xff", time.Time{}},
		{"\x00\x00\x00\x00\x00\x00\x00\x00" + usec, time.Time{}},
	} {
		if got, ok := parseTimeval(c.raw); !got.Equal(c.want) || ok == c.want.IsZero() {
			t.Errorf("%x: %v, %v, want %v", c.raw, got, ok, c.want)
		}
	}
}
