//go:build linux

package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"examlink/cmd/internal/lab/emulator"
)

// Chosen by us.
const (
	fullFrom      = 20.0 // Mbit/s, above which a check looks for a bound only, unless told --full
	boundMargin   = 0.02 // a bound this far above the truth is an error
	shortMaxError = 0.05 // of a rate, in a short run
)

// figure is what a tool says of one direction, in Mbit/s at the IP layer.
type figure struct {
	Value   *float64 `json:"value"`    // nil: none
	AtLeast *float64 `json:"at_least"` // the bound, if that is all
	Why     string   `json:"why,omitempty"`
}

func mbit(bps float64) *float64 {
	v := bps / 1e6
	return &v
}

// bound says that the tool gave a bound, and has no more to say.
func (f figure) bound() bool { return f.Value == nil && f.AtLeast != nil && f.Why == "" }

// off is the relative error; ok is false when there is none to tell of. A bound
// is wrong only when it is above the truth.
func (f figure) off(truth float64) (e float64, ok bool) {
	switch {
	case f.Value != nil:
		return *f.Value/truth - 1, true
	case f.AtLeast != nil && *f.AtLeast > truth*(1+boundMargin):
		return *f.AtLeast/truth - 1, true
	}
	return 0, false
}

func (f figure) String() string {
	switch {
	case f.Value != nil:
		return fmt.Sprintf("%.4f", *f.Value)
	case f.bound():
		return fmt.Sprintf(">=%.1f", *f.AtLeast)
	}
	return "-"
}

type rates struct {
	Down figure `json:"down"`
	Up   figure `json:"up"`
}

// why names the reasons for figures that are not there.
func (r rates) why() string {
	s := ""
	for _, x := range []struct {
		name string
		f    figure
	}{{"down", r.Down}, {"up", r.Up}} {
		if x.f.Value == nil && !x.f.bound() {
			s += fmt.Sprintf("  %s: %s", x.name, cmp.Or(x.f.Why, "no reason given"))
		}
	}
	return s
}

type tool struct {
	name    string
	measure func(cell) (rates, error)
}

func (b *lab) rateTools(c cell, peers bool) []tool {
	tools := []tool{{"examlink", func(cell) (rates, error) { return b.check() }}}
	if max(c.down, c.up) > fullFrom {
		tools = append(tools, tool{"examlink --full", func(cell) (rates, error) { return b.check("--full") }})
	}
	if peers && have("iperf3") {
		tools = append(tools, tool{"iperf3-udp", b.iperfUDP}, tool{"iperf3-tcp", b.iperfTCP})
	}
	return tools
}

// rates measures capacity over the grid.
func (b *lab) rates(cells []cell, short, peers bool, runs int) error {
	const row = "%-37s %-15s %9s %9s %8s %8s %7s %6s %4s%s\n"
	fmt.Printf(row, "link", "tool", "down", "up", "error", "error", "MB", "s", "rep", "")
	table := map[string]*rateErrors{}
	var last emulator.State
	for i, c := range cells {
		for run := range runs {
			for _, t := range b.rateTools(c, peers) {
				up, down := c.params()
				var r rates
				m, err := b.measure(up, down, uint64(i*100+run), func() (err error) {
					r, err = t.measure(c)
					return err
				})
				if b.ctx.Err() != nil {
					return b.ctx.Err()
				}
				if e := b.record("rates", c.String(), t.name, m, r, err); e != nil {
					return e
				}
				key := fmt.Sprintf("%s, %g %% loss", t.name, c.loss*100)
				if table[key] == nil {
					table[key] = &rateErrors{}
				}
				last = m.State
				if err != nil {
					table[key].broken++
					b.failures = append(b.failures, fmt.Sprintf("%s: %s: %v", c, t.name, err))
					fmt.Printf("%-37s %-15s %v\n", c, t.name, err)
					continue
				}
				downOff, upOff := table[key].add(r, c, m)
				fmt.Printf(row, c, t.name, r.Down, r.Up, downOff, upOff, fmt.Sprintf("%.2f", float64(m.Bytes)/1e6), fmt.Sprintf("%.1f", m.Seconds), m.mark(), r.why())
			}
		}
	}
	fmt.Printf("\n%-32s %18s %18s %8s %7s %7s %7s %7s\n", "tool", "down med/worst", "up med/worst", "MB worst", "s worst", "bounds", "inconcl", "broken")
	var names []string
	for n := range table {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		fmt.Printf("%-32s %s\n", n, table[n])
	}
	fmt.Printf("%s\n", b.stallSummary())
	fmt.Printf("\nground truth of the last measurement: %s\n\n", last)
	if short {
		for _, n := range names {
			b.failures = append(b.failures, table[n].shortFailures(n)...)
		}
	}
	return nil
}

// rateErrors is what a tool got wrong on the links of one loss.
type rateErrors struct {
	down, up             []float64 // absolute relative errors
	mb, seconds          []float64
	bounds, inconclusive int // directions
	broken               int // measurements that could not be made
}

// add takes a measurement, and says for the table how far off it was.
func (e *rateErrors) add(r rates, c cell, m outcome) (down, up string) {
	e.mb, e.seconds = append(e.mb, float64(m.Bytes)/1e6), append(e.seconds, m.Seconds)
	one := func(f figure, truth float64, to *[]float64) string {
		switch {
		case f.bound():
			e.bounds++
		case f.Value == nil:
			e.inconclusive++
		}
		off, ok := f.off(truth)
		if !ok {
			return "-"
		}
		*to = append(*to, math.Abs(off))
		return fmt.Sprintf("%.2f%%", 100*off)
	}
	return one(r.Down, c.down, &e.down), one(r.Up, c.up, &e.up)
}

func (e *rateErrors) String() string {
	pair := func(v []float64) string {
		if len(v) == 0 {
			return "-"
		}
		s := slices.Sorted(slices.Values(v))
		return fmt.Sprintf("%.2f%% /%6.2f%%", 100*s[len(s)/2], 100*s[len(s)-1])
	}
	worst := func(v []float64) string {
		if len(v) == 0 {
			return "-"
		}
		return fmt.Sprintf("%.2f", slices.Max(v))
	}
	return fmt.Sprintf("%18s %18s %8s %7s %7d %7d %7d", pair(e.down), pair(e.up), worst(e.mb), worst(e.seconds), e.bounds, e.inconclusive, e.broken)
}

// shortFailures says what a short run does not let pass.
func (e *rateErrors) shortFailures(name string) (out []string) {
	for _, d := range [][]float64{e.down, e.up} {
		if len(d) > 0 && slices.Max(d) > shortMaxError {
			out = append(out, fmt.Sprintf("%s: a rate is off by %.1f %%, expected at most %g %%", name, 100*slices.Max(d), 100*shortMaxError))
		}
	}
	if len(e.down) == 0 && len(e.up) == 0 {
		out = append(out, name+": no rate was measured at all")
	}
	return out
}
