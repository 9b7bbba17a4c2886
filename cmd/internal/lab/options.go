//go:build linux

package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"
)

// options are the lab's flags.
type options struct {
	grid     gridOptions
	runs     int
	peers    bool
	only     string // one of experiments; empty: all but those that run on request
	sessions int
	match    string
	records  string
	parallel int
	lasting  time.Duration
	keep     string
}

var (
	experiments = []string{"rates", "delay", "noise", "load", "exam", "falls", "stream", "page"}
	onRequest   = []string{"load", "exam", "falls", "stream", "page"} // run only when -only names them
)

// parseOptions reads the command line. It ends the program when it is wrong.
func parseOptions() (o options) {
	flag.BoolVar(&o.grid.short, "short", false, "for CI: two rates and one row of delays, no peers; fails when the figures are wrong")
	flag.IntVar(&o.runs, "runs", 1, "measurements of each link")
	flag.BoolVar(&o.peers, "peers", true, "measure with iperf3, irtt and ping, too; page: with ndt7's page")
	flag.StringVar(&o.only, "only", "", "one `part` only: "+strings.Join(experiments, ", "))
	flag.IntVar(&o.sessions, "sessions", 5000, "load: how many sessions")
	flag.StringVar(&o.grid.rates, "rates", "", "rates, page: these links only, Mbit/s `down/up`,down/up...")
	flag.DurationVar(&o.grid.rtt, "rtt", 0, "rates, page: links of this round trip only; 0: 20ms and 100ms")
	flag.BoolVar(&o.grid.policed, "policed", false, "rates: links with policers only")
	flag.Float64Var(&o.grid.loss, "loss", -1, "rates, page: links of this loss only; negative: 0 and 0.01")
	flag.StringVar(&o.grid.traceDown, "trace-down", "", "rates: play this Mahimahi trace `file` downwards")
	flag.StringVar(&o.grid.traceUp, "trace-up", "", "rates: play this Mahimahi trace `file` upwards")
	flag.StringVar(&o.match, "match", "", "delay, exam: links and events with this `text` in their names only")
	flag.IntVar(&o.parallel, "parallel", 4, "exam, falls: how many `watches` go on at once")
	flag.DurationVar(&o.lasting, "for", examLasting, "exam: how long each watch `lasts`")
	flag.StringVar(&o.records, "json", "", "write every measurement with its ground truth to this `file`, as JSON lines")
	flag.StringVar(&o.keep, "keep", "", "exam, falls: keep what each watch leaves (record, logs) in this `folder`")
	flag.Parse()
	return o
}

func (o options) check() error {
	if least := 2 * (examSettle + examScatter); o.runs < 1 || o.parallel < 1 || o.lasting < least {
		return fmt.Errorf("-runs %d, -parallel %d, -for %v: expected 1 or more, and at least %v", o.runs, o.parallel, o.lasting, least)
	}
	if o.only != "" && !slices.Contains(experiments, o.only) {
		return fmt.Errorf("-only: %q, expected one of %s", o.only, strings.Join(experiments, ", "))
	}
	return nil
}

// wants reports whether an experiment is to run.
func (o options) wants(experiment string) bool {
	if o.only != "" {
		return o.only == experiment
	}
	return !slices.Contains(onRequest, experiment) && (experiment != "noise" || !o.grid.short)
}
