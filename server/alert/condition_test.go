package alert

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// slows takes a reading of value bit/s.
func (s *testbed) slows(sec float64, who, direction string, value float64) {
	s.wait(sec)
	exam, id, _ := strings.Cut(who, "/")
	r := reads(value, value*0.98, value*1.02)
	r.Direction = direction
	s.correlator.Read(Session{Session: id, Exam: exam, Student: "p-" + id, State: "live", At: at(sec), LastPacket: at(sec), Transport: "udp"}, r)
}

// crowd is a stage with an exam of n sessions, whose rates meet the minimum.
func crowd(t *testing.T, n int) (*testbed, []string) {
	s := newTestbed(t, Rules{Hold: DefaultHold, MinimumUp: 384e3, MinimumDown: 768e3})
	all := s.exam("%02d", n)
	for _, who := range all {
		s.slows(1, who, "up", 2e6)
		s.slows(1, who, "down", 2e6)
	}
	s.says()
	return s, all
}

// Rates of many sessions that fall together are one incident.
func TestIncidentOfRates(t *testing.T) {
	s, all := crowd(t, 40)
	for i := range 30 { // found one after the other
		s.slows(100+0.2*float64(i), all[i], "down", 300e3)
	}
	// The first three have notices of their own; the others are held until there are enough.
	s.says("100.00 below-minimum raised 00 down", "100.20 below-minimum raised 01 down", "100.40 below-minimum raised 02 down",
		"102.20 incident raised down 12/40 below 12 [e] alone 3")
	if n := s.all[3]; *n.Counts.Below != 12 || n.Counts.Silent != nil ||
		!strings.Contains(n.Sentence, "12 of 40 sessions of this server fell below the minimum download at about the same time, as the students' programs report") {
		t.Errorf("%+v", n)
	}
	s.slows(110, all[30], "up", 100e3) // another condition
	s.says("110.00 below-minimum raised 30 up")
	s.goes(111, all[31], "suspect") // and another
	s.wait(112)
	s.says("111.00 suspect raised 31")
	s.wait(140)
	s.says("132.20 incident raised down 30/40 below 30 [e] alone 3")

	// Only warnings with notices of their own are cleared.
	for k := range 3 {
		for i := range 29 {
			s.slows(200+20*float64(k)+0.1*float64(i), all[i], "down", 2e6)
		}
	}
	s.says("240.00 recovered cleared 00 down was below-minimum for 100.00 in incident", "240.10 recovered cleared 01 down was below-minimum for 99.90 in incident",
		"240.20 recovered cleared 02 down was below-minimum for 99.80 in incident", "240.85 incident raised down 30/40 below 21 [e] alone 3")
	s.wait(400)
	if n := s.all[len(s.all)-2]; !strings.Contains(n.Sentence, "were below the minimum download, as the students' programs report; 1 still is below it") {
		t.Error(n.Sentence)
	}
	// When most have recovered for a while, the rest get notices of their own.
	s.says("301.50 incident cleared down for 141.50 30/40 below 1 [e] alone 3", "301.50 below-minimum raised 29 down in incident")
	if len(s.correlator.incidents) != 0 {
		t.Errorf("left: %+v", s.correlator.incidents)
	}
	s.goes(500, all[29], "goodbye")
	s.says("500.00 recovered cleared 29 down was below-minimum for 394.20 goodbye", "500.00 ended cleared 29 was below-minimum goodbye")
}

// Rates that fall at about the same time, but are few among many, are no incident.
// The first have their notices at once, later ones after some seconds, unless they
// have recovered by then.
func TestRatesThatFallAlone(t *testing.T) {
	s, all := crowd(t, 100)
	for i := range 6 {
		s.slows(100+float64(i), all[i], "up", 200e3)
	}
	for k := range 3 {
		s.slows(105.5+float64(k), all[4], "up", 800e3)
	}
	s.wait(200)
	s.says("100.00 below-minimum raised 00 up", "101.00 below-minimum raised 01 up", "102.00 below-minimum raised 02 up",
		"103.00 below-minimum raised 03 up", "105.00 below-minimum raised 05 up")
	for i := range s.all {
		if n := s.all[i]; n.Kind != BelowMinimum || n.Warning == "" || n.Incident != "" {
			t.Errorf("%+v", n)
		}
	}
	// Much later, nothing is held.
	s.slows(300, all[9], "up", 200e3)
	s.says("300.00 below-minimum raised 09 up")
}

