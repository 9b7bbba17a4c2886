package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"examlink/probe/ippm"
	"examlink/probe/netsim"
)

const (
	studentAddress = "10.78.0.2"
	farAddress     = "10.78.0.1"
	// spin is how long before a packet is due the emulator stops sleeping: a
	// sleeping thread takes about that long to come back.
	spin = 120 * time.Microsecond
	// probeSize is the size at the IP layer of a packet of the monitor stream,
	// and of irtt as it is called here.
	probeSize = 92
)

// emulator is a link over TUN between two network namespaces: what one host
// sends comes out of the other after the link model has had its way with it.
type emulator struct {
	student, far string // namespaces
	up, down     *direction
	stop         chan struct{}
	wg           sync.WaitGroup
}

// direction moves packets one way.
type direction struct {
	from, to int // TUN descriptors

	mu     sync.Mutex
	link   *netsim.Link
	late   ippm.Histogram // how late packets left, against the model
	failed uint64         // packets the kernel would not take
	base   time.Time
}

// truth is what a direction really did, as JSON.
type truth struct {
	netsim.Counters
	LateMedian, LateP99 time.Duration
	Failed              uint64
}

func run(line string, args ...any) error {
	words := strings.Fields(fmt.Sprintf(line, args...))
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// newEmulator makes the namespaces, the devices and the link.
func newEmulator() (*emulator, error) {
	id := os.Getpid()
	e := &emulator{student: fmt.Sprintf("lab-s%d", id), far: fmt.Sprintf("lab-f%d", id), stop: make(chan struct{})}
	var fds [2]int
	for i, host := range []struct{ ns, address string }{{e.student, studentAddress}, {e.far, farAddress}} {
		if err := run("ip netns add %s", host.ns); err != nil {
			return nil, err
		}
		fd, err := openTUN(host.ns, "lab0")
		if err != nil {
			return nil, err
		}
		fds[i] = fd
		for _, line := range []string{
			"ip -n %s link set lo up", "ip -n %s link set lab0 mtu 1500 txqueuelen 1000 up", "ip -n %s addr add " + host.address + "/24 dev lab0",
		} {
			if err := run(line, host.ns); err != nil {
				return nil, err
			}
		}
	}
	now := time.Now()
	e.up = &direction{from: fds[0], to: fds[1], link: netsim.NewLink(netsim.Params{}, 1), base: now}
	e.down = &direction{from: fds[1], to: fds[0], link: netsim.NewLink(netsim.Params{}, 2), base: now}
	for _, d := range []*direction{e.up, e.down} {
		e.wg.Go(func() { d.run(e.stop) })
	}
	return e, nil
}

// openTUN makes a TUN device inside a namespace.
func openTUN(ns, name string) (int, error) {
	type result struct {
		fd  int
		err error
	}
	out := make(chan result)
	go func() { // on a thread of its own, which dies in the other namespace
		runtime.LockOSThread()
		out <- func() result {
			f, err := os.Open(filepath.Join("/var/run/netns", ns))
			if err != nil {
				return result{-1, err}
			}
			defer f.Close()
			if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
				return result{-1, fmt.Errorf("enter namespace: %w", err)}
			}
			fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
			if err != nil {
				return result{-1, fmt.Errorf("open TUN: %w", err)}
			}
			req, err := unix.NewIfreq(name)
			if err != nil {
				return result{-1, err}
			}
			req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
				return result{-1, fmt.Errorf("make TUN device: %w", err)}
			}
			return result{fd, nil}
		}()
	}()
	r := <-out
	return r.fd, r.err
}

// set changes both directions and starts their counters anew.
func (e *emulator) set(up, down netsim.Params, seed uint64) {
	for i, x := range []struct {
		d *direction
		p netsim.Params
	}{{e.up, up}, {e.down, down}} {
		x.d.mu.Lock()
		x.d.link = netsim.NewLink(x.p, seed*2+uint64(i))
		x.d.link.CountSize(probeSize)
		x.d.late = ippm.Histogram{}
		x.d.failed = 0
		x.d.mu.Unlock()
	}
}

func (d *direction) truth() truth {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := truth{Counters: d.link.Counters(), Failed: d.failed}
	t.LateMedian, _ = d.late.Quantile(0.5)
	t.LateP99, _ = d.late.Quantile(0.99)
	return t
}

func (t truth) String() string {
	b, _ := json.Marshal(t)
	return string(b)
}

// close ends the emulator and removes what it made.
func (e *emulator) close() {
	close(e.stop)
	e.wg.Wait()
	for _, ns := range []string{e.student, e.far} {
		_ = run("ip netns del %s", ns)
	}
}

// run moves packets until told to stop. It keeps a thread to itself and sleeps
// in ppoll, whose time-out is as exact as the kernel's timers.
func (d *direction) run(stop <-chan struct{}) {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	buf := make([]byte, 65536)
	fds := []unix.PollFd{{Fd: int32(d.from), Events: unix.POLLIN}}
	for {
		select {
		case <-stop:
			return
		default:
		}
		d.mu.Lock()
		now := time.Since(d.base)
		for {
			data, at, ok := d.link.Pop(now)
			if !ok {
				break
			}
			if _, err := unix.Write(d.to, data); err != nil {
				d.failed++
			}
			now = time.Since(d.base)
			d.late.Add(now - at)
		}
		wait := 20 * time.Millisecond
		if next, ok := d.link.Next(); ok {
			wait = min(max(next-now-spin, 0), wait)
		}
		d.mu.Unlock()
		ts := unix.NsecToTimespec(int64(wait))
		if n, err := unix.Ppoll(fds, &ts, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return
		} else if n <= 0 {
			continue
		}
		for range 64 {
			n, err := unix.Read(d.from, buf)
			if err != nil || n <= 0 {
				break
			}
			d.mu.Lock()
			d.link.Send(time.Since(d.base), append([]byte(nil), buf[:n]...), n)
			d.mu.Unlock()
		}
	}
}
