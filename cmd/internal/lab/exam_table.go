//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"

	"examlink/probe/warning"
)

const examRow = "%-31s %-24s %-34s %7s %7s %7s %5s %12s %6s %5s %6s %s\n"

func printExamHeader() {
	fmt.Printf(examRow, "event", "warning", "cause", "starts", "ends", "warned", "holes", "kbit/s", "cpu", "MB", "queue", "")
}

// print prints a row for each warning of the run, or one if there is none. The
// first has the figures of the run, too.
func (r *examRun) print() {
	if r.err != nil {
		fmt.Printf("%-31s %v\n", r.name, r.err)
		return
	}
	warnings := r.record.Warnings
	if len(warnings) == 0 {
		warnings = []warning.Warning{{}}
	}
	for i, w := range warnings {
		starts, ends, warned := r.offsets(w)
		name, holes, rates, cpu, memory, queue, result := "", "", "", "", "", "", ""
		if i == 0 {
			name, holes = r.name, fmt.Sprint(len(r.record.Holes))
			rates = fmt.Sprintf("%.1f/%.1f", r.downBits/1000, r.upBits/1000)
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

// offsets returns the columns of a warning's times: seconds after the fault's
// beginning, and after its end.
func (r *examRun) offsets(w warning.Warning) (starts, ends, warned string) {
	if w.Kind == "" {
		return "-", "-", "-"
	}
	var shift time.Duration
	for _, e := range r.want {
		if e.kind == w.Kind {
			shift = e.shift
		}
	}
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }
	began, ended := r.began.Add(shift), r.ended.Add(shift)
	starts, ends, warned = seconds(w.Start.Sub(began)), "-", seconds(w.Raised.Sub(began))
	if !w.End.IsZero() {
		ends = seconds(w.End.Sub(ended))
	}
	return starts, ends, warned
}
