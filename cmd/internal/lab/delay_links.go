//go:build linux

package main

import (
	"time"

	"examlink/probe/netsim"
)

// delayLink is one link of the delay experiment. Both directions are alike.
type delayLink struct {
	name string
	p    netsim.Params
}

// delayLinks returns the links to measure.
func delayLinks(short bool) []delayLink {
	const ms = time.Millisecond
	with := func(name string, change func(*netsim.Params)) delayLink {
		p := netsim.Params{Delay: 30 * ms, KeepOrder: true}
		change(&p)
		return delayLink{name, p}
	}
	disorder := func(p *netsim.Params) {
		p.Duplicate, p.Reorder, p.ReorderBy = 0.01, 0.01, 30*ms
	}
	if short {
		return []delayLink{with("60 ms, loss 5 %, dup, reord", func(p *netsim.Params) { p.Loss = 0.05; disorder(p) })}
	}
	return []delayLink{
		with("0 ms", func(p *netsim.Params) { p.Delay = 0 }),
		with("20 ms", func(p *netsim.Params) { p.Delay = 10 * ms }),
		with("60 ms", func(*netsim.Params) {}),
		with("60 ms, jitter 5 ms, order kept", func(p *netsim.Params) { p.Jitter = 5 * ms }),
		with("60 ms, jitter 5 ms, reordering", func(p *netsim.Params) { p.Jitter, p.KeepOrder = 5*ms, false }),
		with("60 ms, loss 1 %", func(p *netsim.Params) { p.Loss = 0.01 }),
		with("60 ms, loss 5 %", func(p *netsim.Params) { p.Loss = 0.05 }),
		with("60 ms, loss in bursts", func(p *netsim.Params) { p.BurstStart, p.BurstEnd = 0.01, 0.25 }),
		with("60 ms, duplicates 1 %", func(p *netsim.Params) { p.Duplicate = 0.01 }),
		with("60 ms, reordering 1 %", func(p *netsim.Params) { p.Reorder, p.ReorderBy = 0.01, 30*ms }),
		with("60 ms, jitter 5 ms, loss 5 %", func(p *netsim.Params) { p.Jitter, p.Loss = 5*ms, 0.05 }),
		with("60 ms, all of it", func(p *netsim.Params) {
			p.Jitter, p.KeepOrder, p.Loss, p.BurstStart, p.BurstEnd = 5*ms, false, 0.05, 0.01, 0.25
			disorder(p)
		}),
	}
}