// The end of a session in an incident of rates clears its warning only if that had
// a notice, and does not keep the incident open.
func TestIncidentOfRatesOfSessionsThatEnd(t *testing.T) {
	s, all := crowd(t, 4)
	for i := range 4 {
		s.slows(100, all[i], "up", 200e3)
	}
	s.says("100.00 below-minimum raised 00 up", "100.00 below-minimum raised 01 up", "100.00 incident raised up 3/4 below 3 [e] alone 2")
	for i := range 4 {
		s.goes(110, all[i], "goodbye")
	}
	s.wait(400)
	var got []string
	for _, n := range s.all[3:] {
		got = append(got, line(n))
	}
	if want := []string{
		"110.00 recovered cleared 00 up was below-minimum for 10.00 goodbye in incident", "110.00 ended cleared 00 was below-minimum goodbye",
		"110.00 recovered cleared 01 up was below-minimum for 10.00 goodbye in incident", "110.00 ended cleared 01 was below-minimum goodbye",
		"110.00 ended cleared 02 goodbye", "110.00 ended cleared 03 goodbye", "170.00 incident cleared up for 10.00 4/4 below 0 [e] alone 2",
	}; !slices.Equal(got, want) {
		t.Errorf("notices\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	if len(s.correlator.incidents) != 0 || len(s.correlator.active) != 0 {
		t.Errorf("left: %v %v", s.correlator.incidents, s.correlator.active)
	}
}

// An incident of rates and one of silence can be active at the same time.
func TestTwoIncidentsAtOnce(t *testing.T) {
	s, all := crowd(t, 10)
	for i := range 5 {
		s.slows(100, all[i], "down", 300e3)
	}
	for i := range 6 {
		s.goes(101, all[4+i], "suspect")
	}
	s.wait(102)
	if len(s.correlator.incidents) != 2 {
		t.Fatalf("%d incidents", len(s.correlator.incidents))
	}
	for _, i := range s.correlator.incidents {
		if want := map[string]int{"down": 5, "": 6}[i.direction]; i.current != want {
			t.Errorf("%q: %d sessions, want %d", i.direction, i.current, want)
		}
	}
	s.live(103, all...)
	s.wait(110)
	if len(s.correlator.incidents) != 1 || s.correlator.incidents[0].direction != "down" {
		t.Errorf("%d incidents left", len(s.correlator.incidents))
	}
}

// Warnings that an incident of rates suppressed are not among the active ones that a
// restart takes up: the next run finds them again.
func TestIncidentOfRatesAcrossARestart(t *testing.T) {
	s, all := crowd(t, 4)
	for i := range 4 {
		s.slows(100, all[i], "up", 200e3)
	}
	kept := s.correlator.Active()
	n := newTestbed(t, Rules{Hold: DefaultHold, MinimumUp: 384e3, MinimumDown: 768e3})
	n.correlator.Restore(kept, at(200), time.Hour)
	n.says("200.00 incident cleared up for 100.00 restart 3/4 below 3 [e] alone 2")
	if n.all[0].Sentence != "The server has restarted and no longer follows this incident on our side." {
		t.Error(n.all[0].Sentence)
	}
	n.live(201, all...)
	n.slows(205, all[3], "up", 800e3)
	for k := range 3 {
		n.slows(210+float64(k), all[0], "up", 800e3)
	}
	n.slows(220, all[3], "up", 200e3)
	got := []string{}
	for _, x := range n.all[1:] {
		got = append(got, line(x))
	}
	for _, want := range []string{"212.00 recovered cleared 00 up was below-minimum for 110.00", "220.00 below-minimum raised 03 up"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among %q", want, got)
		}
	}
}

