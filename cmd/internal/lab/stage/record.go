//go:build linux

package stage

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"examlink/probe/record"
	"examlink/probe/warning"
)

// holeFrom is the shortest time without figures that counts as a hole in a
// record. Chosen by us.
const holeFrom = 1500 * time.Millisecond

// WatchRecord is the content of a watch's record.
type WatchRecord struct {
	Warnings []warning.Warning // the last state of each, in the order they were raised
	Sessions []record.Session
	Holes    []Span // times that no minute and no gap covers
	Broken   bool   // the chain of hashes does not hold, or does not end

	covered []coverage
}

// Span is a time between two moments.
type Span struct{ From, To time.Time }

// String returns the times of day.
func (s Span) String() string {
	return fmt.Sprintf("%s to %s", s.From.Format(time.TimeOnly), s.To.Format(time.TimeOnly))
}

// coverage is a time that a line of the record covers.
type coverage struct {
	Span
	stepped bool // the clock was set in it: its ends do not say how long it was
}

// readRecord reads the record of a watch that has ended.
func readRecord(name string) (w WatchRecord, err error) {
	f, err := os.Open(name)
	if err != nil {
		return w, err
	}
	defer f.Close()
	r := record.NewReader(f, name)
	for {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return w, err
		}
		w.add(l)
	}
	c := r.Chain()
	w.Broken = c.Breaks > 0 || !c.Ended
	w.findHoles()
	return w, nil
}

// add takes in a line.
func (w *WatchRecord) add(l record.Line) {
	switch {
	case l.Warning != nil:
		x := l.Warning.Warning
		if i := slices.IndexFunc(w.Warnings, func(old warning.Warning) bool { return old.ID == x.ID }); i >= 0 {
			w.Warnings[i] = x
		} else {
			w.Warnings = append(w.Warnings, x)
		}
	case l.Session != nil:
		w.Sessions = append(w.Sessions, *l.Session)
	case l.Gap != nil:
		w.covered = append(w.covered, coverage{Span{l.Gap.From.Time, l.Gap.To.Time}, l.Gap.Cause == record.ClockStep})
	case l.Minute != nil:
		w.covered = append(w.covered, coverage{Span{l.Minute.From.Time, l.Minute.To.Time}, false})
	}
}

// findHoles finds the times that no line covers. It starts anew where the clock
// was set: times before and after that cannot be compared.
func (w *WatchRecord) findHoles() {
	rest := w.covered
	for len(rest) > 0 {
		n := slices.IndexFunc(rest, func(c coverage) bool { return c.stepped })
		if n < 0 {
			w.findHolesIn(rest)
			return
		}
		w.findHolesIn(rest[:n])
		rest = rest[n+1:]
	}
}

func (w *WatchRecord) findHolesIn(covered []coverage) {
	covered = slices.SortedFunc(slices.Values(covered), func(a, b coverage) int { return a.From.Compare(b.From) })
	var until time.Time
	for _, c := range covered {
		if !until.IsZero() && c.From.Sub(until) > holeFrom {
			w.Holes = append(w.Holes, Span{until, c.From})
		}
		if c.To.After(until) {
			until = c.To
		}
	}
}
