//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	"examlink/probe/record"
	"examlink/probe/warning"
)

// earliest is how long before the fault a warning may start. Chosen by us.
const earliest = 1500 * time.Millisecond

// windowLength is the default of client.watch.window.
const windowLength = 5 * time.Second

// judge compares the record with what is due.
func (r *examRun) judge() {
	due := map[int]bool{} // warnings of the record, by index
	for _, e := range r.want {
		i := slices.IndexFunc(r.record.Warnings, func(w warning.Warning) bool { return w.Kind == e.kind })
		switch {
		case i >= 0:
			due[i] = true
			r.judgeWarning(r.record.Warnings[i], e)
		case !e.optional:
			r.problem("no %s", e.kind)
		}
	}
	for i, w := range r.record.Warnings {
		if !due[i] {
			r.problem("also %s: %s", w.Kind, w.Details())
		}
	}
	if r.moved && !slices.ContainsFunc(r.record.Sessions, func(s record.Session) bool { return s.State == "moved" }) {
		r.problem("the record does not say that the address changed")
	}
	for _, h := range r.record.Holes {
		r.problem("hole in the record: %s", h)
	}
	if r.record.Broken {
		r.problem("the record's chain is broken")
	}
}

// judgeWarning compares a warning with the expected one.
func (r *examRun) judgeWarning(w warning.Warning, e expected) {
	if !slices.Contains(e.causes, w.Cause) && (len(e.causes) > 0 || w.Cause != warning.NotKnown) {
		r.problem("%s: cause %q", e.kind, w.Cause)
	}
	began, ended := r.began.Add(e.shift), r.ended.Add(e.shift)
	early := earliest
	if inWindows(e.kind) {
		early = windowLength
	}
	if d := w.Start.Sub(began); d < -early || d > e.starts {
		r.problem("%s starts %.1f s after", e.kind, d.Seconds())
	}
	if d := w.Raised.Sub(began); d > e.raised {
		r.problem("%s is raised %.1f s after", e.kind, d.Seconds())
	}
	if e.ends == 0 {
		return
	}
	if d := w.End.Sub(ended); w.End.IsZero() || d < -early || d > e.ends {
		r.problem("%s ends %.1f s after", e.kind, d.Seconds())
	}
}

func (r *examRun) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// inWindows reports whether a kind is judged by windows of the monitor stream,
// and so begins and ends with one.
func inWindows(k warning.Kind) bool {
	return k == warning.Loss || k == warning.Delay || k == warning.DelayVariation
}
