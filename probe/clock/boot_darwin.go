package clock

import (
	"syscall"
	"time"
)

// bootTime goes by kern.boottime, because mach_continuous_time cannot be
// reached without C. Apple does not document it, but the kernel's published
// source (xnu, osfmk/kern/clock.c) moves it with every step of the wall clock,
// "to keep the value consistent", and leaves it alone over a sleep.
//
// Untried on a real Mac. Were it wrong there, and boot time stood still at a
// step, a step ahead would count as a suspend, which is what it does without
// any such clock.
func bootTime() (time.Duration, bool) {
	return sinceBoot(func() (time.Time, bool) {
		raw, err := syscall.Sysctl("kern.boottime")
		if err != nil {
			return time.Time{}, false
		}
		return parseTimeval(raw)
	}, time.Now)
}
