package alert

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestOneSilence(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold})
	s.live(0, "e/a")
	s.says()
	s.last["e/a"] = 9.95
	s.goes(11, "e/a", "suspect") // alone on the server: no need to wait
	s.says("11.00 suspect raised a")
	s.goes(13, "e/a", "dropped")
	s.goes(40, "e/a", "exam-relevant")
	s.goes(60, "e/a", "live")
	s.says("13.00 dropped raised a", "40.00 exam-relevant raised a", "60.00 recovered cleared a was exam-relevant for 50.05")
	ids := map[string]bool{}
	for _, n := range s.all {
		if n.Warning != s.all[0].Warning || ids[n.ID] || !n.Since.Equal(at(9.95)) {
			t.Errorf("another warning, or no notice of its own: %+v", n)
		}
		ids[n.ID] = true
	}
	s.goes(100, "e/a", "goodbye")
	s.says("100.00 ended cleared a goodbye")
	if len(s.correlator.sessions) != 0 || len(s.correlator.live) != 0 || len(s.correlator.active) != 0 {
		t.Errorf("left: %v %v %v", s.correlator.sessions, s.correlator.live, s.correlator.active)
	}
}

// The first notice of a silence is held while there are enough sessions for an
// incident, and dropped if the silence ends meanwhile.
func TestHold(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold})
	s.live(0, "e/a", "e/b", "e/c", "e/d", "e/e", "e/f", "e/g")
	s.goes(10, "e/a", "suspect")
	s.wait(10.14)
	s.says()
	s.wait(10.15)
	s.says("10.00 suspect raised a")
	s.goes(20, "e/b", "suspect")
	s.goes(20.1, "e/b", "live")
	s.goes(30, "e/c", "suspect")
	s.goes(30.1, "e/c", "goodbye")
	s.wait(40)
	s.says("30.10 ended cleared c goodbye")
	s.goes(50, "e/a", "live")
	s.says("50.00 recovered cleared a was suspect for 41.00")
}

func TestGoodbyeIsNoDrop(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold})
	s.live(0, "e/a")
	s.goes(5, "e/a", "goodbye")
	s.wait(100)
	s.says("5.00 ended cleared a goodbye")
	if w := s.all[0].Sentence; !strings.Contains(w, "ended normally") {
		t.Error(w)
	}
	s.live(200, "e/b")
	s.goes(210, "e/b", "suspect")
	s.goes(212, "e/b", "dropped")
	s.goes(2000, "e/b", "silent")
	s.says("210.00 suspect raised b", "212.00 dropped raised b", "2000.00 ended cleared b was dropped for 1791.00 silent")
}

// The server's goroutines may report the end of a session before its last silence.
func TestSilenceAfterTheEnd(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold})
	s.live(0, "e/a")
	s.goes(5, "e/a", "goodbye")
	s.goes(5, "e/a", "suspect")
	s.goes(5, "e/a", "goodbye")
	s.goes(5, "e/b", "goodbye") // never live
	s.wait(100)
	s.says("5.00 ended cleared a goodbye")
	s.live(100, "e/a") // resumed
	s.goes(110, "e/a", "suspect")
	s.says("110.00 suspect raised a")
	s.goes(111, "e/a", "goodbye")
	s.goes(200, "e/a", "suspect") // too late to belong to that end
	s.says("111.00 ended cleared a was suspect for 2.00 goodbye", "200.00 suspect raised a")
	s.live(201, "e/c")
	s.goes(211, "e/c", "goodbye")
	if len(s.correlator.endedAt) != 1 {
		t.Errorf("%d ends are remembered", len(s.correlator.endedAt))
	}
}

// A session that comes and goes has one warning.
func TestFlapping(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold})
	s.live(0, "e/a")
	for i := range 10 {
		s.goes(10+5*float64(i), "e/a", "suspect")
		s.goes(11+5*float64(i), "e/a", "live")
	}
	s.says(
		"10.00 suspect raised a", "11.00 recovered cleared a was suspect for 2.00",
		"15.00 suspect raised a", "16.00 recovered cleared a was suspect for 2.00",
		"20.00 suspect raised a flapping 3")
	s.goes(60, "e/a", "suspect")
	s.goes(62, "e/a", "dropped") // graver than the latest notice
	s.goes(63, "e/a", "live")
	s.goes(70, "e/a", "suspect")
	s.goes(72, "e/a", "dropped")
	s.goes(73, "e/a", "live")
	s.says("62.00 dropped raised a flapping 11")
	s.wait(102.9)
	s.says()
	s.wait(103)
	s.says("103.00 recovered cleared a was dropped for 54.00 flapping 12")
	s.goes(110, "e/a", "suspect")
	s.says("110.00 suspect raised a")
	s.goes(120, "e/a", "live")
	s.says("120.00 recovered cleared a was suspect for 11.00")
	// Interruptions that are no flapping have a notice each.
	for i := range 5 {
		s.goes(200+15*float64(i), "e/a", "suspect")
		s.goes(205+15*float64(i), "e/a", "live")
	}
	if n := len(s.all) - s.said; n != 10 {
		t.Errorf("%d notices of five interruptions", n)
	}
}

