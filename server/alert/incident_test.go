package alert

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// outage is a stage with an exam of n sessions. The first of them, as many as silent,
// fall silent half a second apart from second 60 on.
func outage(t *testing.T, n, silent int) *testbed {
	s := newTestbed(t, Rules{Hold: DefaultHold})
	for i, who := range s.exam("%d", n)[:silent] {
		s.goes(60+float64(i)/2, who, "suspect")
	}
	s.wait(600)
	s.said = len(s.all)
	return s
}

// A session that falls silent while an incident is active, but long after its
// outbreak, has a notice of its own.
func TestIncidentIsNoNet(t *testing.T) {
	s := outage(t, 20, 12)
	s.goes(660, "e/19", "suspect")
	s.goes(662, "e/19", "dropped")
	s.goes(689, "e/19", "exam-relevant")
	s.says("660.00 suspect raised 19", "662.00 dropped raised 19", "689.00 exam-relevant raised 19")
	s.goes(700, "e/19", "live")
	s.says("700.00 recovered cleared 19 was exam-relevant for 41.00")

	// Sessions that fall silent one after the other do not extend it for ever.
	s = newTestbed(t, Rules{Hold: DefaultHold})
	for i := range 30 {
		s.live(0, fmt.Sprint("e/", i))
	}
	for i := range 18 {
		s.goes(100, fmt.Sprint("e/", i), "suspect")
	}
	for i := range 5 {
		s.goes(109+9*float64(i), fmt.Sprint("e/", 20+i), "suspect")
	}
	s.wait(200)
	var alone []string
	for _, n := range s.all {
		if n.Kind != Incident {
			alone = append(alone, line(n))
		}
	}
	if got := strings.Join(alone, ", "); got != "136.00 suspect raised 23, 145.00 suspect raised 24" {
		t.Errorf("notices of their own: %s; the incident broke out at 100.00 and reaches 30 s", got)
	}
}

// A new outbreak of an active incident sends an update. It takes in sessions that had
// a notice of their own just before.
func TestIncidentBreaksOutAgain(t *testing.T) {
	s := outage(t, 30, 20)
	id := s.all[slices.IndexFunc(s.all, func(n Notice) bool { return n.Kind == Incident })].Warning
	s.goes(700, "e/20", "suspect")
	s.wait(701)
	s.says("700.00 suspect raised 20")
	s.goes(702, "e/21", "suspect")
	s.goes(702, "e/22", "suspect")
	s.goes(702, "e/23", "suspect")
	s.goes(704, "e/20", "dropped")
	s.wait(800)
	s.says("702.15 incident raised 24/30 silent 24 [e] alone 9")
	if n := s.all[len(s.all)-1]; !n.Update || n.Warning != id || !strings.Contains(n.Sentence, "24 still are") {
		t.Errorf("%+v", n)
	}
	if len(s.correlator.incidents) != 1 {
		t.Errorf("%d incidents", len(s.correlator.incidents))
	}
}

// An incident has an update when its counts have changed by a quarter, at most once
// in a window.
func TestIncidentCounts(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold})
	for i := range 40 {
		s.live(0, fmt.Sprint("e/", i))
	}
	for i := range 20 {
		s.goes(100+0.01*float64(i), fmt.Sprint("e/", i), "suspect")
	}
	s.wait(105)
	s.says("100.11 incident raised 12/40 silent 12 [e] alone 0")
	s.wait(110.12)
	s.says("110.11 incident raised 20/40 silent 20 [e] alone 0")
	for i := range 4 {
		s.goes(150, fmt.Sprint("e/", i), "live")
	}
	s.wait(170)
	s.says() // 16 of 20
	s.goes(170, "e/4", "live")
	s.goes(170.1, "e/5", "live")
	s.wait(170.2)
	s.says("170.15 incident raised 20/40 silent 14 [e] alone 0")
	for i := range 14 {
		s.goes(171, fmt.Sprint("e/", 6+i), "live") // most are back: no update, the end is near
	}
	s.wait(200)
	s.says("174.00 incident cleared for 72.00 20/40 silent 0 [e] alone 0")
}