// A rate that was below the minimum from the start has not fallen, and neither has
// one that a new minimum makes slow: such warnings are no incident.
func TestSlowFromTheStartIsNoIncident(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold, MinimumUp: 384e3, MinimumDown: 768e3})
	for i := range 10 {
		who := fmt.Sprintf("e/%02d", i)
		s.live(2*float64(i), who)
		s.slows(2*float64(i)+1, who, "up", map[bool]float64{true: 300e3, false: 2e6}[i > 6])
	}
	s.says("15.00 below-minimum raised 07 up", "17.00 below-minimum raised 08 up", "19.00 below-minimum raised 09 up")

	s, all := crowd(t, 10)
	s.correlator.SetMinima(384e3, 768e3) // a reload without a change
	for _, who := range all[:4] {
		s.slows(10, who, "down", 100e3)
	}
	if n := s.all[len(s.all)-1]; n.Kind != Incident {
		t.Errorf("%s, expected an incident", line(n))
	}

	s, all = crowd(t, 10)
	s.correlator.SetMinima(4e6, 768e3)
	for _, who := range all {
		s.slows(50, who, "up", 2e6)
	}
	if s.wait(100); len(s.all) != 10 || s.all[9].Kind != BelowMinimum {
		t.Errorf("%d notices, want one for each session: %v", len(s.all), s.all)
	}
}

// A notice that was held carries the reading that was below the minimum, whatever
// was read since, and a last packet from before.
func TestHeldNoticeCarriesTheLowReading(t *testing.T) {
	s, all := crowd(t, 100)
	for i := range 4 {
		s.slows(100+0.1*float64(i), all[i], "up", 200e3)
	}
	s.slows(103, all[3], "up", 2e6)
	s.wait(110)
	n := s.all[len(s.all)-1]
	if n.Session != "03" || *n.Seen.Upload.Value != 200e3 || n.LastPacket.After(n.At) || !strings.Contains(n.Sentence, "measured 200 kbit/s") {
		t.Errorf("%+v", n)
	}
	s.slows(120, all[0], "down", 100e3)
	s.goes(121, all[0], "goodbye")
	for _, n := range s.all[len(s.all)-3:] {
		if n.Seen.Upload == nil || n.Claimed.Download == nil {
			t.Errorf("no readings at the end: %+v", n)
		}
	}
}

// An incident begins with its sessions, not with a bad reading long before; and its
// share counts all sessions, silent ones included.
func TestIncidentOfRatesBeginsWithItsSessions(t *testing.T) {
	s, all := crowd(t, 9)
	s.slows(100, all[0], "up", 365e3) // just below, once
	for i := range 3 {
		s.slows(3500+float64(i), all[i], "up", 200e3)
	}
	n := s.all[len(s.all)-1]
	if n.Kind != Incident || n.Since.Before(at(3500-30)) {
		t.Errorf("%+v, expected an incident that began by 3500", n)
	}

	s, all = crowd(t, 20)
	for i := range 5 {
		s.slows(100+float64(i), all[i], "up", 200e3)
	}
	for i := range 15 {
		s.goes(106, all[i], "suspect")
	}
	s.slows(108, all[15], "up", 200e3)
	s.wait(109)
	seen := slices.IndexFunc(s.all, func(n Notice) bool { return n.Kind == Incident && n.Direction != "" })
	if seen < 0 || s.all[seen].Counts.Live != 20 {
		t.Errorf("%v, expected an incident of 20 sessions", s.all)
	}
}

// An incident that breaks out again after most sessions were back goes on: it is not
// over seconds later, and no session has a notice of its own.
func TestIncidentOfRatesBreaksOutAgain(t *testing.T) {
	s, all := crowd(t, 40)
	for i := range 30 {
		s.slows(100+0.1*float64(i), all[i], "up", 200e3)
	}
	for k := range 3 {
		for i := range 30 {
			s.slows(200+40*float64(k), all[i], "up", 2e6)
		}
	}
	for i := range 14 {
		s.slows(330+0.1*float64(i), all[i], "up", 200e3)
	}
	before := len(s.all)
	s.wait(600)
	for _, n := range s.all[before:] {
		if n.Kind != Incident || n.State == Cleared {
			t.Errorf("%s", line(n))
		}
	}
	if len(s.correlator.incidents) != 1 || s.correlator.incidents[0].current != 14 {
		t.Errorf("%+v", s.correlator.incidents)
	}
}
