package clock

import (
	"math/bits"
	"time"
)

// bootTime reads GetTickCount64, which by Microsoft's documentation includes the
// time the system spent in sleep or hibernation. Its resolution of 10 to 16 ms
// suffices to detect a suspend. The performance counter is documented to continue
// too, but nothing here depends on that: counterClock is right either way, and this
// clock does not use it.
// Untested on a real Windows. The effect of modern standby on either clock is not
// documented clearly; a standby that neither counts as sleep shows up as a stall.
func bootTime() (time.Duration, bool) {
	if !have(procGetTickCount64) {
		return 0, false
	}
	low, high, _ := procGetTickCount64.Call()
	ticks := uint64(low)
	if bits.UintSize == 32 { // the result takes two registers
		ticks |= uint64(high) << 32
	}
	return time.Duration(ticks) * time.Millisecond, true
}
