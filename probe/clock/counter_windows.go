package clock

import (
	"syscall"
	"time"
	"unsafe"
)

// interruptUnit is the unit of interrupt times and due times.
const interruptUnit = 100 * time.Nanosecond

// performanceCounter reads QueryPerformanceCounter: finer than a microsecond, the
// same on every processor, never decreasing. Microsoft documents that it continues
// through sleep, standby and hibernation; QueryUnbiasedInterruptTime does not, so
// counterClock knows how much to exclude.
// Untested on a real Windows.
type performanceCounter struct {
	perSecond         int64
	counter, unbiased uintptr // the functions' addresses

	// The functions write here. They are fields because a local variable would be
	// allocated at every call; counterClock's lock guards them.
	count    int64
	interval uint64
}

// newFineClock returns a clock based on the performance counter, since package
// time's has only the resolution of the timer interrupt, 0.5 to 15.6 ms. It returns
// nil, for package time, if the functions are missing.
func newFineClock() *counterClock {
	if !have(procQueryPerformanceCounter, procQueryPerformanceFrequency, procQueryUnbiasedInterruptTime) {
		return nil
	}
	c := &performanceCounter{counter: procQueryPerformanceCounter.Addr(), unbiased: procQueryUnbiasedInterruptTime.Addr()}
	r, _, _ := syscall.SyscallN(procQueryPerformanceFrequency.Addr(), uintptr(unsafe.Pointer(&c.perSecond)))
	if r == 0 || c.perSecond <= 0 {
		return nil
	}
	return newCounterClock(c)
}

// read cannot fail, as documented for Windows XP and later.
func (c *performanceCounter) read() int64 {
	_, _, _ = syscall.SyscallN(c.counter, uintptr(unsafe.Pointer(&c.count)))
	return c.count
}

func (c *performanceCounter) frequency() int64 { return c.perSecond }

// worked fails only without a place to write to.
func (c *performanceCounter) worked() time.Duration {
	_, _, _ = syscall.SyscallN(c.unbiased, uintptr(unsafe.Pointer(&c.interval)))
	return time.Duration(c.interval) * interruptUnit
}
