package clock

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// Constants from Microsoft's documentation.
const (
	createWaitableTimerHighResolution = 0x2
	timerAccess                       = syscall.SYNCHRONIZE | 0x1 | 0x2 // and query, modify
	waitFailed                        = 0xFFFFFFFF
)

// errNoTimer means that this Windows has no high-resolution timer.
var errNoTimer = errors.New("no high-resolution timer")

// waitableTimer is an alarm based on a high-resolution waitable timer. Its time does
// not run while the system sleeps, and neither does System's.
type waitableTimer struct {
	handles [2]syscall.Handle // of the event that interrupts, of the timer
	due     int64             // in interrupt units, negative for relative
}

func newWaitableTimer() (*waitableTimer, error) {
	if !have(procCreateWaitableTimerExW, procSetWaitableTimer, procWaitForMultipleObjects, procCreateEventW, procSetEvent) {
		return nil, errNoTimer
	}
	timer, _, _ := procCreateWaitableTimerExW.Call(0, 0, createWaitableTimerHighResolution, timerAccess)
	if timer == 0 { // before Windows 10 1803 the flag is an invalid parameter
		return nil, errNoTimer
	}
	// No name, not signalled, and reset by the wait it ends.
	event, _, err := procCreateEventW.Call(0, 0, 0, 0)
	if event == 0 {
		_ = syscall.CloseHandle(syscall.Handle(timer))
		return nil, os.NewSyscallError("CreateEvent", err)
	}
	return &waitableTimer{handles: [2]syscall.Handle{syscall.Handle(event), syscall.Handle(timer)}}, nil
}

func (a *waitableTimer) arm(d time.Duration) error {
	a.due = -unitsUp(d, interruptUnit)
	r, _, err := procSetWaitableTimer.Call(uintptr(a.handles[1]), uintptr(unsafe.Pointer(&a.due)), 0, 0, 0, 0)
	if r == 0 {
		return os.NewSyscallError("SetWaitableTimer", err)
	}
	return nil
}

// wait occupies a thread, as every blocking call does here.
func (a *waitableTimer) wait() error {
	r, _, err := procWaitForMultipleObjects.Call(uintptr(len(a.handles)), uintptr(unsafe.Pointer(&a.handles[0])), 0, syscall.INFINITE)
	if uint32(r) == waitFailed {
		return os.NewSyscallError("WaitForMultipleObjects", err)
	}
	return nil
}

// interrupt fails only for a bad handle, and ours is good until close.
func (a *waitableTimer) interrupt() { _, _, _ = procSetEvent.Call(uintptr(a.handles[0])) }

func (a *waitableTimer) close() error {
	return errors.Join(syscall.CloseHandle(a.handles[0]), syscall.CloseHandle(a.handles[1]))
}

// NewWaiter returns the most exact waiter this system has for a real clock: a
// high-resolution waitable timer, or package time's timers before Windows 10 version
// 1803. Go's runtime uses such timers too, but sets them by its coarse clock. The
// expected lateness is half a millisecond, the resolution Windows gives these timers;
// untested on a real Windows.
func NewWaiter(c Clock) (Waiter, error) {
	a, err := newWaitableTimer()
	if errors.Is(err, errNoTimer) {
		return NewTimerWaiter(c), nil
	}
	if err != nil {
		return nil, fmt.Errorf("waitable timer: %w", err)
	}
	return &alarmWaiter{clock: c, alarm: a}, nil
}
