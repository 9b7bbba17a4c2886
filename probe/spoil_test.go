package probe_test

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"examlink/probe"
	"examlink/probe/clock"
	"examlink/probe/netsim"
)

// spoiler is a busy host: occasionally it delays waits, and packets between their
// stamp and their sending.
type spoiler struct {
	mu   sync.Mutex
	rng  *rand.Rand
	odds float64       // of a delay, for each wait and each packet
	most time.Duration // longest delay
}

func newSpoiler(seed uint64, odds float64, most time.Duration) *spoiler {
	return &spoiler{rng: rand.New(rand.NewPCG(seed, 99)), odds: odds, most: most}
}

func (s *spoiler) hold() {
	s.mu.Lock()
	var d time.Duration
	if s.rng.Float64() < s.odds {
		d = 5*ms + time.Duration(s.rng.Int64N(int64(s.most)))
	}
	s.mu.Unlock()
	if d > 0 {
		time.Sleep(d)
	}
}

func (s *spoiler) waiters(c clock.Clock) (clock.Waiter, error) {
	return &heldWaiter{TimerWaiter: clock.NewTimerWaiter(c), s: s}, nil
}

type heldWaiter struct {
	*clock.TimerWaiter
	s *spoiler
}

func (w *heldWaiter) Wait(ctx context.Context, t time.Duration) error {
	err := w.TimerWaiter.Wait(ctx, t)
	w.s.hold()
	return err
}

// heldConn is a socket of that host.
type heldConn struct {
	net.PacketConn
	s *spoiler
}

func (c heldConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if len(b) > 1000 { // of a train
		c.s.hold()
	}
	return c.PacketConn.WriteTo(b, to)
}

// spoil makes both hosts of a testbed busy. It must come before serve.
func (w *testbed) spoil(s *spoiler) {
	w.waiters = s.waiters
	w.wrap = func(c net.PacketConn) net.PacketConn { return heldConn{c, s} }
}

// spoilt returns the options of a student on a busy host.
func (w *testbed) spoilt(o probe.Options) probe.Options {
	if w.wrap == nil {
		return o
	}
	o.NewWaiter = w.waiters
	socket := o.Socket
	o.Socket = func(ctx context.Context, to netip.AddrPort) (net.PacketConn, error) {
		c, err := socket(ctx, to)
		return w.wrap(c), err
	}
	return o
}

// cross sends cross traffic of 600-byte packets through a pipe, at random moments,
// until ctx ends.
func cross(ctx context.Context, p *netsim.Pipe, bitRate float64, seed uint64) {
	const size = 600
	rng := rand.New(rand.NewPCG(seed, 77))
	for ctx.Err() == nil {
		p.Send(make([]byte, 3), size) // to an unused port
		d := time.Duration(rng.ExpFloat64() * size * 8 / bitRate * float64(time.Second))
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
}
