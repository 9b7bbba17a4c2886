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

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/record"
	"examlink/probe/warning"
)

// Chosen by us.
const (
	examSettle  = 60 * time.Second // of a watch, before anything happens
	examScatter = 20 * time.Second // the fault begins so much later at most
	earlyMost   = 1500 * time.Millisecond

	windowLength = 5 * time.Second // client.watch.window
)

// examRun is one watch with one fault.
type examRun struct {
	fault
	began, ended   time.Time // the fault
	from, to       time.Time // the watch, as counted
	upBits, downBs float64   // bit/s that the link was offered, while counted
	cost           stage.Cost
	queue          time.Duration // longest wait in the queues before the fault
	record         stage.WatchRecord
	err            error
	problems       []string
}

// exam runs watches as in an exam, each with a fault of its own, several at
// once, and says what was warned of.
func (b *lab) exam(o options) error {
	if err := b.programs.BuildStepped(b.ctx); err != nil {
		return err
	}
	var list []fault
	for _, f := range faults() {
		if strings.Contains(f.name, o.match) {
			list = append(list, slices.Repeat([]fault{f}, o.runs)...)
		}
	}
	runs, err := b.watches(list, o.parallel, o.lasting)
	if err != nil {
		return err
	}
	bad := 0
	for _, r := range runs {
		if r.err != nil || len(r.problems) > 0 {
			bad++
			b.failures = append(b.failures, fmt.Sprintf("%s: %v", r.name, r.problems))
		}
	}
	fmt.Printf("\n%d of %d as they must be. Times are seconds: start and end after the event's own, the warning after the event's begin.\n\n", len(runs)-bad, len(runs))
	return nil
}

// watches runs one watch for each fault, several at once, and prints a row for
// each as it is over.
func (b *lab) watches(list []fault, parallel int, lasting time.Duration) ([]examRun, error) {
	runs := make([]examRun, len(list))
	var print sync.Mutex
	fmt.Printf(examRow, "event", "warning", "cause", "starts", "ends", "warned", "holes", "kbit/s", "cpu", "MB", "queue", "")
	g := new(errgroup.Group)
	g.SetLimit(parallel)
	for i := range runs {
		g.Go(func() error {
			runs[i] = b.examRun(i+1, list[i], lasting)
			print.Lock()
			defer print.Unlock()
			runs[i].print()
			return b.ctx.Err()
		})
	}
	return runs, g.Wait()
}

// examRun runs one watch for so long.
func (b *lab) examRun(n int, f fault, lasting time.Duration) (r examRun) {
	r.fault = f
	up, down := examLink()
	t, err := stage.NewTestbed(b.ctx, b.programs, n, up, down)
	if err != nil {
		r.err = err
		return r
	}
	defer t.Close()
	r.err = r.play(t, lasting)
	if r.err == nil {
		r.judge()
	}
	if b.keep != "" {
		r.err = errors.Join(r.err, os.CopyFS(filepath.Join(b.keep, strings.ReplaceAll(f.name, "/", "-")+fmt.Sprint(-n)), os.DirFS(t.Dir)))
	}
	return r
}

func (r *examRun) play(t *stage.Testbed, lasting time.Duration) error {
	program := stage.Client
	if r.client != "" {
		program = r.client
	}
	if err := t.StartClient(program); err != nil {
		return err
	}
	watched := time.Now()
	stop := t.SampleQueues()
	defer stop()
	if err := t.Sleep(examSettle / 4); err != nil { // connecting is not what is counted
		return err
	}
	before, err := t.LinkState()
	if err != nil {
		return err
	}
	r.from = time.Now()
	if err := t.Sleep(examSettle*3/4 + rand.N(examScatter)); err != nil {
		return err
	}
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
	if err := t.Sleep(lasting - time.Since(watched)); err != nil {
		return err
	}
	after, err := t.LinkState()
	if err != nil {
		return err
	}
	r.to = time.Now()
	seconds := r.to.Sub(r.from).Seconds()
	r.upBits = float64(after.Up.OfferedBytes-before.Up.OfferedBytes) * 8 / seconds
	r.downBs = float64(after.Down.OfferedBytes-before.Down.OfferedBytes) * 8 / seconds
	if r.cost, err = t.StopClient(); err != nil {
		return err
	}
	r.cost.CPU = time.Duration(float64(r.cost.CPU) / time.Since(watched).Seconds()) // of each second
	stop()
	r.queue = t.LongestQueueWait(r.from, r.began.Add(-stage.WaitSample))
	r.record, err = t.Record()
	return err
}

