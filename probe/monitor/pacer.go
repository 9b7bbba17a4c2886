package monitor

import (
	"context"
	"time"

	"examlink/probe/clock"
	"examlink/probe/wire"
)

// Pacer sends a monitor stream on an absolute schedule. All fields but Late must be set.
type Pacer struct {
	Stream   *Stream
	Clock    clock.Clock
	Waiter   clock.Waiter
	Interval func() time.Duration // between probes; it may change
	Next     func() wire.Seq      // reserves the next probe's number
	// Send sends a probe. An error means that it did not leave the host, and NoRoute
	// whether that was for want of a route.
	Send    func(wire.Seq, wire.Probe) error
	NoRoute func(error) bool
	// Late is called when this host was late by an interval or more, which skips probes.
	Late func(time.Duration)
}

// Run sends until ctx ends.
func (p Pacer) Run(ctx context.Context) {
	next := p.Clock.Now()
	for p.Waiter.Wait(ctx, next) == nil {
		interval := p.Interval()
		late := p.Clock.Now() - next
		if late >= interval {
			n := late / interval
			p.Stream.Skip(uint64(n))
			next += n * interval
			if p.Late != nil {
				p.Late(late)
			}
		}
		p.Stream.Paced(late)
		seq := p.Next()
		now := p.Clock.Now()
		p.Stream.Reserve(seq, now)
		if err := p.Send(seq, p.Stream.ProbeBody(now)); err != nil {
			p.Stream.Refuse(seq, p.NoRoute(err))
		}
		next += interval
	}
}
