package dashboards_test

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestNothingFiresAfterItsRecovery has sessions fall silent or slow and recover, on a
// server that pushes its alerts, beside Prometheus with the same alerts: proctors get
// each alert and each recovery once, and nothing after the recovery.
func TestNothingFiresAfterItsRecovery(t *testing.T) {
	if testing.Short() {
		t.Skip("long: a minute with Prometheus and Alertmanager")
	}
	t.Parallel()
	tool(t, "prometheus")
	k := newAlertmanager(t)
	s := newSite(t, k.alertmanager)
	const exams, each = 25, 8
	var silent, slow, hit []string // of each exam one falls silent, one slow; later, of ten exams all
	for i := range exams {
		ids := s.add(fmt.Sprintf("exam%02d", i), each)
		silent, slow = append(silent, ids[0]), append(slow, ids[1])
		if i < 10 {
			hit = append(hit, ids...)
		}
	}
	k.scrape(t, s.address)
	soon(t, "all sessions in Prometheus", func() bool {
		a := getJSON[answer](t, k.prometheus+"/api/v1/query", url.Values{"query": {"count(examlink_session_state == 1)"}})
		return len(a.Data.Result) == 1 && number(t, a.Data.Result[0].Value) == exams*each
	})

	recovered := map[string]time.Time{} // by alert, as proctors know it
	recover := func(keys ...string) {
		for _, key := range keys {
			recovered[key] = time.Now()
		}
	}
	for round := range 2 {
		s.silence(silent, "suspect", "dropped", "exam-relevant")
		s.rate(slow, 248e3)
		soon(t, "proctors notified, and Prometheus' alerts firing", func() bool {
			return k.proctors.count("firing", "ExamlinkSessionExamRelevant") == exams && k.proctors.count("firing", "ExamlinkSessionBelowMinimum") == exams &&
				k.firing(t, `alertname="ExamlinkSessionExamRelevant",notify="no"`) == exams && k.firing(t, `alertname="ExamlinkSessionBelowMinimum",notify="no"`) == exams
		})
		s.silence(silent, "live")
		s.rate(slow, 4e6)
		for _, id := range silent {
			exam, _, _ := strings.Cut(id, "-")
			for _, stage := range []string{"Suspect", "Dropped", "ExamRelevant"} {
				recover("ExamlinkSession" + stage + " " + exam + " " + id + " ")
			}
		}
		for _, id := range slow {
			exam, _, _ := strings.Cut(id, "-")
			recover("ExamlinkSessionBelowMinimum " + exam + " " + id + " up")
		}
		soon(t, "proctors notified of every recovery, and Prometheus' alerts resolved", func() bool {
			return k.proctors.count("resolved", "ExamlinkSessionExamRelevant") == exams && k.proctors.count("resolved", "ExamlinkSessionBelowMinimum") == exams &&
				k.firing(t, `alertname=~"ExamlinkSession.+"`) == 0
		})
		late(t, fmt.Sprintf("round %d", round), k.proctors, recovered)
		if t.Failed() {
			return
		}
		clear(recovered)
		k.proctors.mu.Lock()
		t.Logf("round %d: %d messages' alerts, %d of them recoveries", round, len(k.proctors.all), k.proctors.recoveries())
		k.proctors.all = nil
		k.proctors.mu.Unlock()
	}

	s.silence(hit, "suspect", "dropped")
	soon(t, "one incident for each exam at proctors, and in Prometheus", func() bool {
		return k.proctors.count("firing", "ExamlinkIncidentOnOurSide") == 10 && k.firing(t, `alertname="ExamlinkIncidentOnOurSide",notify="no"`) == 10 &&
			k.operators.count("firing", "ExamlinkServerIncident") == 1
	})
	s.silence(hit, "live")
	for i := range 10 {
		recover(fmt.Sprintf("ExamlinkIncidentOnOurSide exam%02d  ", i))
	}
	soon(t, "the incidents resolved everywhere", func() bool {
		return k.proctors.count("resolved", "ExamlinkIncidentOnOurSide") == 10 && k.firing(t, `alertname=~"Examlink.+"`) == 0
	})
	late(t, "incidents", k.proctors, recovered)
	for _, n := range k.proctors.list() {
		if n.Labels["alertname"] == "ExamlinkServerIncident" || n.Labels["notify"] != "" {
			t.Errorf("proctors were notified of %v beside the server's own incident", n.Labels)
		}
	}
}

// late waits until Alertmanager would have sent what it holds back, and reports alerts
// that proctors heard fire after their recovery. A message that was under way at that
// moment is none.
func late(t *testing.T, when string, in *inbox, recovered map[string]time.Time) {
	t.Helper()
	const underWay = time.Second
	time.Sleep(3 * 10 * time.Second / faster) // three times group_interval
	for _, n := range in.list() {
		if at, ok := recovered[n.key()]; ok && n.Status == "firing" && n.at.Sub(at) > underWay {
			t.Errorf("%s: %s was sent as firing %v after its recovery, with %v", when, n.key(), n.at.Sub(at), n.Labels)
		}
		if n.Labels["instance"] != "" {
			t.Errorf("%s: proctors got Prometheus' copy %v", when, n.Labels)
		}
	}
}

// TestPrometheusNotifiesWhereTheServerCannot has a server without an Alertmanager: the
// rules notify proctors in its place.
func TestPrometheusNotifiesWhereTheServerCannot(t *testing.T) {
	if testing.Short() {
		t.Skip("long: half a minute with Prometheus and Alertmanager")
	}
	t.Parallel()
	tool(t, "prometheus")
	k := newAlertmanager(t)
	nowhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unreached := "http://" + nowhere.Addr().String()
	_ = nowhere.Close()
	for name, s := range map[string]*site{"none": newSite(t), "unreached": newSite(t, unreached)} {
		ids := s.add(name, 4)
		s.silence(ids[:1], "suspect", "dropped")
		k.scrape(t, s.address)
		soon(t, name+": proctors notified by Prometheus", func() bool {
			return k.proctors.latest()["ExamlinkSessionDropped "+name+" "+ids[0]+" "] == "firing"
		})
		s.silence(ids[:1], "live")
		soon(t, name+": and of the recovery", func() bool {
			return k.proctors.latest()["ExamlinkSessionDropped "+name+" "+ids[0]+" "] == "resolved"
		})
	}
}
