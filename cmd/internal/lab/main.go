//go:build linux

// Command lab measures examlink and its peers on the same emulated links in one
// run and prints how far each is from the truth. It needs root, and for the
// peers iperf3, irtt and ping; it leaves out peers that are not installed. For pages it
// needs Chromium, and for the peer's npm.
package main

import (
	"context"
	"errors"
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

// loadLasting is how long the sessions of the load experiment send probes.
// Chosen by us.
const loadLasting = 20 * time.Second

func main() {
	if len(os.Args) == 2 && os.Args[1] == emulator.Command {
		exit(emulator.Emulate(os.Stdin, os.Stdout, stage.IsProbe))
	}
	if len(os.Args) > 1 && os.Args[1] == streamCommand {
		exit(runStreamEnd(os.Args[2:], os.Stdout))
	}
	if len(os.Args) > 1 && os.Args[1] == pageCommand {
		exit(runPage(os.Args[2:], os.Stdout))
	}
	if len(os.Args) > 1 && os.Args[1] == ndt7Command {
		exit(runNDT7(os.Args[2:]))
	}
	o := parseOptions()
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

// run builds examlink's programs and runs the experiments that o selects.
func run(ctx context.Context, o options) error {
	if os.Geteuid() != 0 {
		return errors.New("needs root to make network namespaces")
	}
	if err := o.check(); err != nil {
		return err
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
	if o.wants("load") {
		return load(ctx, programs, o.sessions, loadLasting)
	}
	records, closeRecords, err := openRecords(o.records)
	if err != nil {
		return err
	}
	l := &lab{ctx: ctx, programs: programs, records: records, keep: o.keep}
	err = l.run(o, cells)
	if err := errors.Join(err, closeRecords()); err != nil {
		return err
	}
	if o.grid.short && len(l.failures) > 0 {
		return fmt.Errorf("not as it must be:\n  %s", strings.Join(l.failures, "\n  "))
	}
	return nil
}

// run runs the experiments that o selects, except load.
func (l *lab) run(o options, cells []cell) (err error) {
	switch {
	case o.wants("exam"):
		return l.exam(o)
	case o.wants("falls"):
		return l.falls(o)
	case o.wants("stream"):
		return l.stream(o)
	}
	peers := o.peers && !o.grid.short
	if o.wants("noise") { // before there is an emulator, whose threads would disturb it
		if err := l.noise(peers); err != nil {
			return err
		}
	}
	if !o.wants("rates") && !o.wants("delay") && !o.wants("page") {
		return nil
	}
	if l.hosts, err = stage.NewHosts(0); err != nil {
		return err
	}
	defer l.hosts.Close()
	if l.token, err = l.serve(l.hosts.Far, stage.FarAddress); err != nil {
		return err
	}
	defer l.stop()
	if o.wants("page") {
		return l.pages(o)
	}
	if o.wants("rates") {
		if err := l.rates(cells, o.grid.short, peers, o.runs); err != nil {
			return err
		}
	}
	if o.wants("delay") {
		links := slices.DeleteFunc(delayLinks(o.grid.short), func(x delayLink) bool { return !strings.Contains(x.name, o.match) })
		return l.delays(links, o.grid.short, peers, o.runs)
	}
	return nil
}
