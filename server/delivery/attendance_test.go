package delivery

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/server/alert"
	"examlink/server/event"
)

// attendance is an exam with students who have a presence, and ten who have connected.
func attendance(began time.Time, p alert.Presence, students ...string) []alert.Attendance {
	all := map[string]alert.Presence{}
	for i := range 10 {
		all[fmt.Sprint("here", i)] = alert.Connected
	}
	for _, s := range students {
		all[s] = p
	}
	return []alert.Attendance{{Exam: "e1", Start: began, Students: all}}
}

// Absent students reach a webhook that wants them, once, also over a restart.
func TestAbsentStudentsAreNotified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, began := t.TempDir(), time.Now().Add(-2*time.Minute)
		var warnings []event.Warning
		o := Options{Dir: dir, Webhooks: []Webhook{{Kinds: []alert.Kind{alert.NeverConnected, alert.Recovered}}}, Publish: func(e event.Event) {
			if w, ok := e.Payload.(event.Warning); ok && e.Session.Exam == "e1" {
				warnings = append(warnings, w)
			}
		}}
		r := newReceiver(t, nil)
		a, stop := begin(t, r, o)
		a.Attend(time.Now(), attendance(began, alert.Absent, "s1", "s2"))
		time.Sleep(time.Second)
		stop()
		if len(warnings) != 2 || warnings[0].Name != "never-connected" || !warnings[0].Active {
			t.Errorf("events: %+v", warnings)
		}
		a, stop = begin(t, r, o)
		defer stop()
		a.Attend(time.Now(), attendance(began, alert.Awaited, "s1", "s2"))
		time.Sleep(10 * time.Second)
		a.Attend(time.Now(), attendance(began, alert.Absent, "s1", "s2"))
		a.Connect(time.Now(), "e1", "s2")
		time.Sleep(time.Second)
		a.Attend(time.Now(), nil)
		time.Sleep(time.Second)
		var said []string
		for _, x := range r.taken() {
			d := x.event.Data
			said = append(said, strings.TrimSpace(fmt.Sprintf("%s %s %s", x.event.Type, d.Student, d.End)))
		}
		want := []string{"student.never_connected s1", "student.never_connected s2", "student.recovered s2", "student.recovered s1 exam-over"}
		slices.Sort(said[:min(2, len(said))]) // lanes of their own
		if !slices.Equal(said, want) {
			t.Errorf("%q, want %q", said, want)
		}
		if r.attempts() != len(want) || len(a.Active()) != 0 {
			t.Errorf("%d attempts, active %+v", r.attempts(), a.Active())
		}
	})
}

// All absent students of an exam share an alert, which names none of them and ends with
// the last one.
func TestAlertOfAbsentStudents(t *testing.T) {
	var p *pusher
	c := alert.NewCorrelator(alert.Rules{}, func(n alert.Notice) { p.update(n) })
	p = newPusher(Options{}, "http://x", newMetrics().of(AlertmanagerName))
	// is compares the one alert, and says whether it has changed.
	is := func(what string, firing bool, words string) {
		t.Helper()
		if len(p.alerts) != 1 {
			t.Fatalf("%s: %d alerts", what, len(p.alerts))
		}
		for key, a := range p.alerts {
			text := a.Annotations["description"]
			if a.resolved.IsZero() != firing || !strings.Contains(text, words) || strings.Contains(key+fmt.Sprint(a.Annotations), "s1") {
				t.Errorf("%s: %s %+v", what, key, a)
			}
			if want := (map[string]string{"alertname": "ExamlinkStudentsNeverConnected", "exam": "e1", "severity": "warning", "audience": "proctor"}); fmt.Sprint(a.Labels) != fmt.Sprint(want) {
				t.Errorf("%s: labels %v", what, a.Labels)
			}
		}
	}
	now := at(120)
	c.Attend(now, attendance(at(0), alert.Absent, "s11", "s12"))
	is("two", true, "At least one student has not connected since exam e1 began 2 min ago.")
	c.Connect("e1", "s11", now)
	is("one", true, "At least one student")
	c.Attend(now, attendance(at(0), alert.Absent, "s11", "s12", "s13", "s14"))
	is("four", true, "4 of 14 students on the roster of exam e1 have not connected")
	c.Connect("e1", "s14", now)
	is("three again", true, "At least one student")
	for _, s := range []string{"s11", "s12"} {
		c.Connect("e1", s, now)
		is(s, true, "At least one student")
	}
	c.Connect("e1", "s13", now)
	is("none", false, "At least one student")
	c.Attend(now, attendance(at(0), alert.Absent, "s12"))
	is("another", true, "At least one student")
}
