//go:build linux

package emulator

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"examlink/probe/ippm"
	"examlink/probe/netsim"
)

// Chosen by us.
const (
	readBatch        = 64   // packets read before the next look at what is due
	crossTrafficSize = 1228 // of each packet of cross traffic, bytes at the IP layer
)

// direction moves packets one way.
type direction struct {
	from, to int // TUN descriptors
	isProbe  func(packet []byte, size int) bool

	mu       sync.Mutex
	link     *netsim.Link
	base     time.Time // the link's time 0
	late     ippm.Histogram
	stalls   Stalls
	failed   uint64
	standing int // bytes that cross traffic keeps in the queue; 0: there is none
}

// set begins a link with counters of its own.
func (d *direction) set(p netsim.Params, seed uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.link = netsim.NewLink(p, seed)
	d.link.Count(d.isProbe)
	d.base = time.Now()
	d.late, d.stalls, d.failed, d.standing = ippm.Histogram{}, Stalls{}, 0, 0
}

// change gives the link other parameters, and cross traffic that keeps
// standing's worth of packets in the queue.
func (d *direction) change(p netsim.Params, standing time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.link.Set(time.Since(d.base), p)
	d.standing = int(float64(p.Rate) / 8 * standing.Seconds())
}

// truth returns what is known so far; brief leaves the probes out.
func (d *direction) truth(brief bool) Truth {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := Truth{Counters: d.link.Counters(), Failed: d.failed, Stalls: d.stalls}
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

// deliver writes every packet that is due and returns how long the loop may
// sleep.
func (d *direction) deliver(spin time.Duration) (wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Since(d.base)
	d.link.Advance(now)
	for d.standing > 0 && d.link.Waiting()+crossTrafficSize <= d.standing {
		d.link.Send(now, nil, crossTrafficSize)
	}
	for {
		data, at, ok := d.link.Pop(now)
		if !ok {
			break
		}
		if data != nil { // cross traffic goes elsewhere
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

// read offers the link what the host has sent, a batch at most.
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
