package agent

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/plan"
	"examlink/probe/warning"
)

func TestNotifier(t *testing.T) {
	start := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	w, err := plan.NewWindow(start, start.Add(8*time.Hour), "UTC")
	if err != nil {
		t.Fatal(err)
	}
	known := plan.Make(start.Add(-48*time.Hour), w, plan.Options{})
	unknown := plan.Make(start, plan.Window{}, plan.Options{})
	before, during, after := start.Add(-time.Hour), start.Add(time.Hour), start.Add(9*time.Hour)
	for _, c := range []struct {
		name    string
		setting Notify
		due     plan.Plan
		at      time.Time
		want    int
	}{
		{"before", NotifyBefore, known, before, 2}, {"during", NotifyBefore, known, during, 0}, {"after", NotifyBefore, known, after, 2},
		{"not known when", NotifyBefore, unknown, before, 0}, {"during, always", NotifyAlways, known, during, 2},
		{"not known when, always", NotifyAlways, unknown, before, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			var shown []string
			n := newNotifier(c.setting, c.due, slog.New(slog.DiscardHandler), func(_, text string) error { shown = append(shown, text); return nil })
			x := warning.Warning{Kind: warning.Outage, Start: c.at, Raised: c.at, Evidence: "no answer", Episodes: 1}
			n.Warning(x)
			x.Updated, x.Cause = c.at, warning.CauseWiFi
			n.Warning(x)
			x.Updated, x.End, x.Cleared = time.Time{}, c.at.Add(5*time.Second), c.at.Add(5*time.Second)
			n.Warning(x)
			n.Warning(warning.Warning{Kind: warning.HostBusy, Start: c.at, Raised: c.at, End: c.at, Cleared: c.at})
			x.End = time.Time{}
			n.Warning(x)
			n.end()
			if len(shown) != c.want || c.want > 0 && (shown[0] != "connection interrupted: no answer" || shown[1] != "cleared: connection interrupted, after 5s") {
				t.Errorf("%s: %q", c.name, shown)
			}
		})
	}
	show := func(string, string) error { return nil }
	for _, n := range []*notifier{newNotifier(NotifyOff, known, nil, show), newNotifier("", known, nil, show), newNotifier(NotifyAlways, known, nil, nil)} {
		if n != nil {
			t.Error("there is a notifier, want none")
		}
		n.end()
	}
}

// A desktop that hangs does not hold up the watch; one that fails is logged once.
func TestNotifierNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		n := newNotifier(NotifyAlways, plan.Plan{}, nil, func(string, string) error { <-hang; return nil })
		begun := time.Now()
		for range 20 {
			n.Warning(warning.Warning{Kind: warning.Loss, Raised: begun})
		}
		n.end()
		if d := time.Since(begun); d > time.Second {
			t.Errorf("held up for %v", d)
		}
		close(hang)
	})
	var b bytes.Buffer
	n := newNotifier(NotifyAlways, plan.Plan{}, slog.New(slog.NewTextHandler(&b, nil)), func(string, string) error { return errors.New("no desktop") })
	for range 3 {
		n.Warning(warning.Warning{Kind: warning.Loss, Raised: time.Now()})
	}
	n.end()
	if strings.Count(b.String(), "no desktop") != 1 {
		t.Errorf("%q", b.String())
	}
}
