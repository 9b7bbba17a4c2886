//go:build linux

// Command lab measures examlink and its peers on the same emulated links in one
// run and prints how far each is from the truth. It needs root, and for the
// peers iperf3, irtt and ping; a peer that is not there is left out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"examlink/cmd/internal/lab/emulator"
	"examlink/cmd/internal/lab/stage"
)

type options struct {
	grid     gridOptions
	runs     int
	peers    bool
	only     string
	sessions int
	match    string
	records  string
	parallel int
	lasting  time.Duration
	keep     string
}

var parts = []string{"rates", "delay", "noise", "load", "exam", "falls", "stream"}

// asked are the parts that run only when asked for.
var asked = []string{"load", "exam", "falls", "stream"}

func main() {
	if len(os.Args) == 2 && os.Args[1] == emulator.Command {
		exit(emulator.Emulate(os.Stdin, os.Stdout, stage.IsProbe))
	}
	if len(os.Args) > 1 && os.Args[1] == streamCommand {
		exit(stream(os.Args[2:], os.Stdout))
	}
	var o options
	flag.BoolVar(&o.grid.short, "short", false, "for CI: two rates and one row of delays, no peers; fails when the figures are wrong")
	flag.IntVar(&o.runs, "runs", 1, "measurements of each link")
	flag.BoolVar(&o.peers, "peers", true, "measure with iperf3, irtt and ping, too")
	flag.StringVar(&o.only, "only", "", "one `part` only: "+strings.Join(parts, ", "))
	flag.IntVar(&o.sessions, "sessions", 5000, "load: how many sessions")
	flag.StringVar(&o.grid.rates, "rates", "", "rates: these links only, Mbit/s `down/up`,down/up...")
	flag.DurationVar(&o.grid.rtt, "rtt", 0, "rates: links of this round trip only; 0: 20ms and 100ms")
	flag.Float64Var(&o.grid.loss, "loss", -1, "rates: links of this loss only; negative: 0 and 0.01")
	flag.StringVar(&o.grid.traceDown, "trace-down", "", "rates: play this Mahimahi trace `file` downwards")
	flag.StringVar(&o.grid.traceUp, "trace-up", "", "rates: play this Mahimahi trace `file` upwards")
	flag.StringVar(&o.match, "match", "", "delay, exam: links and events with this `text` in their names only")
	flag.IntVar(&o.parallel, "parallel", 4, "exam, falls: how many `watches` go on at once")
	flag.DurationVar(&o.lasting, "for", examLasting, "exam: how long each watch `lasts`")
	flag.StringVar(&o.records, "json", "", "write every measurement with its ground truth to this `file`, as JSON lines")
	flag.StringVar(&o.keep, "keep", "", "exam, falls: keep what each watch leaves (record, logs) in this `folder`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, o options) error {
	if os.Geteuid() != 0 {
		return errors.New("needs root to make network namespaces")
	}
	wants := func(part string) bool {
		return o.only == part || o.only == "" && !slices.Contains(asked, part) && (part != "noise" || !o.grid.short)
	}
	if o.runs < 1 || o.parallel < 1 || o.lasting < 2*(examSettle+examScatter) {
		return fmt.Errorf("-runs %d, -parallel %d, -for %v: expected 1 or more, and at least %v", o.runs, o.parallel, o.lasting, 2*(examSettle+examScatter))
	}
	if o.only != "" && !slices.Contains(parts, o.only) {
		return fmt.Errorf("-only: %q, expected one of %s", o.only, strings.Join(parts, ", "))
	}
	cells, err := o.grid.cells()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "examlink-lab-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs, err := stage.Build(ctx, dir)
	if err != nil {
		return err
	}
	if wants("load") {
		return load(ctx, programs, o.sessions, 20*time.Second)
	}
	records, done, err := openRecords(o.records)
	if err != nil {
		return err
	}
	b := &lab{ctx: ctx, programs: programs, records: records, keep: o.keep}
	err = b.parts(o, cells, wants)
	if err := errors.Join(err, done()); err != nil {
		return err
	}
	if o.grid.short && len(b.failures) > 0 {
		return fmt.Errorf("not as it must be:\n  %s", strings.Join(b.failures, "\n  "))
	}
	return nil
}

// parts runs the parts that are wanted.
func (b *lab) parts(o options, cells []cell, wants func(string) bool) (err error) {
	switch {
	case wants("exam"):
		return b.exam(o)
	case wants("falls"):
		return b.falls(o)
	case wants("stream"):
		return b.stream(o)
	}
	peers := o.peers && !o.grid.short
	if wants("noise") { // before there is an emulator, whose threads would disturb it
		if err := b.noise(peers); err != nil {
			return err
		}
	}
	if !wants("rates") && !wants("delay") {
		return nil
	}
	if b.e, err = stage.NewHosts(0); err != nil {
		return err
	}
	defer b.e.Close()
	if b.token, err = b.serve(b.e.Far, stage.FarAddress); err != nil {
		return err
	}
	defer b.stop()
	if wants("rates") {
		if err := b.rates(cells, o.grid.short, peers, o.runs); err != nil {
			return err
		}
	}
	if wants("delay") {
		links := slices.DeleteFunc(delayLinks(o.grid.short), func(l delayLink) bool { return !strings.Contains(l.name, o.match) })
		return b.delays(links, o.grid.short, peers, o.runs)
	}
	return nil
}
