//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"examlink/cmd/internal/lab/emulator"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
)

// Of every link of the grid. Chosen by us.
const (
	queueTime   = 100 * time.Millisecond
	queueLeast  = 15000 // bytes, ten full packets: no modem has less
	policedLine = 100e6 // bit/s of the line behind a policer
)

// The grid, unless flags say otherwise.
var (
	gridRates = [][2]float64{{0.3, 0.15}, {0.768, 0.384}, {1.5, 1}, {4, 2}, {10, 5}, {25, 10}, {100, 20}} // down, up
	gridRTT   = []time.Duration{20 * time.Millisecond, 100 * time.Millisecond}
	gridLoss  = []float64{0, 0.01}
	// Links that drop what exceeds their rate at once, after a bucket of so many bytes.
	policedRates = [][2]float64{{0.6, 0.3}, {1.5, 1}, {4, 2}}
	gridPolicers = []int{2500, 60e3, 300e3}
)

// cell is one link of the grid. Rates are Mbit/s at the IP layer.
type cell struct {
	down, up           float64
	downTrace, upTrace *netsim.Trace // instead of a rate, which is then its mean
	rtt                time.Duration
	loss               float64
	policer            int // bytes of its bucket; 0: a queue instead
}

// params returns the parameters of both directions.
func (c cell) params() (up, down netsim.Params) {
	one := func(rate float64, t *netsim.Trace) netsim.Params {
		p := netsim.Params{Delay: c.rtt / 2, Loss: c.loss, KeepOrder: true, Trace: t}
		if t == nil {
			p.Rate = ippm.Rate(rate * 1e6)
		}
		p.Queue = max(int(rate*1e6/8*queueTime.Seconds()), queueLeast)
		if c.policer > 0 {
			p.PoliceRate, p.PoliceBurst, p.Rate = p.Rate, c.policer, policedLine
		}
		return p
	}
	return one(c.up, c.upTrace), one(c.down, c.downTrace)
}

// String returns the name of the link in the tables.
func (c cell) String() string {
	one := func(rate float64, t *netsim.Trace) string {
		if t != nil {
			return fmt.Sprintf("trace %.3g", rate)
		}
		return fmt.Sprintf("%g", rate)
	}
	if c.policer > 0 {
		return fmt.Sprintf("%g/%g Mbit/s, policed, %g kB", c.down, c.up, float64(c.policer)/1e3)
	}
	return fmt.Sprintf("%s/%s Mbit/s, %d ms, %g %% loss", one(c.down, c.downTrace), one(c.up, c.upTrace), c.rtt.Milliseconds(), c.loss*100)
}

// gridOptions select the links that the rates experiment measures.
type gridOptions struct {
	short              bool
	rates              string        // "down/up,down/up", Mbit/s; empty: all
	rtt                time.Duration // 0: all
	loss               float64       // negative: all
	policed            bool          // only links with policers
	traceDown, traceUp string        // files; empty: a rate instead
}

// cells returns the links selected.
func (o gridOptions) cells() (cells []cell, err error) {
	rates, rtts, losses := gridRates, gridRTT, gridLoss
	if o.rates != "" {
		if rates, err = parseRates(o.rates); err != nil {
			return nil, err
		}
	} else if o.traceDown != "" || o.traceUp != "" {
		rates = [][2]float64{{10, 5}} // for the direction without a trace
	}
	if o.rtt > 0 {
		rtts = []time.Duration{o.rtt}
	}
	if o.loss >= 0 {
		losses = []float64{o.loss}
	}
	var down, up *netsim.Trace
	if down, err = emulator.ReadTrace(o.traceDown); err != nil {
		return nil, err
	}
	if up, err = emulator.ReadTrace(o.traceUp); err != nil {
		return nil, err
	}
	for _, r := range rates {
		for _, rtt := range rtts {
			for _, loss := range losses {
				c := cell{down: r[0], up: r[1], rtt: rtt, loss: loss, downTrace: down, upTrace: up}
				if down != nil {
					c.down = float64(down.Rate()) / 1e6
				}
				if up != nil {
					c.up = float64(up.Rate()) / 1e6
				}
				cells = append(cells, c)
			}
		}
	}
	if o.policed {
		cells = nil
	}
	if o.policed || o.rates == "" && o.rtt == 0 && o.loss < 0 && down == nil && up == nil {
		cells = append(cells, policedCells()...)
	}
	if o.short {
		cells = []cell{{down: 0.768, up: 0.384, rtt: 20 * time.Millisecond}, {down: 10, up: 5, rtt: 100 * time.Millisecond, loss: 0.01}}
	}
	return cells, nil
}

// policedCells returns the links with policers.
func policedCells() (cells []cell) {
	for _, r := range policedRates {
		for _, bucket := range gridPolicers {
			cells = append(cells, cell{down: r[0], up: r[1], rtt: gridRTT[0], policer: bucket})
		}
	}
	return cells
}

// formatRates writes pairs of rates as parseRates reads them.
func formatRates(rates [][2]float64) string {
	var words []string
	for _, r := range rates {
		words = append(words, fmt.Sprintf("%g/%g", r[0], r[1]))
	}
	return strings.Join(words, ",")
}

// parseRates parses pairs of rates, down and up.
func parseRates(s string) (rates [][2]float64, err error) {
	for word := range strings.SplitSeq(s, ",") {
		down, up, ok := strings.Cut(word, "/")
		d, err1 := strconv.ParseFloat(down, 64)
		u, err2 := strconv.ParseFloat(up, 64)
		if !ok || err1 != nil || err2 != nil || !(d > 0) || !(u > 0) {
			return nil, fmt.Errorf("-rates: %q, expected Mbit/s down and up, as in 0.768/0.384", word)
		}
		rates = append(rates, [2]float64{d, u})
	}
	return rates, nil
}
