package netsim

import (
	"context"
	"sync"
	"time"
)

// Pipe runs a Link in the time of package time, which inside a synctest bubble
// is exact.
type Pipe struct {
	mu      sync.Mutex
	link    *Link
	base    time.Time
	wake    chan struct{}
	deliver func([]byte)
}

// NewPipe makes a pipe that passes arrivals to deliver, on Run's goroutine.
func NewPipe(p Params, seed uint64, deliver func([]byte)) *Pipe {
	return &Pipe{link: NewLink(p, seed), base: time.Now(), wake: make(chan struct{}, 1), deliver: deliver}
}

// Send offers a packet of size bytes at the IP layer. The pipe keeps data.
func (p *Pipe) Send(data []byte, size int) {
	p.mu.Lock()
	p.link.Send(time.Since(p.base), data, size)
	p.mu.Unlock()
	p.nudge()
}

// Set changes the link's parameters now.
func (p *Pipe) Set(params Params) {
	p.mu.Lock()
	p.link.Set(time.Since(p.base), params)
	p.mu.Unlock()
	p.nudge()
}

// Update applies a change to the parameters in force.
func (p *Pipe) Update(change func(*Params)) {
	p.mu.Lock()
	params := p.link.Params()
	change(&params)
	p.link.Set(time.Since(p.base), params)
	p.mu.Unlock()
	p.nudge()
}

// Counters returns the counters so far.
func (p *Pipe) Counters() Counters {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link.Counters()
}

// CountSize counts packets of one size separately; see Link.CountSize.
func (p *Pipe) CountSize(size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.link.CountSize(size)
}

// Probes returns the truth so far about the separately counted packets, in the
// model's time.
func (p *Pipe) Probes() Probes {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link.Probes()
}

func (p *Pipe) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run moves packets until ctx ends.
func (p *Pipe) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.mu.Lock()
		now := time.Since(p.base)
		data, _, ok := p.link.Pop(now)
		next, pending := p.link.Next()
		p.mu.Unlock()
		if ok {
			p.deliver(data)
			continue
		}
		wait := time.Hour
		if pending {
			wait = max(next-now, 0)
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-p.wake:
		case <-ctx.Done():
			return
		}
	}
}
