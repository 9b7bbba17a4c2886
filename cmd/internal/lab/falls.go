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
	fallLasts  = 40 * time.Second
	fallWithin = 10 * time.Second // of the fall it must be warned of
)

// falls lets the rates fall below the minimum at random moments, down, up and
// both in turn, and says how soon that was warned of.
func (b *lab) falls(o options) error {
	down := expected{kind: warning.DownloadBelowMinimum, from: fallWithin, raised: fallWithin}
	up := expected{kind: warning.UploadBelowMinimum, from: fallWithin, raised: fallWithin}
	fall := func(name string, up, down func(*netsim.Params), want ...expected) fault {
		return fault{name: name, lasts: fallLasts, begin: func(t *stage.Testbed) error { return t.ChangeLink(up, down, 0) }, want: want}
	}
	kinds := []fault{
		fall("download falls to 0.5 Mbit/s", unchanged, rate(0.5), down),
		fall("upload falls to 0.25 Mbit/s", rate(0.25), unchanged, up),
		fall("both fall", rate(0.25), rate(0.5), down, up),
	}
	n := fallRuns
	if o.runs > 1 {
		n = o.runs
	}
	var list []fault
	for i := range n {
		list = append(list, kinds[i%len(kinds)])
	}
	runs, err := b.watches(list, o.parallel, examSettle+examScatter+fallLasts+5*time.Second)
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

// warned is how long after the fault the first warning of what was due came.
func (r *examRun) warned() (first time.Duration, ok bool) {
	for _, w := range r.record.Warnings {
		due := slices.ContainsFunc(r.want, func(e expected) bool { return e.kind == w.Kind })
		if d := w.Raised.Sub(r.began); due && d >= 0 && (!ok || d < first) {
			first, ok = d, true
		}
	}
	return first, ok
}
