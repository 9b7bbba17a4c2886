package alert

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"examlink/docs/schemas"
)

var start = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

// testbed drives a correlator through events at given seconds.
type testbed struct {
	t          *testing.T
	correlator *Correlator
	last       map[string]float64 // second of each session's last packet
	all        []Notice
	said       int
}

func newTestbed(t *testing.T, r Rules) *testbed {
	s := &testbed{t: t, last: map[string]float64{}}
	t.Cleanup(s.haveTheirSchema)
	if r.Incident == (IncidentRule{}) {
		r.Incident = DefaultIncident()
	}
	s.correlator = NewCorrelator(r, func(n Notice) { s.all = append(s.all, n) })
	return s
}

// haveTheirSchema holds all notices to the published schema of webhooks.
func (s *testbed) haveTheirSchema() {
	var bodies [][]byte
	for _, n := range s.all {
		b, err := json.Marshal(n.Event())
		if err != nil {
			s.t.Fatal(err)
		}
		bodies = append(bodies, b)
	}
	if len(bodies) > 0 {
		schemas.Test(s.t, Schema, bodies...)
	}
}

func at(sec float64) time.Time { return start.Add(time.Duration(sec * float64(time.Second))) }

// goes changes a session's state; "e1/a" is session a of exam e1. It first runs
// everything that is due before.
func (s *testbed) goes(sec float64, who, state string) {
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
	s.correlator.Change(x)
}

// wait lets time pass, as the loop of package delivery does.
func (s *testbed) wait(sec float64) {
	for {
		t, ok := s.correlator.Next()
		if !ok || t.After(at(sec)) {
			break
		}
		s.correlator.Run(t)
	}
	s.correlator.Run(at(sec))
}

// line abbreviates a notice.
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
		what := "silent"
		if c.Below != nil {
			what = "below"
		}
		l += fmt.Sprintf(" %d/%d %s %d %v alone %d", c.Affected, c.Live, what, c.current(), c.Exams, len(c.NotifiedAlone))
	}
	if n.Kind == NeverConnected || n.Was == NeverConnected {
		l += " " + n.Exam
		if n.Student != "" {
			l += "/" + n.Student
		}
		if n.Update {
			l += " update"
		}
		if a := n.Absent; a != nil {
			l += fmt.Sprintf(" %d of %d, most %d", a.Students, a.Roster, a.Most)
		}
	}
	if n.Incident != "" && n.Kind != Incident {
		l += " in incident"
	}
	return l
}

// says compares the notices since its last call.
func (s *testbed) says(want ...string) {
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
		s.t.Errorf("notices\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// exam begins n sessions of exam e at second 0, named by format, and returns their
// names.
func (s *testbed) exam(format string, n int) (all []string) {
	for i := range n {
		all = append(all, "e/"+fmt.Sprintf(format, i))
	}
	s.live(0, all...)
	return all
}

func (s *testbed) live(sec float64, who ...string) {
	for _, w := range who {
		s.goes(sec, w, "live")
	}
}
