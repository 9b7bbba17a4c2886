package main

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

// holeFrom is the least time without figures that counts as a hole in a record.
const holeFrom = 1500 * time.Millisecond

// told is what the record of a watch says.
type told struct {
	warnings []warning.Warning // as they stood at last, in the order they were raised
	sessions []record.Session
	floors   []floorLine
	spans    []covered
	holes    []span // times that no minute and no gap accounts for
	gaps     []record.Gap
	minutes  int
	broken   bool // the chain
}

type floorLine struct {
	at time.Time
	record.Floor
}

type span struct{ from, to time.Time }

// readRecord reads the record of a watch that has ended.
func readRecord(name string) (t told, err error) {
	f, err := os.Open(name)
	if err != nil {
		return t, err
	}
	defer f.Close()
	r := record.NewReader(f, name)
	for {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return t, err
		}
		t.take(l)
	}
	c := r.Chain()
	t.broken = c.Breaks > 0 || !c.Ended
	t.findHoles()
	return t, nil
}

type covered struct {
	span
	stepped bool // in it the clock was set: its ends say nothing of its length
}

func (t *told) take(l record.Line) {
	switch {
	case l.Warning != nil:
		w := l.Warning.Warning
		for i, x := range t.warnings {
			if x.ID == w.ID {
				t.warnings[i] = w
				return
			}
		}
		t.warnings = append(t.warnings, w)
	case l.Session != nil:
		t.sessions = append(t.sessions, *l.Session)
	case l.Floor != nil:
		t.floors = append(t.floors, floorLine{l.T.Time, *l.Floor})
	case l.Gap != nil:
		t.gaps = append(t.gaps, *l.Gap)
		t.cover(covered{span{l.Gap.From.Time, l.Gap.To.Time}, l.Gap.Cause == record.ClockStep})
	case l.Minute != nil:
		t.minutes++
		t.cover(covered{span{l.Minute.From.Time, l.Minute.To.Time}, false})
	}
}

// cover takes a time that a line accounts for.
func (t *told) cover(c covered) { t.spans = append(t.spans, c) }

// findHoles looks for times that nothing accounts for. Where the clock was set,
// a new count begins: times before and after it cannot be compared.
func (t *told) findHoles() {
	rest := t.spans
	for len(rest) > 0 {
		n := slices.IndexFunc(rest, func(c covered) bool { return c.stepped })
		if n < 0 {
			t.holesIn(rest)
			return
		}
		t.holesIn(rest[:n])
		rest = rest[n+1:]
	}
}

func (t *told) holesIn(spans []covered) {
	spans = slices.SortedFunc(slices.Values(spans), func(a, b covered) int { return a.from.Compare(b.from) })
	var until time.Time
	for _, c := range spans {
		if !until.IsZero() && c.from.Sub(until) > holeFrom {
			t.holes = append(t.holes, span{until, c.from})
		}
		if c.to.After(until) {
			until = c.to
		}
	}
}

func (s span) String() string {
	return fmt.Sprintf("%s to %s", s.from.Format(time.TimeOnly), s.to.Format(time.TimeOnly))
}