// The list of warnings with notices of their own is bounded; their number is not.
func TestIncidentListIsBounded(t *testing.T) {
	i := &incident{window: DefaultIncident().Window}
	for n := range 8000 {
		i.alone = append(i.alone, newID("warning"))
		if c := i.notice(at(1), Raised).Counts; len(c.NotifiedAlone) != min(n+1, listAlone) || c.NotifiedAloneCount != n+1 {
			t.Fatalf("%d listed and %d counted of %d", len(c.NotifiedAlone), c.NotifiedAloneCount, n+1)
		}
	}
	if b, err := json.Marshal(i.notice(at(1), Raised).Event()); err != nil || len(b) > 64<<10 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestIncident(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold})
	all := s.exam("%d", 10)
	s.goes(100, "e/0", "suspect") // for a reason of its own
	s.wait(101)
	s.says("100.00 suspect raised 0")
	s.goes(103, "e/0", "dropped")
	s.says("103.00 dropped raised 0")
	for i := 1; i < 7; i++ { // found in two checks
		s.goes(105+0.1*float64(i/4), all[i], "suspect")
	}
	s.wait(106)
	s.says("105.00 incident raised 3/10 silent 3 [e] alone 1")
	for i := 1; i < 7; i++ {
		s.goes(107, all[i], "dropped")
	}
	s.goes(108, "e/7", "suspect") // joins
	s.wait(110)
	s.says()
	for i := 1; i < 6; i++ {
		s.goes(120, all[i], "live")
	}
	s.wait(121)
	s.says("115.00 incident raised 8/10 silent 8 [e] alone 1") // most are back, but not for long
	s.goes(122, "e/0", "live")
	s.wait(122.9)
	s.says("122.00 recovered cleared 0 was dropped for 23.00 in incident")
	s.wait(123)
	s.says(
		"123.00 incident cleared for 21.00 8/10 silent 2 [e] alone 1",
		"123.00 dropped raised 6 in incident", "123.00 suspect raised 7 in incident") // these have causes of their own
	s.goes(124, "e/6", "live")
	s.goes(124, "e/7", "live")
	s.says("124.00 recovered cleared 6 was dropped for 19.90", "124.00 recovered cleared 7 was suspect for 17.00")
	if len(s.correlator.incidents) != 0 || len(s.correlator.active) != 0 || s.correlator.live[""] != 10 {
		t.Errorf("left: %v %v %v", s.correlator.incidents, s.correlator.active, s.correlator.live)
	}
}

func TestIncidentBounds(t *testing.T) {
	many := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf("e/%02d", i))
		}
		return out
	}
	for _, c := range []struct {
		name     string
		sessions int
		silent   int
		apart    float64
		incident bool
	}{
		{"too few", 4, 2, 0, false},
		{"enough", 4, 3, 0, true},
		{"too small a share", 11, 3, 0, false},
		{"share reached", 10, 3, 0, true},
		{"too far apart", 10, 3, 5.1, false},
		{"just together", 10, 3, 5, true},
		{"all", 40, 40, 0.001, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTestbed(t, Rules{Hold: DefaultHold})
			all := many(c.sessions)
			s.live(0, all...)
			for i := range c.silent {
				s.goes(10+c.apart*float64(i), all[i], "suspect")
			}
			s.wait(40)
			n, beside := 0, 0
			for _, x := range s.all {
				switch {
				case x.Kind != Incident:
					beside++
				case !x.Update:
					n++
				}
			}
			if (n == 1) != c.incident || n > 1 {
				t.Errorf("%d incidents", n)
			}
			if c.apart < 1 && c.incident && beside != 0 {
				t.Errorf("%d notices beside it", beside)
			}
		})
	}
}

// An incident concerns one exam if the others are well, and the server otherwise.
func TestIncidentScope(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold})
	s.live(0, "a/1", "a/2", "a/3", "a/4", "b/5", "b/6", "b/7", "b/8", "c/9")
	for _, w := range []string{"a/1", "a/2", "a/3"} {
		s.goes(10, w, "suspect")
	}
	s.wait(11)
	s.says("10.00 incident raised 3/4 silent 3 [a] alone 0")
	if s.all[0].Exam != "a" || !strings.Contains(s.all[0].Sentence, "exam a") {
		t.Errorf("%+v", s.all[0])
	}
	s.live(20, "a/1", "a/2", "a/3")
	s.wait(24)
	s.says("23.00 incident cleared for 11.00 3/4 silent 0 [a] alone 0")

	for _, w := range []string{"a/1", "b/5", "b/6"} {
		s.goes(50, w, "suspect")
	}
	s.goes(50.1, "c/9", "suspect") // another exam, whose proctors need an update
	s.wait(51)
	s.says("50.00 incident raised 3/9 silent 3 [a b] alone 0", "50.25 incident raised 4/9 silent 4 [a b c] alone 0")
	if x := s.all[3]; !x.Update || x.Exam != "" || x.Warning != s.all[2].Warning || !strings.Contains(x.Sentence, "this server") {
		t.Errorf("%+v", x)
	}
}

// Sessions that end during an incident do not keep it open.
func TestIncidentOfSessionsThatEnd(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold})
	s.live(0, "e/a", "e/b", "e/c")
	for _, w := range []string{"e/a", "e/b", "e/c"} {
		s.goes(10, w, "suspect")
	}
	s.goes(20, "e/a", "goodbye")
	s.goes(20, "e/b", "goodbye")
	s.goes(20, "e/c", "live")
	s.wait(30)
	s.says("10.00 incident raised 3/3 silent 3 [e] alone 0", "20.00 ended cleared a goodbye in incident", "20.00 ended cleared b goodbye in incident",
		"23.00 incident cleared for 11.00 3/3 silent 0 [e] alone 0")
}

// A link of ours that comes and goes is one incident, however often the same
// sessions fall silent.
func TestIncidentThatComesAndGoes(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold})
	all := s.exam("%d", 10)
	for round := range 4 {
		for _, who := range all[min(round, 1):] {
			s.goes(100+4*float64(round), who, "suspect")
		}
		if round < 3 {
			s.live(102+4*float64(round), all...)
		}
	}
	s.wait(120)
	for _, n := range s.all {
		if n.Kind != Incident || n.State == Cleared {
			t.Errorf("%s", line(n))
		}
	}
}
