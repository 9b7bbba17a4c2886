package alert

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

// stage drives a desk through a story told in seconds.
type stage struct {
	t    *testing.T
	desk *desk
	last map[string]float64 // second of each session's last packet
	all  []Notice
	said int
}

func newStage(t *testing.T, r rules) *stage {
	s := &stage{t: t, last: map[string]float64{}}
	if r.incident == (IncidentRule{}) {
		r.incident = DefaultIncident()
	}
	s.desk = newDesk(r, func(n Notice) { s.all = append(s.all, n) })
	return s
}

func at(sec float64) time.Time { return start.Add(time.Duration(sec * float64(time.Second))) }

// goes changes a session's state; "e1/a" is session a of exam e1. Whatever is
// due before happens when it is due.
func (s *stage) goes(sec float64, who, state string) {
	s.wait(sec)
	exam, id, _ := strings.Cut(who, "/")
	x := Session{Session: id, Exam: exam, Student: "p-" + id, State: state, At: at(sec), LastPacket: at(s.last[who]), Transport: "udp"}
	switch state {
	case "live":
		s.last[who], x.LastPacket = sec, at(sec)
	case "goodbye", "silent":
		x.State, x.End = "ended", state
	case "suspect":
		if s.last[who] < sec-1.1 {
			s.last[who] = sec - 1
			x.LastPacket = at(sec - 1)
		}
	}
	s.desk.change(x)
}

// wait lets time pass, as the loop does.
func (s *stage) wait(sec float64) {
	for {
		t, ok := s.desk.next()
		if !ok || t.After(at(sec)) {
			break
		}
		s.desk.run(t)
	}
	s.desk.run(at(sec))
}

// line says a notice in short.
func line(n Notice) string {
	l := fmt.Sprintf("%.2f %s %s", n.At.Sub(start).Seconds(), n.Kind, n.State)
	for _, w := range []string{n.Session, n.Direction} {
		if w != "" {
			l += " " + w
		}
	}
	if n.Was != "" {
		l += " was " + string(n.Was)
	}
	if n.Duration > 0 {
		l += fmt.Sprintf(" for %.2f", n.Duration)
	}
	if n.Flapping {
		l += fmt.Sprintf(" flapping %d", n.Episodes)
	}
	if n.End != "" {
		l += " " + n.End
	}
	if c := n.Counts; c != nil {
		l += fmt.Sprintf(" %d/%d silent %d %v alone %d", c.Affected, c.Live, c.Silent, c.Exams, len(c.ToldAlone))
	}
	if n.Incident != "" && n.Kind != Incident {
		l += " in incident"
	}
	return l
}

