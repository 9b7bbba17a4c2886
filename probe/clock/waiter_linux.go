package clock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

const (
	clockMonotonic = 1     // CLOCK_MONOTONIC
	tfdNonblock    = 0x800 // TFD_NONBLOCK
	tfdCloexec     = 0x80000
)

// fdWaiter waits on a timerfd through the runtime's poller. Go's own timers
// wake an idle process up to a millisecond late, because its poller counts in
// milliseconds; a file descriptor does not.
type fdWaiter struct {
	clock Clock
	file  *os.File
	raw   syscall.RawConn
}

// NewWaiter returns the most exact waiter this system has for a real clock.
func NewWaiter(c Clock) (Waiter, error) {
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, tfdNonblock|tfdCloexec, 0)
	if errno != 0 {
		return NewTimerWaiter(c), nil
	}
	f := os.NewFile(fd, "timerfd")
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	return &fdWaiter{clock: c, file: f, raw: raw}, nil
}

type itimerspec struct{ interval, value syscall.Timespec }

// Wait implements Waiter.
func (w *fdWaiter) Wait(ctx context.Context, t time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d := t - w.clock.Now()
	if d <= 0 {
		return nil
	}
	spec := itimerspec{value: syscall.NsecToTimespec(int64(d))}
	var errno syscall.Errno
	if err := w.raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	}); err != nil {
		return err
	}
	if errno != 0 {
		return fmt.Errorf("timerfd: %w", errno)
	}
	// A cancelled context interrupts the read through its deadline.
	stop := context.AfterFunc(ctx, func() { _ = w.file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var b [8]byte
	if _, err := w.file.Read(b[:]); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil {
			_ = w.file.SetReadDeadline(time.Time{})
			return ctx.Err()
		}
		return fmt.Errorf("timerfd: %w", err)
	}
	return nil
}

// Close implements Waiter.
func (w *fdWaiter) Close() error { return w.file.Close() }
