package probe_test

import (
	"strings"
	"testing"
	"time"

	"examlink/probe"
	"examlink/probe/warning"
	"examlink/probe/watch"
)

// checkCost checks a watch's average cost at the IP layer.
func checkCost(t *testing.T, sum probe.Summary) {
	t.Helper()
	seconds := sum.Ended.Sub(sum.Started).Seconds()
	up, down := float64(sum.BytesUp)*8/1000/seconds, float64(sum.BytesDown)*8/1000/seconds
	t.Logf("%.1f kbit/s down, %.1f up, %d floor tests, %d glances", down, up, sum.FloorTests, sum.Glances)
	if down > 32 || up > 20 {
		t.Errorf("%.1f kbit/s down and %.1f up, want at most 32 and 20", down, up)
	}
}

// checkCover reports times or packets that a watch's windows do not account for. A
// computer's own events are reported separately and are no gap.
func checkCover(t *testing.T, o probe.Options, l *ledger, sum probe.Summary) {
	t.Helper()
	const tick = watch.Tick + ms
	var all windowCount
	var awake time.Duration // awake time of this host so far, according to the windows
	moves := -1
	for _, s := range l.sessions {
		if strings.HasSuffix(s, " connected") || strings.HasSuffix(s, " resumed") {
			moves++
		}
	}
	from := l.start
	for i, e := range l.spans {
		length, told, set := e.to.Sub(e.from), false, time.Duration(0)
		stalled := time.Duration(0) // the loop may close the window before the sender sees that it missed slots
		for _, x := range e.notes {
			switch d := x.End.Sub(x.Start); x.Kind {
			case warning.Clock:
				by, err := time.ParseDuration(strings.TrimPrefix(x.Evidence, "by "))
				if err != nil {
					t.Error(err)
				}
				set += by // both ends of the window are by the clock after the step
			case warning.Suspended:
				length, told = length-d, true
			case warning.HostBusy: // its slots are counted as not sent
				length, told, awake, stalled = length-d, true, awake+d, stalled+d
			}
		}
		if d := e.from.Sub(from.Add(set)); i > 0 && d != 0 || d < 0 || d > time.Second {
			t.Errorf("window from %v: %v are missing before it", e.from.Sub(l.start), d)
		}
		from = e.to
		awake += length
		if length < 0 || length > o.Watch.Window+watch.ClockLook+tick {
			t.Errorf("window from %v: %v long, more than the reported stalls of the computer explain", e.from.Sub(l.start), length)
		}
		waiting := false // for an outage to end: what became of its packets is known after it
		for _, x := range sum.Warnings {
			if x.Kind == warning.Outage && !x.Start.After(e.to) && !x.End.Add(o.LossAfter+2*o.Watch.Window).Before(e.to) {
				waiting = true
			}
			told = told || x.Kind == warning.Outage && !x.Start.After(e.from.Add(tick)) && !x.End.Add(o.LossAfter+tick).Before(e.to)
		}
		if e.received == 0 && !told && length >= o.Interval {
			t.Errorf("window from %v, %v long: nothing came, and nobody says why", e.from.Sub(l.start), length)
		}
		all.sent, all.received, all.lost, all.unsent = all.sent+e.sent, all.received+e.received, all.lost+e.lost, all.unsent+e.unsent
		// Every slot of the schedule is a packet whose fate is known, one the host did
		// not send, or in flight. A session that moves leaves a second's packets
		// unaccounted.
		slots, seen, counted := int(awake/o.Interval), int((awake-stalled)/o.Interval), int(all.sent+all.unsent)
		if slack := 20 * (moves + 1); counted > slots+slack || !waiting && counted < seen-slack-int(o.LossAfter/o.Interval) {
			t.Errorf("by %v: %d packets sent or not, in %d slots", e.to.Sub(l.start), counted, slots)
		}
	}
	if d := sum.Ended.Sub(from); d < 0 || d > tick {
		t.Errorf("the last window ends %v before the watch", d)
	}
	m := sum.Monitor
	if m.Sent != m.Received+m.LostUp+m.LostDown+m.LostUnknown {
		t.Errorf("%d sent, %d received, %d+%d+%d lost", m.Sent, m.Received, m.LostUp, m.LostDown, m.LostUnknown)
	}
	if all.sent != m.Sent || all.received != m.Received || all.lost != m.LostUp+m.LostDown+m.LostUnknown || all.unsent != m.Unsent {
		t.Errorf("the windows hold %d sent, %d received, %d lost, %d unsent; the summary %+v", all.sent, all.received, all.lost, all.unsent, m)
	}
	t.Logf("%d windows: %d sent, %d received, lost %d up %d down %d unknown, %d unsent; %d moves", len(l.spans), m.Sent, m.Received, m.LostUp, m.LostDown, m.LostUnknown, m.Unsent, moves)
}
