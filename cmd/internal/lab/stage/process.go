//go:build linux

package stage

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Cost is what a process used of this computer.
type Cost struct {
	CPU    time.Duration
	Memory int64 // most that was resident, bytes
}

// costOf returns the cost of a process that has ended.
func costOf(p *os.ProcessState) (c Cost) {
	if p == nil {
		return c
	}
	c.CPU = p.SystemTime() + p.UserTime()
	if u, ok := p.SysUsage().(*syscall.Rusage); ok {
		c.Memory = u.Maxrss * 1024
	}
	return c
}

// Usage reads the resident memory of a running process, in bytes, and its CPU
// time so far. Both are 0 when the process does not exist.
func Usage(pid int) (memory int64, cpu time.Duration) {
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid)); err == nil {
		if f := strings.Fields(string(b)); len(f) > 1 {
			pages, _ := strconv.ParseInt(f[1], 10, 64)
			memory = pages * int64(os.Getpagesize())
		}
	}
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
		user, _ := strconv.ParseInt(f[11], 10, 64)
		system, _ := strconv.ParseInt(f[12], 10, 64)
		cpu = time.Duration(user+system) * (time.Second / 100) // clock ticks of 10 ms
	}
	return memory, cpu
}

// End sends a signal to a process and waits until it has ended. After limit it
// kills the process.
func End(c *exec.Cmd, sig syscall.Signal, limit time.Duration) error {
	_ = c.Process.Signal(sig)
	t := time.AfterFunc(limit, func() { _ = c.Process.Kill() })
	defer t.Stop()
	return c.Wait()
}
