//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"examlink/cmd/internal/lab/emulator"
	"examlink/cmd/internal/lab/stage"
	"examlink/probe/netsim"
)

// Chosen by us.
const (
	examLasting = 10 * time.Minute
	examConnect = 15 * time.Second // of a watch, before anything is counted
	examSettle  = 60 * time.Second // of a watch, before the fault may begin
	examScatter = 20 * time.Second // longest random delay of the fault
)

// examLink returns the link of the exam experiment while nothing is wrong with
// it.
func examLink() (up, down netsim.Params) {
	p := netsim.Params{Delay: 15 * time.Millisecond, Jitter: 5 * time.Millisecond, KeepOrder: true, QueueTime: 500 * time.Millisecond}
	up, down = p, p
	up.Rate, down.Rate = 5e6, 10e6
	return up, down
}

// examRun is one watch with one fault.
type examRun struct {
	fault
	began, ended     time.Time // the fault
	upBits, downBits float64   // bit/s offered to the link
	cost             stage.Cost
	queue            time.Duration // longest time in a queue before the fault
	record           stage.WatchRecord
	err              error
	problems         []string // empty: the record is as it must be
}

// exam runs watches as in an exam, each with a fault of its own, several at
// once, and compares their warnings with those that are due.
func (l *lab) exam(o options) error {
	if err := l.programs.BuildStepped(l.ctx); err != nil {
		return err
	}
	var list []fault
	for _, f := range faults() {
		if strings.Contains(f.name, o.match) {
			list = append(list, slices.Repeat([]fault{f}, o.runs)...)
		}
	}
	runs, err := l.watches(list, o.parallel, o.lasting)
	if err != nil {
		return err
	}
	bad := 0
	for _, r := range runs {
		if r.err != nil || len(r.problems) > 0 {
			bad++
			l.failures = append(l.failures, fmt.Sprintf("%s: %v", r.name, r.problems))
		}
	}
	fmt.Printf("\n%d of %d as they must be. Times are seconds: start and end after the event's own, the warning after the event's begin.\n\n", len(runs)-bad, len(runs))
	return nil
}

// watches runs one watch for each fault, several at once, and prints the rows
// of each when it is over.
func (l *lab) watches(list []fault, parallel int, lasting time.Duration) ([]examRun, error) {
	runs := make([]examRun, len(list))
	var printing sync.Mutex
	printExamHeader()
	g := new(errgroup.Group)
	g.SetLimit(parallel)
	for i := range runs {
		g.Go(func() error {
			runs[i] = l.examRun(i+1, list[i], lasting)
			printing.Lock()
			defer printing.Unlock()
			runs[i].print()
			return l.ctx.Err()
		})
	}
	return runs, g.Wait()
}

// examRun runs and judges one watch.
func (l *lab) examRun(n int, f fault, lasting time.Duration) (r examRun) {
	r.fault = f
	up, down := examLink()
	t, err := stage.NewTestbed(l.ctx, l.programs, n, up, down)
	if err != nil {
		r.err = err
		return r
	}
	defer t.Close()
	r.err = r.watch(t, lasting)
	if r.err == nil {
		r.judge()
	}
	if l.keep != "" {
		folder := strings.ReplaceAll(f.name, "/", "-") + fmt.Sprint(-n)
		r.err = errors.Join(r.err, os.CopyFS(filepath.Join(l.keep, folder), os.DirFS(t.Dir)))
	}
	return r
}

// watch runs the client with the fault and collects what the run is judged by.
func (r *examRun) watch(t *stage.Testbed, lasting time.Duration) error {
	if err := t.StartClient(r.client()); err != nil {
		return err
	}
	watched := time.Now()
	stopSampling := t.SampleQueues()
	defer stopSampling()
	if err := t.Sleep(examConnect); err != nil {
		return err
	}
	before, err := t.LinkState()
	if err != nil {
		return err
	}
	counted := time.Now()
	if err := t.Sleep(examSettle - examConnect + rand.N(examScatter)); err != nil {
		return err
	}
	if err := r.disturb(t); err != nil {
		return err
	}
	if err := t.Sleep(lasting - time.Since(watched)); err != nil {
		return err
	}
	after, err := t.LinkState()
	if err != nil {
		return err
	}
	r.countBits(before, after, time.Since(counted))
	if r.cost, err = t.StopClient(); err != nil {
		return err
	}
	r.cost.CPU = time.Duration(float64(r.cost.CPU) / time.Since(watched).Seconds()) // of each second
	stopSampling()
	r.queue = t.LongestQueueWait(counted, r.began.Add(-stage.WaitSample))
	r.record, err = t.Record()
	return err
}

// disturb begins the fault, waits and ends it.
func (r *examRun) disturb(t *stage.Testbed) error {
	r.began = time.Now()
	if err := r.begin(t); err != nil {
		return err
	}
	if err := t.Sleep(r.lasts); err != nil {
		return err
	}
	if r.end != nil {
		if err := r.end(t); err != nil {
			return err
		}
	}
	r.ended = time.Now()
	return nil
}

// countBits computes the rates that the link was offered between two states.
func (r *examRun) countBits(before, after emulator.State, took time.Duration) {
	r.upBits = float64(after.Up.OfferedBytes-before.Up.OfferedBytes) * 8 / took.Seconds()
	r.downBits = float64(after.Down.OfferedBytes-before.Down.OfferedBytes) * 8 / took.Seconds()
}
