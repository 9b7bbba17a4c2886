package dashboards_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/server/alert"
)

// TestPushedAlertsAreLikeTheRules compares what the server pushes with Prometheus'
// rules: an alert of both has one severity, one audience and one pair of links.
func TestPushedAlertsAreLikeTheRules(t *testing.T) {
	type pushed struct{ Labels, Annotations alertLabels }
	var mu sync.Mutex
	got := map[string]pushed{}
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var list []pushed
		if err := json.NewDecoder(r.Body).Decode(&list); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, a := range list {
			got[a.Labels["alertname"]] = a
		}
	}))
	t.Cleanup(web.Close)
	s := newSite(t, web.URL)
	one, many, fallen := s.add("one", 2), s.add("many", 6), s.add("fallen", 6)
	seen := func(name string) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			_, ok := got[name]
			return ok
		}
	}
	for stage, name := range map[string]string{"suspect": "Suspect", "dropped": "Dropped", "exam-relevant": "ExamRelevant"} {
		s.silence(one[:1], stage) // each from well: a stage that lasts no time is not notified
		soon(t, stage, seen("ExamlinkSession"+name))
		s.silence(one[:1], "live")
	}
	s.rate(one[1:], 248e3)
	s.silence(many, "suspect")
	s.rate(fallen, 4e6)
	s.rate(fallen, 248e3)
	s.notifier.Attend(time.Now(), []alert.Attendance{{Exam: "one", Start: time.Now().Add(-time.Hour), Students: map[string]alert.Presence{"missing": alert.Absent}}})
	for _, name := range []string{"ExamlinkStudentsNeverConnected", "ExamlinkSessionBelowMinimum", "ExamlinkIncidentOnOurSide", "ExamlinkIncidentBelowMinimum"} {
		soon(t, name, seen(name))
	}
	_, alerting := rules(t)
	want := map[string]rule{}
	for _, r := range alerting {
		if r.Labels["audience"] == "proctor" {
			want[r.Alert] = r
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for name, r := range want {
		a, ok := got[name]
		if !ok {
			t.Errorf("%s is a rule's for proctors and is not pushed; %q are", name, slices.Sorted(maps.Keys(got)))
			continue
		}
		fill := strings.NewReplacer("{{ $labels.exam }}", a.Labels["exam"], "{{ $labels.session }}", a.Labels["session"])
		for what, pair := range map[string][2]string{
			"severity":      {a.Labels["severity"], r.Labels["severity"]},
			"audience":      {a.Labels["audience"], r.Labels["audience"]},
			"runbook_url":   {a.Annotations["runbook_url"], r.Annotations["runbook_url"]},
			"dashboard_url": {a.Annotations["dashboard_url"], fill.Replace(r.Annotations["dashboard_url"])},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %s %q is pushed, the rule has %q", name, what, pair[0], pair[1])
			}
		}
	}
}
