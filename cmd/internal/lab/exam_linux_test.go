package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"examlink/probe/record"
	"examlink/probe/warning"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

func TestHoles(t *testing.T) {
	minute := func(from, to float64) record.Line {
		return record.Line{Minute: &record.Minute{From: record.At(after(from)), To: record.At(after(to))}}
	}
	gap := func(from, to float64, c record.Cause) record.Line {
		return record.Line{Gap: &record.Gap{From: record.At(after(from)), To: record.At(after(to)), Cause: c}}
	}
	for _, c := range []struct {
		name  string
		lines []record.Line
		want  int
	}{
		{"minutes that meet", []record.Line{minute(0, 60), minute(60, 120)}, 0},
		{"a second between them", []record.Line{minute(0, 60), minute(61, 120)}, 0},
		{"two seconds between them", []record.Line{minute(0, 60), minute(62, 120)}, 1},
		{"a gap told before the minute around it", []record.Line{gap(70, 80, record.Network), minute(0, 60), minute(60, 120)}, 0},
		{"a gap between two minutes", []record.Line{minute(0, 60), gap(60, 100, record.Network), minute(100, 160)}, 0},
		{"the clock set ahead", []record.Line{minute(0, 60), gap(60, 3660, record.ClockStep), minute(3660, 3720)}, 0},
		{"the clock set back", []record.Line{minute(3600, 3660), gap(3660, 60, record.ClockStep), minute(60, 120), minute(125, 130)}, 1},
	} {
		var got told
		for _, l := range c.lines {
			got.take(l)
		}
		got.findHoles()
		if len(got.holes) != c.want {
			t.Errorf("%s: %v, want %d holes", c.name, got.holes, c.want)
		}
	}
}

func TestJudgeExamRun(t *testing.T) {
	due := expected{kind: warning.Outage, causes: []warning.Cause{warning.CauseBeyond}, from: time.Second, raised: 4 * time.Second, to: time.Second}
	good := warning.Warning{Kind: warning.Outage, Cause: warning.CauseBeyond, Start: after(0.2), Raised: after(3.2), End: after(5.1), Cleared: after(5.1)}
	with := func(change func(*warning.Warning)) []warning.Warning {
		w := good
		change(&w)
		return []warning.Warning{w}
	}
	for _, c := range []struct {
		name     string
		warnings []warning.Warning
		problem  string
	}{
		{"as it must be", []warning.Warning{good}, ""},
		{"none", nil, "no outage"},
		{"another cause", with(func(w *warning.Warning) { w.Cause = warning.CauseWiFi }), "cause"},
		{"late", with(func(w *warning.Warning) { w.Raised = after(4.2) }), "raised 4.2 s"},
		{"begins late", with(func(w *warning.Warning) { w.Start = after(1.2) }), "starts 1.2 s"},
		{"never ends", with(func(w *warning.Warning) { w.End = time.Time{} }), "ends"},
		{"one more", append(with(func(*warning.Warning) {}), warning.Warning{Kind: warning.Loss}), "also loss"},
	} {
		r := examRun{fault: fault{want: []expected{due}}, began: noon, ended: after(5), told: told{warnings: c.warnings}}
		r.judge()
		if all := strings.Join(r.problems, "; "); (c.problem == "") != (all == "") || !strings.Contains(all, c.problem) {
			t.Errorf("%s: %q, want %q", c.name, all, c.problem)
		}
	}
	first := examRun{fault: fault{want: []expected{due}}, began: noon, told: told{warnings: []warning.Warning{{Kind: warning.Loss, Raised: after(1)}, good}}}
	if d, ok := first.warned(); !ok || d != 3200*time.Millisecond {
		t.Errorf("warned after %v, %v; want 3.2 s", d, ok)
	}
}

// Every fault says what it expects, and no name stands twice.
func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range faults() {
		if seen[f.name] || f.begin == nil || f.lasts <= 0 {
			t.Errorf("%q: twice, or without a beginning or a length", f.name)
		}
		seen[f.name] = true
		for _, e := range f.want {
			if !slices.Contains(warning.Kinds(), e.kind) || e.raised <= 0 || e.from <= 0 {
				t.Errorf("%q: %+v", f.name, e)
			}
		}
	}
}

// The client's clock can still be replaced as buildStepped does.
func TestStepsTheRightClock(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "probe", "clock", "clock.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(ownWall)) {
		t.Errorf("probe/clock/clock.go does not contain %q", ownWall)
	}
}
