//go:build linux

package main

import (
	"fmt"
	"maps"
	"slices"

	"examlink/cmd/internal/lab/emulator"
)

// fullFrom is the rate in Mbit/s above which a check without --full looks for a
// bound only. Chosen by us.
const fullFrom = 20.0

// rateTool measures the rates of a link.
type rateTool struct {
	name    string
	measure func(cell) (rateFigures, error)
}

// rateTools returns the tools for a link.
func (l *lab) rateTools(c cell, peers bool) []rateTool {
	tools := []rateTool{{"examlink", func(cell) (rateFigures, error) { return l.check() }}}
	if max(c.down, c.up) > fullFrom {
		tools = append(tools, rateTool{"examlink --full", func(cell) (rateFigures, error) { return l.check("--full") }})
	}
	if peers && have("iperf3") {
		tools = append(tools, rateTool{"iperf3-udp", l.iperfUDP}, rateTool{"iperf3-tcp", l.iperfTCP})
	}
	return tools
}

const ratesRow = "%-37s %-15s %9s %9s %8s %8s %7s %6s %4s%s\n"

// rateTable is the state of the rates experiment.
type rateTable struct {
	errors map[string]*rateErrors // by tool and loss
	last   emulator.State
}

// rates measures capacity over the grid.
func (l *lab) rates(cells []cell, short, peers bool, runs int) error {
	return l.compareRates(cells, func(c cell) []rateTool { return l.rateTools(c, peers) }, short, runs)
}

// compareRates measures links with tools and prints what they say beside the truth.
func (l *lab) compareRates(cells []cell, tools func(cell) []rateTool, short bool, runs int) error {
	fmt.Printf(ratesRow, "link", "tool", "down", "up", "error", "error", "MB", "s", "rep", "")
	t := rateTable{errors: map[string]*rateErrors{}}
	for i, c := range cells {
		for run := range runs {
			for _, tool := range tools(c) {
				if err := l.rate(&t, c, tool, uint64(i*100+run)); err != nil {
					return err
				}
			}
		}
	}
	fmt.Printf("\n%-32s %18s %18s %8s %7s %7s %7s %7s\n", "tool", "down med/worst", "up med/worst", "MB worst", "s worst", "bounds", "inconcl", "broken")
	names := slices.Sorted(maps.Keys(t.errors))
	for _, n := range names {
		fmt.Printf("%-32s %s\n", n, t.errors[n])
	}
	fmt.Printf("%s\n", l.stallSummary())
	fmt.Printf("\nground truth of the last measurement: %s\n\n", t.last)
	if short {
		for _, n := range names {
			l.failures = append(l.failures, t.errors[n].shortFailures(n)...)
		}
	}
	return nil
}

// rate measures one link with one tool and prints the row. A tool that fails is
// counted; an error ends the experiment.
func (l *lab) rate(t *rateTable, c cell, tool rateTool, seed uint64) error {
	up, down := c.params()
	var r rateFigures
	m, err := l.measure(up, down, seed, func() (err error) {
		r, err = tool.measure(c)
		return err
	})
	if l.ctx.Err() != nil {
		return l.ctx.Err()
	}
	if e := l.record("rates", c.String(), tool.name, m, r, err); e != nil {
		return e
	}
	key := fmt.Sprintf("%s, %g %% loss", tool.name, c.loss*100)
	if c.policer > 0 {
		key = tool.name + ", policers"
	}
	if t.errors[key] == nil {
		t.errors[key] = &rateErrors{}
	}
	t.last = m.State
	if err != nil {
		t.errors[key].broken++
		l.failures = append(l.failures, fmt.Sprintf("%s: %s: %v", c, tool.name, err))
		fmt.Printf("%-37s %-15s %v\n", c, tool.name, err)
		return nil
	}
	downOff, upOff := t.errors[key].add(r, c, m)
	fmt.Printf(ratesRow, c, tool.name, r.Down, r.Up, downOff, upOff, fmt.Sprintf("%.2f", float64(m.Bytes)/1e6), fmt.Sprintf("%.1f", m.Seconds), m.mark(), r.why())
	return nil
}
