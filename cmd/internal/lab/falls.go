//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/netsim"
	"examlink/probe/warning"
)

// Chosen by us.
const (
	fallRuns   = 20
	fallLasts  = 40 * time.Second
	fallWithin = 10 * time.Second // after the fall, the warning is due
	fallRest   = 5 * time.Second  // of the watch, after the fall
)

// falls lets the rates fall below the minimum at random moments, down, up and
// both in turn, and prints how soon the watch warned.
func (l *lab) falls(o options) error {
	n := fallRuns
	if o.runs > 1 {
		n = o.runs
	}
	kinds := fallKinds()
	var list []fault
	for i := range n {
		list = append(list, kinds[i%len(kinds)])
	}
	runs, err := l.watches(list, o.parallel, examSettle+examScatter+fallLasts+fallRest)
	if err != nil {
		return err
	}
	var after []time.Duration
	for _, r := range runs {
		if first, ok := r.warned(); ok {
			after = append(after, first)
		}
	}
	slices.Sort(after)
	in := len(after)
	if i := slices.IndexFunc(after, func(d time.Duration) bool { return d > fallWithin }); i >= 0 {
		in = i
	}
	fmt.Printf("\nwarned of within %v in %d of %d runs", fallWithin, in, n)
	if len(after) > 0 {
		fmt.Printf("; after %.1f s in the median, %.1f s at worst", after[len(after)/2].Seconds(), after[len(after)-1].Seconds())
	}
	fmt.Print("\n\n")
	return nil
}

// fallKinds returns the falls, which do not end before the watch.
func fallKinds() []fault {
	fall := func(name string, up, down func(*netsim.Params), kinds ...warning.Kind) fault {
		f := fault{name: name, lasts: fallLasts, begin: func(t *stage.Testbed) error { return t.ChangeLink(up, down, 0) }}
		for _, k := range kinds {
			f.want = append(f.want, expected{kind: k, starts: fallWithin, raised: fallWithin})
		}
		return f
	}
	return []fault{
		fall("download falls to 0.5 Mbit/s", unchanged, setRate(0.5), warning.DownloadBelowMinimum),
		fall("upload falls to 0.25 Mbit/s", setRate(0.25), unchanged, warning.UploadBelowMinimum),
		fall("both fall", setRate(0.25), setRate(0.5), warning.DownloadBelowMinimum, warning.UploadBelowMinimum),
	}
}

// warned returns how long after the fault the first warning that was due was
// raised; ok is false when none was.
func (r *examRun) warned() (first time.Duration, ok bool) {
	for _, w := range r.record.Warnings {
		due := slices.ContainsFunc(r.want, func(e expected) bool { return e.kind == w.Kind })
		if d := w.Raised.Sub(r.began); due && d >= 0 && (!ok || d < first) {
			first, ok = d, true
		}
	}
	return first, ok
}
