package watch

import (
	"testing"
	"time"

	"examlink/probe/warning"
)

// Each time a warning is active is one episode, with the times of that episode, whatever
// happens to the warning meanwhile.
func TestEpisodes(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 6, 15, 9, 0, s, 0, time.UTC) }
	outage := warning.Warning{Kind: warning.Outage, Start: at(1), Raised: at(4), Episodes: 1}
	explained := outage
	explained.Cause, explained.Updated = warning.CauseRouter, at(6)
	over := explained
	over.End, over.Cleared = at(10), at(11)
	again := outage
	again.Episodes, again.Since = 2, at(15)
	moved := again
	moved.Since, moved.Updated = at(25), at(26) // the clock was set by 10 s
	stood := moved
	stood.Cleared = at(40)
	asleep := warning.Warning{Kind: warning.Suspended, Start: at(12), Raised: at(14), End: at(14), Cleared: at(14), Cause: warning.CauseAsleep, Episodes: 1}
	busy := warning.Warning{Kind: warning.HostBusy, Start: at(27), Raised: at(28), Episodes: 1}
	stalled := warning.Warning{Kind: warning.HostBusy, Start: at(29), Raised: at(30), End: at(30), Cleared: at(30), Episodes: 1}
	var got Episodes
	for _, w := range []warning.Warning{outage, explained, over, asleep, again, moved, busy, stalled, stood} {
		got.Warning(w)
	}
	want := Episodes{
		{warning.Outage, at(1), at(10), false, warning.CauseRouter},
		{warning.Suspended, at(12), at(14), false, warning.CauseAsleep},
		{warning.Outage, at(25), at(40), true, ""},
		{warning.HostBusy, at(27), at(27), true, ""},
		{warning.HostBusy, at(29), at(30), false, ""},
	}
	if len(got) != len(want) {
		t.Fatalf("%d episodes %+v, want %d", len(got), got, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("episode %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}
