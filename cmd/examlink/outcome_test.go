package main

import (
	"examlink/probe/view"
	"strings"
	"testing"
	"time"

	"examlink/probe"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// The verdict on a watch goes by what was below the minimum, by outages, and by what was
// tested; it adds up the times it shows.
func TestVerdictOnAWatch(t *testing.T) {
	at := func(s float64) time.Time { return examDay.Add(time.Duration(s * float64(time.Second))) }
	of := func(k warning.Kind, from, to float64) probe.Episode {
		return probe.Episode{Kind: k, From: at(from), To: at(to)}
	}
	both := map[wire.Direction]bool{wire.Down: true, wire.Up: true}
	for name, c := range map[string]struct {
		episodes probe.Episodes
		tested   map[wire.Direction]bool
		want     watchOutcome
		spells   string
	}{
		"all good":             {nil, both, outcomeMet, ""},
		"slow":                 {probe.Episodes{of(warning.DownloadBelowMinimum, 60, 650)}, both, outcomeMissed, "Download below the minimum from 09:01:00 to 09:10:50 (9 min 50 s)."},
		"lossy":                {probe.Episodes{of(warning.Loss, 0, 30)}, both, outcomeMissed, "Packet loss from 09:00:00 to 09:00:30 (30 s)."},
		"below recommendation": {probe.Episodes{of(warning.BelowRecommended, 0, 30)}, both, outcomeMetMinimum, "Rate below the recommendation from"},
		"interrupted briefly":  {probe.Episodes{of(warning.Outage, 1.4, 9.6), of(warning.Outage, 20.4, 24.4)}, both, outcomeMetMinimum, "Connection interrupted 2 times, 12 s in all; longest from 09:00:01 to 09:00:09 (8 s)."},
		"interrupted for long": {probe.Episodes{of(warning.Outage, 0, 31)}, both, outcomeMissed, "(31 s)"},
		"asleep":               {probe.Episodes{of(warning.Suspended, 0, 300)}, both, outcomeMetMinimum, "The computer was asleep from 09:00:00 to 09:05:00 (5 min)."},
		"untested":             {nil, map[wire.Direction]bool{wire.Down: true}, outcomeUnknown, ""},
		"slow and untested":    {probe.Episodes{of(warning.DownloadBelowMinimum, 0, 60)}, nil, outcomeMissed, "(1 min)"},
	} {
		link := view.NewLink(examTime(t))
		link.Policy, link.Tested = verdict.BuiltIn()[0], c.tested
		v := judgeWatch(probe.Summary{Started: at(0), Ended: at(700), Connects: 1, Episodes: c.episodes}, &link)
		var text []string
		for _, x := range v.spells {
			text = append(text, x.String())
		}
		if got := strings.Join(text, " "); v.outcome != c.want || !strings.Contains(got, c.spells) || c.spells == "" && got != "" {
			t.Errorf("%s: %s (%s), %q, want %s, %q", name, v.outcome, v.sentence, got, c.want, c.spells)
		}
	}
	link := view.NewLink(examTime(t))
	if v := judgeWatch(probe.Summary{}, &link); v.outcome != outcomeNotMeasured || !strings.Contains(v.sentence, "stopped before it was due") {
		t.Errorf("not begun: %+v", v)
	}
	if v := judgeWatch(probe.Summary{Started: at(0)}, &link); v.outcome != outcomeNotMeasured || !strings.Contains(v.sentence, "could not be reached") {
		t.Errorf("not connected: %+v", v)
	}
}