// says checks what was told since it was last asked.
func (s *stage) says(want ...string) {
	s.t.Helper()
	var got []string
	for _, n := range s.all[s.said:] {
		got = append(got, line(n))
		if n.ID == "" || n.Warning == "" || n.Sentence == "" || n.Severity == "" || n.Since.IsZero() || n.Since.After(n.At) {
			s.t.Errorf("incomplete: %+v", n)
		}
	}
	s.said = len(s.all)
	if !slices.Equal(got, want) {
		s.t.Errorf("told\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func (s *stage) live(sec float64, who ...string) {
	for _, w := range who {
		s.goes(sec, w, "live")
	}
}

func TestOneSilence(t *testing.T) {
	s := newStage(t, rules{hold: DefaultHold})
	s.live(0, "e/a")
	s.says()
	s.last["e/a"] = 9.95
	s.goes(11, "e/a", "suspect") // alone on the server: nothing to wait for
	s.says("11.00 suspect raised a")
	s.goes(13, "e/a", "dropped")
	s.goes(40, "e/a", "exam-relevant")
	s.goes(60, "e/a", "live")
	s.says("13.00 dropped raised a", "40.00 exam-relevant raised a", "60.00 recovered cleared a was exam-relevant for 50.05")
	ids := map[string]bool{}
	for _, n := range s.all {
		if n.Warning != s.all[0].Warning || ids[n.ID] || !n.Since.Equal(at(9.95)) {
			t.Errorf("not one warning, or not notices of their own: %+v", n)
		}
		ids[n.ID] = true
	}
	s.goes(100, "e/a", "goodbye")
	s.says("100.00 ended cleared a goodbye")
	if len(s.desk.sessions) != 0 || len(s.desk.live) != 0 || len(s.desk.standing) != 0 {
		t.Errorf("left: %v %v %v", s.desk.sessions, s.desk.live, s.desk.standing)
	}
}

// The first word of a silence waits while there are enough sessions for an
// incident, and is never said of what is over meanwhile.
func TestHold(t *testing.T) {
	s := newStage(t, rules{hold: DefaultHold})
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
	s := newStage(t, rules{hold: DefaultHold})
	s.live(0, "e/a")
	s.goes(5, "e/a", "goodbye")
	s.wait(100)
	s.says("5.00 ended cleared a goodbye")
	if w := s.all[0].Sentence; !strings.Contains(w, "ended in good order") {
		t.Error(w)
	}
	s.live(200, "e/b")
	s.goes(210, "e/b", "suspect")
	s.goes(212, "e/b", "dropped")
	s.goes(2000, "e/b", "silent")
	s.says("210.00 suspect raised b", "212.00 dropped raised b", "2000.00 ended cleared b was dropped for 1791.00 silent")
}

// The server's goroutines may bring the end before the word of silence it ends.
func TestWordBehindTheEnd(t *testing.T) {
	s := newStage(t, rules{hold: DefaultHold})
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
	s.goes(200, "e/a", "suspect") // not late any more
	s.says("111.00 ended cleared a was suspect for 2.00 goodbye", "200.00 suspect raised a")
	s.live(201, "e/c")
	s.goes(211, "e/c", "goodbye")
	if len(s.desk.gone) != 1 {
		t.Errorf("%d ends are remembered", len(s.desk.gone))
	}
}

// A session that comes and goes gives one warning that says so.
func TestFlapping(t *testing.T) {
	s := newStage(t, rules{hold: DefaultHold})
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
	s.goes(62, "e/a", "dropped") // graver than what was told
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
	// Cuts that are no flapping are each told.
	for i := range 5 {
		s.goes(200+15*float64(i), "e/a", "suspect")
		s.goes(205+15*float64(i), "e/a", "live")
	}
	if n := len(s.all) - s.said; n != 10 {
		t.Errorf("%d notices of five interruptions", n)
	}
}

func TestIncident(t *testing.T) {
	s := newStage(t, rules{hold: DefaultHold})
	var all []string
	for i := range 10 {
		all = append(all, fmt.Sprintf("e/%d", i))
	}
	s.live(0, all...)
	s.goes(100, "e/0", "suspect") // in trouble of its own
	s.wait(101)
	s.says("100.00 suspect raised 0")
	s.goes(103, "e/0", "dropped")
	s.says("103.00 dropped raised 0")
	for i := 1; i < 7; i++ { // noticed in two looks
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
	s.says("115.00 incident raised 8/10 silent 8 [e] alone 1") // most are back, but only just
	s.goes(122, "e/0", "live")
	s.wait(122.9)
	s.says("122.00 recovered cleared 0 was dropped for 23.00 in incident")
	s.wait(123)
	s.says(
		"123.00 incident cleared for 21.00 8/10 silent 2 [e] alone 1",
		"123.00 dropped raised 6 in incident", "123.00 suspect raised 7 in incident") // these are in trouble of their own
	s.goes(124, "e/6", "live")
	s.goes(124, "e/7", "live")
	s.says("124.00 recovered cleared 6 was dropped for 19.90", "124.00 recovered cleared 7 was suspect for 17.00")
	if len(s.desk.incidents) != 0 || len(s.desk.standing) != 0 || s.desk.live[""] != 10 {
		t.Errorf("left: %v %v %v", s.desk.incidents, s.desk.standing, s.desk.live)
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
			s := newStage(t, rules{hold: DefaultHold})
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

// An incident is of the exam when the other exams are well, and of the server
// when they are not.
func TestIncidentScope(t *testing.T) {
	s := newStage(t, rules{hold: DefaultHold})
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
	s.goes(50.1, "c/9", "suspect") // another exam: its proctors must hear of it too
	s.wait(51)
	s.says("50.00 incident raised 3/9 silent 3 [a b] alone 0", "50.25 incident raised 4/9 silent 4 [a b c] alone 0")
	if x := s.all[3]; !x.Update || x.Exam != "" || x.Warning != s.all[2].Warning || !strings.Contains(x.Sentence, "this server") {
		t.Errorf("%+v", x)
	}
}

// Sessions that end during an incident are no reason for it to go on.
func TestIncidentOfSessionsThatEnd(t *testing.T) {
	s := newStage(t, rules{hold: DefaultHold})
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

func reads(value, low, high float64) Reading {
	r := Reading{Direction: "up", Packets: 30, Low: &low}
	if value > 0 {
		r.Value, r.High = &value, &high
	}
	return r
}

func TestBelowMinimum(t *testing.T) {
	s := newStage(t, rules{hold: DefaultHold, minimum: map[string]float64{"up": 384e3, "down": 768e3}})
	s.live(0, "e/a")
	n := 0.0
	read := func(r Reading) {
		n++
		s.wait(n)
		s.desk.read(Session{Session: "a", Exam: "e", Student: "p-a", State: "live", At: at(n), LastPacket: at(n)}, r)
	}
	slow, unclear, bound := reads(360e3, 350e3, 370e3), reads(384e3, 370e3, 398e3), reads(0, 400e3, 0)
	good, glance, far := reads(500e3, 480e3, 520e3), reads(100e3, 90e3, 110e3), reads(300e3, 290e3, 310e3)
	glance.Packets = 7
	for _, r := range []Reading{good, slow, unclear, glance, good} {
		read(r)
	}
	s.says() // one reading does not do
	read(slow)
	s.says("6.00 below-minimum raised a up")
	if x := s.all[0]; *x.Seen.Upload.Value != 360e3 || x.Seen.Upload.Minimum != 384e3 || x.Claimed.Download != nil || !x.Since.Equal(at(2)) ||
		!strings.Contains(x.Sentence, "360 kbit/s of at least 384 kbit/s, measured by the server") {
		t.Errorf("%+v", x)
	}
	for _, r := range []Reading{good, good, slow, bound, good, unclear, good} { // slow starts anew, at the bound counts half, unclear not at all
		read(r)
	}
	s.says()
	read(good)
	s.says("14.00 recovered cleared a up was below-minimum for 8.00")
	n = 300
	read(far)
	s.says("301.00 below-minimum raised a up")
	if s.all[2].Warning == s.all[0].Warning {
		t.Error("another warning has the same id")
	}
	claim := func(v float64) Reading {
		r := reads(v, v*0.98, v*1.02)
		r.Direction = "down"
		return r
	}
	read(claim(600e3))
	s.says("302.00 below-minimum raised a down")
	if x := s.all[3]; *x.Claimed.Download.Value != 600e3 || *x.Seen.Upload.Value != 300e3 || !strings.Contains(x.Sentence, "as the student's program says") {
		t.Errorf("%+v", x)
	}
	s.goes(400, "e/a", "goodbye")
	s.says("400.00 recovered cleared a down was below-minimum for 98.00 goodbye", "400.00 recovered cleared a up was below-minimum for 99.00 goodbye",
		"400.00 ended cleared a was below-minimum goodbye")
	if s.all[4].Warning != s.all[3].Warning || s.all[5].Warning != s.all[2].Warning || !strings.Contains(s.all[4].Sentence, "before the session ended") {
		t.Errorf("the ends are not those of the warnings: %+v", s.all[4:6])
	}
	if len(s.desk.standing) != 0 {
		t.Errorf("%v stands", s.desk.standing)
	}
	read(far) // of a session that is over
	s.says()
}

// What stands is known again after a restart.
func TestRestore(t *testing.T) {
	s := newStage(t, rules{hold: DefaultHold, minimum: map[string]float64{"up": 384e3}})
	s.live(0, "e/a", "e/b", "e/slow")
	for range 2 {
		s.desk.read(Session{Session: "slow", Exam: "e", Student: "p-slow", State: "live", At: at(1)}, reads(200e3, 190e3, 210e3))
	}
	s.goes(10, "e/a", "suspect")
	s.goes(12, "e/a", "dropped")
	s.wait(13)
	s.goes(13, "e/b", "suspect")
	s.wait(14)
	before := s.desk.list()
	b, err := json.Marshal(before)
	if err != nil || len(before) != 3 {
		t.Fatal(err, before)
	}

	var list []Notice
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	list = append(list, Notice{Warning: "incident_1", Incident: "incident_1", Kind: Incident, State: Raised, Since: at(1), At: at(1), Counts: &IncidentCounts{Affected: 3}})
	n := newStage(t, rules{hold: DefaultHold, minimum: map[string]float64{"up": 384e3}})
	n.desk.restore(list, at(100), 10*time.Minute)
	n.says("100.00 incident cleared for 99.00 restart 3/0 silent 0 [] alone 0")
	n.goes(110, "e/a", "live")
	n.says("110.00 recovered cleared a was dropped for 101.00")
	n.goes(110, "e/slow", "live")
	for i := range 3 {
		n.desk.read(Session{Session: "slow", Exam: "e", Student: "p-slow", State: "live", At: at(120 + float64(i))}, reads(800e3, 790e3, 810e3))
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
	if len(n.desk.standing) != 0 || n.desk.live[""] != 2 {
		t.Errorf("left: %v %v", n.desk.standing, n.desk.live)
	}
}

// Sentences blame nobody.
func TestWords(t *testing.T) {
	for _, k := range Kinds() {
		n := Notice{Kind: k, State: Raised, Exam: "e", Student: "s", Session: "x", Since: at(0), At: at(5), LastPacket: at(1), Counts: &IncidentCounts{}}
		for _, x := range []string{"cheat", "suspicious", "fault of", "refus", "deliberate", "%!"} {
			if w := sentence(n); strings.Contains(strings.ToLower(w), x) || len(w) < 20 {
				t.Errorf("%s: %q", k, w)
			}
		}
	}
}
