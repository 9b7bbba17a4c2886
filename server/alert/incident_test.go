package alert

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// outage is a stage with an exam of n sessions, of which the first silent fall
// silent half a second apart from second 60 on and stay so.
func outage(t *testing.T, n, silent int) *stage {
	s := newStage(t, rules{hold: DefaultHold})
	for i := range n {
		s.live(0, fmt.Sprint("e/", i))
	}
	for i := range silent {
		s.goes(60+float64(i)/2, fmt.Sprint("e/", i), "suspect")
	}
	s.wait(600)
	s.said = len(s.all)
	return s
}

// A session that falls silent while an incident stands, but long after it broke
// out, is told of by itself.
func TestIncidentIsNoNet(t *testing.T) {
	s := outage(t, 20, 12)
	s.goes(660, "e/19", "suspect")
	s.goes(662, "e/19", "dropped")
	s.goes(689, "e/19", "exam-relevant")
	s.says("660.00 suspect raised 19", "662.00 dropped raised 19", "689.00 exam-relevant raised 19")
	s.goes(700, "e/19", "live")
	s.says("700.00 recovered cleared 19 was exam-relevant for 41.00")

	// One session after the other does not keep it open for ever either.
	s = newStage(t, rules{hold: DefaultHold})
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
		t.Errorf("told alone: %s; the incident broke out at 100.00 and reaches 30 s", got)
	}
}

// What breaks out again while the incident stands is the same one, and is told
// of; who was told of alone just before belongs to it.
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
	if len(s.desk.incidents) != 1 {
		t.Errorf("%d incidents", len(s.desk.incidents))
	}
}

// The counts of an incident are told anew once in a window, when they are off by
// a quarter.
func TestIncidentCounts(t *testing.T) {
	s := newStage(t, rules{hold: DefaultHold})
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
		s.goes(171, fmt.Sprint("e/", 6+i), "live") // most are back: the end is near
	}
	s.wait(200)
	s.says("174.00 incident cleared for 72.00 20/40 silent 0 [e] alone 0")
}

// The list of warnings told alone is bounded, and its true length is said.
func TestIncidentListIsBounded(t *testing.T) {
	i := &incident{window: DefaultIncident().Window}
	for n := range 8000 {
		i.alone = append(i.alone, newID("warning"))
		if c := i.notice(at(1), Raised).Counts; len(c.ToldAlone) != min(n+1, listAlone) || c.Alone != n+1 {
			t.Fatalf("%d listed and %d counted of %d", len(c.ToldAlone), c.Alone, n+1)
		}
	}
	q, err := openQueue("r", "", 1e6)
	if err != nil {
		t.Fatal(err)
	}
	if lost, err := q.put(i.notice(at(1), Raised), at(1)); err != nil || len(lost) > 0 || q.bytes > maxLine/4 {
		t.Errorf("%d bytes, %v, %v", q.bytes, lost, err)
	}
}
