//go:build linux

package emulator

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Chosen by us.
const (
	idleWait = time.Millisecond       // longest sleep: no stall is hidden in it
	spinMax  = 200 * time.Microsecond // how long before a packet is due the loop stops sleeping, at most
	awakeMax = 5 * time.Millisecond   // without sleep, which other threads need, too
)

// run moves packets until stop is closed. It keeps a thread to itself and
// sleeps in ppoll, whose time-out is as exact as the kernel's timers. It learns
// how late the kernel wakes it and asks to be woken that much earlier.
func (d *direction) run(stop <-chan struct{}) {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	buf := make([]byte, 65536)
	fd := unix.PollFd{Fd: int32(d.from), Events: unix.POLLIN}
	spin := spinMax / 2
	slept := time.Now()
	for {
		select {
		case <-stop:
			return
		default:
		}
		top := time.Now()
		wait := d.deliver(spin)
		asleep := time.Now()
		if wait == 0 && asleep.Sub(slept) > awakeMax {
			wait = time.Microsecond
		}
		if wait > 0 {
			slept = asleep
		}
		n, errno := ppoll(&fd, wait)
		switch {
		case errno != 0 && errno != unix.EINTR:
			return
		case errno == 0 && n > 0:
			d.read(buf)
		case errno == 0 && wait > 0:
			over := time.Since(asleep) - wait
			spin += (min(over*5/4, spinMax) - spin) / 8
		}
		d.mu.Lock()
		d.stalls.turn(time.Since(top) - wait)
		d.mu.Unlock()
	}
}

// ppoll waits for a packet without telling Go's scheduler, which would look for
// threads in long system calls every 20 us and take a fifth of a core for that.
func ppoll(fd *unix.PollFd, wait time.Duration) (n int, errno unix.Errno) {
	ts := unix.NsecToTimespec(int64(wait))
	r, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(fd)), 1, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	return int(r), errno
}
