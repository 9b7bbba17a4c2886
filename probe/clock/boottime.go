package clock

import (
	"encoding/binary"
	"time"
)

// bootReads is how often a step of the wall clock may spoil a reading of the time
// since boot before sinceBoot gives up.
const bootReads = 3

// sinceBoot returns the time since the host booted, sleep included, from the wall
// clock and the wall-clock time of the boot. A kernel moves the latter with every
// step, so steps cancel out. ok is false if booted returns false or never settles.
func sinceBoot(booted func() (time.Time, bool), wall func() time.Time) (d time.Duration, ok bool) {
	for range bootReads {
		before, ok := booted()
		now := wall()
		after, still := booted()
		if !ok || !still {
			return 0, false
		}
		if before.Equal(after) {
			return now.Round(0).Sub(before), true
		}
	}
	return 0, false
}

// parseTimeval reads a struct timeval of a 64-bit little-endian system: seconds in
// eight bytes, microseconds in four, padding. Package syscall cuts a zero byte off
// its end, so the padding may be short. It rejects a zero time.
func parseTimeval(raw string) (t time.Time, ok bool) {
	if len(raw) < 12 {
		return time.Time{}, false
	}
	b := []byte(raw)
	sec, usec := int64(binary.LittleEndian.Uint64(b)), int64(int32(binary.LittleEndian.Uint32(b[8:])))
	if sec <= 0 || usec < 0 || usec >= 1e6 {
		return time.Time{}, false
	}
	return time.Unix(sec, usec*1000), true
}
