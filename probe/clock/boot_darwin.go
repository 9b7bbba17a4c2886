package clock

import (
	"syscall"
	"time"
)

// bootTime uses kern.boottime, because mach_continuous_time is not accessible
// without C. Apple does not document it, but the kernel's published source (xnu,
// osfmk/kern/clock.c) moves it with every step of the wall clock, "to keep the
// value consistent", and leaves it unchanged over a sleep.
// Untested on a real Mac. If it were wrong there, and boot time did not move with a
// step, a forward step would count as a suspend, as it does without any such clock.
func bootTime() (time.Duration, bool) {
	return sinceBoot(func() (time.Time, bool) {
		raw, err := syscall.Sysctl("kern.boottime")
		if err != nil {
			return time.Time{}, false
		}
		return parseTimeval(raw)
	}, time.Now)
}