// Active warnings survive a restart.
func TestRestore(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold, MinimumUp: 384e3})
	s.live(0, "e/a", "e/b", "e/slow")
	for range 2 {
		s.correlator.Read(Session{Session: "slow", Exam: "e", Student: "p-slow", State: "live", At: at(1)}, reads(200e3, 190e3, 210e3))
	}
	s.goes(10, "e/a", "suspect")
	s.goes(12, "e/a", "dropped")
	s.wait(13)
	s.goes(13, "e/b", "suspect")
	s.wait(14)
	before := s.correlator.Active()
	b, err := json.Marshal(before)
	if err != nil || len(before) != 3 {
		t.Fatal(err, before)
	}

	var list []Notice
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	list = append(list, Notice{Warning: "incident_1", Incident: "incident_1", Kind: Incident, State: Raised, Since: at(1), At: at(1), Counts: &IncidentCounts{Affected: 3, Exams: []string{}}})
	n := newTestbed(t, Rules{Hold: DefaultHold, MinimumUp: 384e3})
	n.correlator.Restore(list, at(100), 10*time.Minute)
	n.says("100.00 incident cleared for 99.00 restart 3/0 silent 0 [] alone 0")
	n.goes(110, "e/a", "live")
	n.says("110.00 recovered cleared a was dropped for 101.00")
	n.goes(110, "e/slow", "live")
	for i := range 3 {
		n.correlator.Read(Session{Session: "slow", Exam: "e", Student: "p-slow", State: "live", At: at(120 + float64(i))}, reads(800e3, 790e3, 810e3))
	}
	n.says("122.00 recovered cleared slow up was below-minimum for 119.00")
	n.wait(699)
	n.says()
	n.wait(700) // b has not come back
	n.says("700.00 ended cleared b was suspect for 688.00 silent")
	for i, old := range []int{1, 0, 2} {
		if got := n.all[1+i].Warning; got != before[[]int{1, 0, 2}[i]].Warning {
			t.Errorf("notice %d closes %s, want %s (%d)", 1+i, got, before[old].Warning, old)
		}
	}
	if len(n.correlator.active) != 0 || n.correlator.live[""] != 2 {
		t.Errorf("left: %v %v", n.correlator.active, n.correlator.live)
	}
}

// Of two servers' warnings about the same, the older goes on, and both are over in the end.
func TestRestoreOfTheSameTwice(t *testing.T) {
	list := func(since float64, name string) (all []Notice) {
		for _, n := range []Notice{
			{Kind: Dropped, Session: "a", Student: "p-a", LastPacket: at(since)},
			{Kind: BelowMinimum, Session: "a", Student: "p-a", Direction: "up"},
			{Kind: NeverConnected, Student: "p-z"},
			{Kind: NeverConnected, Absent: &AbsentCounts{Students: 7, Roster: 9, Most: 7}},
		} {
			n.Warning = fmt.Sprint(name, len(all))
			n.State, n.Exam, n.Since, n.At = Raised, "e", at(since), at(since)
			all = append(all, n)
		}
		return all
	}
	s := newTestbed(t, Rules{MinimumUp: 384e3})
	s.correlator.Restore(append(list(10, "first"), list(12, "second")...), at(100), time.Hour)
	if len(s.all) != 4 || len(s.correlator.Active()) != 4 {
		t.Fatalf("notices %+v, active %+v, expected that the second of each is over", s.all, s.correlator.Active())
	}
	for i, n := range s.all {
		if n.Warning != fmt.Sprint("second", i) || n.State != Cleared || n.Kind != Recovered || n.End != "duplicate" || !strings.Contains(n.Sentence, "the other one goes on") {
			t.Errorf("notice %+v, expected that the second one is over", n)
		}
	}
	s.goes(110, "e/a", "live")
	for _, n := range s.correlator.Active() {
		if n.Kind == Dropped {
			t.Errorf("%+v is active, expected that the interruption is over", n)
		}
	}
}

// A student whose program was killed before the server restarted comes back with the
// same token and a new session: the old session's warning is over.
func TestRestoredSessionIsReplaced(t *testing.T) {
	s := newTestbed(t, Rules{MinimumUp: 384e3})
	s.live(0, "e/a", "e/b")
	s.goes(10, "e/a", "suspect")
	s.goes(40, "e/a", "exam-relevant")
	s.goes(41, "e/b", "suspect")
	list := s.correlator.Active()
	n := newTestbed(t, Rules{MinimumUp: 384e3})
	n.correlator.Restore(list, at(60), 30*time.Minute)
	back := Session{Session: "a2", Exam: "e", Student: "p-a", State: "connected", At: at(70), LastPacket: at(70), Transport: "udp"}
	n.correlator.Change(back)
	n.says("70.00 ended cleared a was exam-relevant for 61.00 replaced")
	if len(n.correlator.Active()) != 1 || n.correlator.live[""] != 1 || n.correlator.total[""] != 2 {
		t.Errorf("left: %v, live %v of %v", n.correlator.Active(), n.correlator.live, n.correlator.total)
	}
	n.goes(80, "e/b", "live") // the other resumes its own
	n.says("80.00 recovered cleared b was suspect for 40.00")
	n.wait(3600)
	n.says()
}
