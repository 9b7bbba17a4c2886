//go:build linux

package main

import (
	"strings"
	"testing"
	"time"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/warning"
)

func TestJudgeExamRun(t *testing.T) {
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	after := func(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }
	due := expected{kind: warning.Outage, causes: []warning.Cause{warning.CauseBeyond}, starts: time.Second, raised: 4 * time.Second, ends: time.Second}
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
		r := examRun{fault: fault{want: []expected{due}}, began: noon, ended: after(5), record: stage.WatchRecord{Warnings: c.warnings}}
		r.judge()
		if all := strings.Join(r.problems, "; "); (c.problem == "") != (all == "") || !strings.Contains(all, c.problem) {
			t.Errorf("%s: %q, want %q", c.name, all, c.problem)
		}
	}
	first := examRun{fault: fault{want: []expected{due}}, began: noon, record: stage.WatchRecord{Warnings: []warning.Warning{{Kind: warning.Loss, Raised: after(1)}, good}}}
	if d, ok := first.warned(); !ok || d != 3200*time.Millisecond {
		t.Errorf("warned after %v, %v; want 3.2 s", d, ok)
	}
}
