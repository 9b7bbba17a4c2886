package main

import (
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"examlink/probe/ippm"
	"examlink/probe/netsim"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	idleWait  = time.Millisecond       // longest sleep: a stall cannot hide in it
	stallFrom = time.Millisecond       // a loop turn that comes this much later than planned is a stall
	spinMax   = 200 * time.Microsecond // how long before a packet is due the loop stops sleeping, at most
	awakeMax  = 5 * time.Millisecond   // without sleep, which other threads need, too
	readBatch = 64                     // packets read before the next look at what is due
)

// otherSize is the size at the IP layer of others' packets.
const otherSize = 1228

// probeSize is the size at the IP layer of a packet of the monitor stream, and
// of irtt and ping as they are called here.
const probeSize = 92

// direction moves packets one way.
type direction struct {
	from, to int // TUN descriptors

	mu     sync.Mutex
	link   *netsim.Link
	base   time.Time // the link's time 0
	late   ippm.Histogram
	stalls stalls
	failed uint64
	others int // bytes of others' packets and ours that always wait; 0: there are none
}

// stalls counts the times at which the emulator itself stood still. What had
// arrived meanwhile was read late, which made the link slower than its model.
type stalls struct {
	Count   int     `json:"count"`
	Longest float64 `json:"longest"` // seconds
	Total   float64 `json:"total"`   // seconds
}

// turn takes how much longer a turn of the loop took than it meant to sleep.
func (s *stalls) turn(over time.Duration) {
	if over <= stallFrom {
		return
	}
	s.Count++
	s.Longest = max(s.Longest, over.Seconds())
	s.Total += over.Seconds()
}

// lateness is how late packets left, against the model, in seconds.
type lateness struct {
	Count  uint64  `json:"count"`
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

// truth is what one direction really did.
type truth struct {
	netsim.Counters
	Probes netsim.Probes   `json:"probes"`
	Delays []time.Duration `json:"-"` // of the probes, by order of sending
	Failed uint64          `json:"refused_by_kernel"`
	Late   lateness        `json:"late"`
	Stalls stalls          `json:"stalls"`
	Busy   bool            `json:"-"` // packets are on their way
	Wait   time.Duration   `json:"-"` // longest time in the queue since the truth was last asked for
}

// set begins a link with counters of its own.
func (d *direction) set(p netsim.Params, seed uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.link = netsim.NewLink(p, seed)
	d.link.Count(isProbe)
	d.base = time.Now()
	d.late, d.stalls, d.failed, d.others = ippm.Histogram{}, stalls{}, 0, 0
}

// change lets the link go on with other parameters, and others' packets that
// always wait for so long.
func (d *direction) change(p netsim.Params, standing time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.link.Set(time.Since(d.base), p)
	d.others = int(float64(p.Rate) / 8 * standing.Seconds())
}

// isProbe picks the packets of a monitor stream: those of its size, but no QUIC
// packet of examlink's that happens to have it.
func isProbe(b []byte, size int) bool {
	const protocol, udp, header = 9, 17, 28
	if size != probeSize || len(b) < header+1 {
		return false
	}
	quic := b[protocol] == udp && (port(b, 20) == serverPort || port(b, 22) == serverPort) && !wire.IsProbe(b[header:])
	return !quic
}

func port(b []byte, at int) int { return int(b[at])<<8 | int(b[at+1]) }

// truth is what is known so far; a brief one tells nothing of single probes.
func (d *direction) truth(brief bool) truth {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := truth{Counters: d.link.Counters(), Failed: d.failed, Stalls: d.stalls}
	if !brief {
		t.Probes, t.Delays = d.link.Probes(), d.link.ProbeDelays()
	}
	_, t.Busy = d.link.Next()
	t.Wait = d.link.TakeWait()
	t.Late.Count = d.late.Count()
	for _, x := range []struct {
		to *float64
		q  float64
	}{{&t.Late.Median, 0.5}, {&t.Late.P99, 0.99}, {&t.Late.Max, 1}} {
		v, _ := d.late.Quantile(x.q)
		*x.to = v.Seconds()
	}
	return t
}

// deliver writes every packet that is due and returns when the loop has to be
// awake again.
func (d *direction) deliver(spin time.Duration) (wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Since(d.base)
	d.link.Advance(now)
	for d.others > 0 && d.link.Waiting()+otherSize <= d.others {
		d.link.Send(now, nil, otherSize)
	}
	for {
		data, at, ok := d.link.Pop(now)
		if !ok {
			break
		}
		if data != nil { // others' packets go elsewhere
			if _, err := unix.Write(d.to, data); err != nil {
				d.failed++
			}
		}
		now = time.Since(d.base)
		d.link.Left(now)
		d.late.Add(now - at)
	}
	wait = idleWait
	if next, ok := d.link.Next(); ok {
		wait = min(max(next-now-spin, 0), wait)
	}
	return wait
}

// read takes what the hosts have sent, a batch at most.
func (d *direction) read(buf []byte) {
	for range readBatch {
		n, err := unix.Read(d.from, buf)
		if err != nil || n <= 0 {
			return
		}
		d.mu.Lock()
		d.link.Send(time.Since(d.base), append([]byte(nil), buf[:n]...), n)
		d.mu.Unlock()
	}
}

// run moves packets until told to stop. It keeps a thread to itself and sleeps
// in ppoll, whose time-out is as exact as the kernel's timers; how late the
// kernel wakes it, it learns, and wakes that much earlier.
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

// ppoll waits for a packet. Go's scheduler does not hear of it: it would look
// for threads in long system calls every 20 us, which costs a fifth of a core.
func ppoll(fd *unix.PollFd, wait time.Duration) (n int, errno unix.Errno) {
	ts := unix.NsecToTimespec(int64(wait))
	r, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(fd)), 1, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	return int(r), errno
}
