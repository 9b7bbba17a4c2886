package dashboards_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"
)

type alertLabels = map[string]string

// TestOneIncidentHoldsBackTheSingleAlerts asks a real Alertmanager, with our
// configuration, which alerts it would notify of.
func TestOneIncidentHoldsBackTheSingleAlerts(t *testing.T) {
	if testing.Short() {
		t.Skip("long: needs an Alertmanager")
	}
	t.Parallel()
	program := tool(t, "prometheus-alertmanager", "alertmanager")
	base := serve(t, "/-/ready", program, "--config.file="+provisioning+"/alertmanager/alertmanager.yml", "--storage.path="+t.TempDir(),
		"--web.listen-address=ADDRESS", "--cluster.listen-address=", "--log.level=error")

	alert := func(name, exam, session, instance string, more ...string) alertLabels {
		l := alertLabels{"alertname": name, "audience": "proctor", "severity": "warning"}
		for k, v := range map[string]string{"exam": exam, "session": session, "instance": instance} {
			if v != "" {
				l[k] = v
			}
		}
		for i := 0; i < len(more); i += 2 {
			l[more[i]] = more[i+1]
		}
		return l
	}
	held := []alertLabels{
		// by the incident of exam a, by exam-relevant, by the incident of server 2, by the alert the server pushed
		alert("ExamlinkSessionDropped", "a", "a1", "1"),
		alert("ExamlinkSessionBelowMinimum", "a", "a2", "1", "direction", "up"),
		alert("ExamlinkSessionDropped", "b", "b1", "1"),
		alert("ExamlinkSessionBelowMinimum", "b", "b1", "1", "direction", "down"),
		alert("ExamlinkIncidentOnOurSide", "c", "", "2", "severity", "critical"),
		alert("ExamlinkSessionDropped", "c", "c1", "2"),
		alert("ExamlinkSessionDropped", "d", "d1", "1"),
		alert("ExamlinkSessionDropped", "e", "e1", "3"),
		alert("ExamlinkCertificateExpiring", "", "", "1"),
		alert("ExamlinkIncidentOnOurSide", "f", "", "1", "severity", "critical"),
		alert("ExamlinkSessionBelowMinimum", "f", "f1", "1", "direction", "up"),
		alert("ExamlinkIncidentBelowMinimum", "h", "", "1", "severity", "critical", "direction", "up"),
		alert("ExamlinkSessionBelowMinimum", "g", "g1", "1", "direction", "down"),
	}
	told := []alertLabels{
		alert("ExamlinkIncidentOnOurSide", "a", "", "1", "severity", "critical"),
		alert("ExamlinkSessionExamRelevant", "b", "b1", "1", "severity", "critical"),
		alert("ExamlinkServerIncident", "", "", "2", "severity", "critical", "audience", "operator"),
		alert("ExamlinkSessionDropped", "d", "d1", ""),  // pushed by the server itself
		alert("ExamlinkSessionDropped", "d", "d2", "1"), // another session of the same exam
		alert("ExamlinkServerDown", "", "", "3", "severity", "critical", "audience", "operator"),
		alert("ExamlinkCertificateExpiring", "", "", "1", "severity", "critical"),
		alert("ExamlinkCertificateExpiring", "", "", "2"),  // of another server
		alert("ExamlinkNotificationsFailing", "", "", "1"), // another alert of the server that has a critical one
		alert("ExamlinkIncidentOnOurSide", "f", "", "", "severity", "critical"),
		alert("ExamlinkSessionDropped", "f", "f2", "", "severity", "critical"), // pushed during an incident: not part of it
		alert("ExamlinkIncidentBelowMinimum", "g", "", "", "severity", "critical", "direction", "down"),
		alert("ExamlinkIncidentBelowMinimum", "h", "", "", "severity", "critical", "direction", "up"),
		alert("ExamlinkSessionDropped", "g", "g1", "1"),                          // an incident of rates inhibits no silence alert,
		alert("ExamlinkSessionBelowMinimum", "g", "g2", "1", "direction", "up"),  // nor the other direction,
		alert("ExamlinkSessionBelowMinimum", "g", "g3", "", "direction", "down"), // nor an alert pushed during it
		alert("ExamlinkSessionExamRelevant", "i", "i1", "1", "severity", "critical", "notify", "no"),
		alert("ExamlinkSessionDropped", "i", "i1", "", "severity", "critical"), // pushed: a copy, which nobody receives, inhibits nothing
	}
	type body struct {
		Labels   alertLabels `json:"labels"`
		StartsAt time.Time   `json:"startsAt"`
	}
	var push []body
	for _, l := range slices.Concat(held, told) {
		push = append(push, body{Labels: l, StartsAt: time.Now()})
	}
	data, err := json.Marshal(push)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Post(base+"/api/v2/alerts", "application/json", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("pushing alerts: %s", r.Status)
	}

	type shown struct {
		Labels alertLabels `json:"labels"`
		Status struct {
			State       string
			InhibitedBy []string
		}
	}
	var wrong []string
	for deadline := time.Now().Add(patience / 4); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		all := getJSON[[]shown](t, base+"/api/v2/alerts", nil)
		wrong = nil
		if len(all) != len(push) {
			wrong = append(wrong, fmt.Sprintf("%d alerts are there, expected %d", len(all), len(push)))
		}
		for _, s := range all {
			want := "active"
			if slices.ContainsFunc(held, func(l alertLabels) bool { return maps.Equal(l, s.Labels) }) {
				want = "suppressed"
			}
			if s.Status.State != want {
				wrong = append(wrong, fmt.Sprintf("%v is %s by %v, expected %s", s.Labels, s.Status.State, s.Status.InhibitedBy, want))
			}
		}
		if wrong == nil {
			return
		}
	}
	for _, w := range wrong {
		t.Error(w)
	}
}
