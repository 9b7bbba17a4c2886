//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"examlink/cmd/internal/lab/emulator"
	"examlink/cmd/internal/lab/stage"
	"examlink/probe/netsim"
)

// At least a thousand packets for each measurement of delay.
const (
	delayLasting  = 21 * time.Second
	delayInterval = 20 * time.Millisecond
)

// delayLink is one row of the delay part; both directions are alike.
type delayLink struct {
	name string
	p    netsim.Params
}

func delayLinks(short bool) []delayLink {
	const ms = time.Millisecond
	far := netsim.Params{Delay: 30 * ms, KeepOrder: true}
	with := func(name string, change func(*netsim.Params)) delayLink {
		p := far
		change(&p)
		return delayLink{name, p}
	}
	disorder := func(p *netsim.Params) {
		p.Duplicate, p.Reorder, p.ReorderBy = 0.01, 0.01, 30*ms
	}
	links := []delayLink{
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
	if short {
		links = []delayLink{with("60 ms, loss 5 %, dup, reord", func(p *netsim.Params) { p.Loss = 0.05; disorder(p) })}
	}
	return links
}

// delayFigures is what a tool says of a link, in seconds; nil: it does not say.
type delayFigures struct {
	Sent      int      `json:"sent"`
	LostUp    *int     `json:"lost_up"`
	LostDown  *int     `json:"lost_down"`
	Unknown   int      `json:"lost_unknown"`
	RoundTrip *float64 `json:"round_trip_median"`
	IPDVUp    *float64 `json:"ipdv_up_median"`
	IPDVDown  *float64 `json:"ipdv_down_median"`
	PDVUp     *float64 `json:"pdv_up_p99"`
	PDVDown   *float64 `json:"pdv_down_p99"`
}

var delayTools = []string{"examlink", "irtt", "ping"}

// delayOf measures with a tool.
func (b *lab) delayOf(name string) (f delayFigures, err error) {
	if name == "examlink" {
		m, err := b.watch(b.e.Near, b.token, delayLasting, delayInterval)
		return delayFigures{
			m.Sent, &m.LostUp, &m.LostDown, m.LostUnknown, m.RoundTrip.Median, m.IPDVUp.Median, m.IPDVDown.Median, m.PDVUp.P99, m.PDVDown.P99,
		}, err
	}
	measure := map[string]func(ns stage.Namespace, address string, lasting, interval time.Duration) (echoes, error){"irtt": b.irtt, "ping": b.ping}[name]
	e, err := measure(b.e.Near, stage.FarAddress, delayLasting, delayInterval)
	if err != nil {
		return f, err
	}
	f = delayFigures{Sent: e.sent, LostUp: e.lostUp, LostDown: e.lostDown, RoundTrip: &e.roundTrip.Median}
	if e.ipdvUp != nil && e.ipdvDown != nil {
		f.IPDVUp, f.IPDVDown = &e.ipdvUp.Median, &e.ipdvDown.Median
		f.PDVUp, f.PDVDown = pdvP99(e.delayUp), pdvP99(e.delayDown)
	}
	return f, nil
}

// delays measures round-trip delay, variation and loss on links that nothing
// else loads.
func (b *lab) delays(links []delayLink, short, peers bool, runs int) error {
	fmt.Println(delayHeader)
	table := map[string]*delayScore{}
	var last emulator.State
	for i, l := range links {
		for run := range runs {
			for _, name := range delayTools {
				if name != "examlink" && (!peers || !have(name)) {
					continue
				}
				var f delayFigures
				m, err := b.measure(l.p, l.p, uint64(i*100+run), func() (err error) {
					f, err = b.delayOf(name)
					return err
				})
				if b.ctx.Err() != nil {
					return b.ctx.Err()
				}
				if e := b.record("delay", l.name, name, m, f, err); e != nil {
					return e
				}
				if err != nil {
					b.failures = append(b.failures, fmt.Sprintf("%s: %s: %v", l.name, name, err))
					fmt.Printf("%-31s %-8s %v\n", l.name, name, err)
					continue
				}
				if table[name] == nil {
					table[name] = &delayScore{}
				}
				row := compare(l, f, m.State)
				table[name].add(row)
				last = m.State
				fmt.Println(row.line(l.name, name, m.mark()))
				if short && row.split != splitExact {
					b.failures = append(b.failures, fmt.Sprintf("%s: %s: loss up/down %s and %s, expected to be exact", l.name, name, row.lostUp, row.lostDown))
				}
			}
		}
	}
	fmt.Println()
	for _, name := range delayTools {
		if s := table[name]; s != nil {
			fmt.Printf("%-9s %s\n", name, s)
		}
	}
	fmt.Printf("%s\n", b.stallSummary())
	fmt.Printf("\nground truth of the last measurement: %s\n\n", last)
	if len(table) == 0 && len(b.failures) > 0 {
		return errors.New(strings.Join(b.failures, "; "))
	}
	return nil
}