// judge compares what was told with what was due.
func (r *examRun) judge() {
	bad := func(format string, args ...any) { r.problems = append(r.problems, fmt.Sprintf(format, args...)) }
	used := map[int]bool{}
	for _, e := range r.want {
		i := slices.IndexFunc(r.record.Warnings, func(w warning.Warning) bool { return w.Kind == e.kind })
		if i < 0 {
			if !e.option {
				bad("no %s", e.kind)
			}
			continue
		}
		used[i] = true
		w := r.record.Warnings[i]
		if !slices.Contains(e.causes, w.Cause) && (len(e.causes) > 0 || w.Cause != warning.NotKnown) {
			bad("%s: cause %q", e.kind, w.Cause)
		}
		began, ended := r.began.Add(e.shift), r.ended.Add(e.shift)
		early := earlyMost
		if inWindows(e.kind) {
			early = windowLength
		}
		if d := w.Start.Sub(began); d < -early || d > e.from {
			bad("%s starts %.1f s after", e.kind, d.Seconds())
		}
		if d := w.Raised.Sub(began); d > e.raised {
			bad("%s is raised %.1f s after", e.kind, d.Seconds())
		}
		if e.to == 0 {
			continue
		}
		if d := w.End.Sub(ended); w.End.IsZero() || d < -early || d > e.to {
			bad("%s ends %.1f s after", e.kind, d.Seconds())
		}
	}
	for i, w := range r.record.Warnings {
		if !used[i] {
			bad("also %s: %s", w.Kind, w.Details())
		}
	}
	if r.moved && !slices.ContainsFunc(r.record.Sessions, func(s record.Session) bool { return s.State == "moved" }) {
		bad("the record does not say that the address changed")
	}
	for _, h := range r.record.Holes {
		bad("hole in the record: %s", h)
	}
	if r.record.Broken {
		bad("the record's chain is broken")
	}
}

// inWindows says whether a kind is judged by windows of the monitor stream, and
// so begins and ends with one.
func inWindows(k warning.Kind) bool {
	return k == warning.Loss || k == warning.Delay || k == warning.DelayVariation
}

const examRow = "%-31s %-24s %-34s %7s %7s %7s %5s %12s %6s %5s %6s %s\n"

func (r *examRun) print() {
	if r.err != nil {
		fmt.Printf("%-31s %v\n", r.name, r.err)
		return
	}
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }
	rows := r.record.Warnings
	if len(rows) == 0 {
		rows = []warning.Warning{{}}
	}
	for i, w := range rows {
		var shift time.Duration
		for _, e := range r.want {
			if e.kind == w.Kind {
				shift = e.shift
			}
		}
		starts, ends, warned := "-", "-", "-"
		if w.Kind != "" {
			starts, warned = seconds(w.Start.Sub(r.began.Add(shift))), seconds(w.Raised.Sub(r.began.Add(shift)))
			if !w.End.IsZero() {
				ends = seconds(w.End.Sub(r.ended.Add(shift)))
			}
		}
		name, holes, rates, cpu, memory, queue, result := "", "", "", "", "", "", ""
		if i == 0 {
			name, holes = r.name, fmt.Sprint(len(r.record.Holes))
			rates = fmt.Sprintf("%.1f/%.1f", r.downBs/1000, r.upBits/1000)
			cpu, memory = fmt.Sprintf("%.2f%%", 100*r.cost.CPU.Seconds()), fmt.Sprintf("%.0f", float64(r.cost.Memory)/1e6)
			queue = fmt.Sprintf("%d", r.queue.Milliseconds())
			result = "ok"
			if len(r.problems) > 0 {
				result = "NOT: " + strings.Join(r.problems, "; ")
			}
		}
		fmt.Printf(examRow, name, w.Kind, w.Cause, starts, ends, warned, holes, rates, cpu, memory, queue, result)
	}
}
