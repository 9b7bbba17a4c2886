package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"examlink/server/alert"
)

// manager is the part of Alertmanager's API that we use.
type manager struct {
	mu    sync.Mutex
	down  bool
	posts [][]amAlert
}

func (m *manager) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var list []amAlert
	if err := json.NewDecoder(req.Body).Decode(&list); err != nil || req.URL.Path != "/am/api/v2/alerts" || req.Method != http.MethodPost {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	m.posts = append(m.posts, list)
}

// taken returns the alerts that were pushed since its last call.
func (m *manager) taken() (out []amAlert) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.posts {
		out = append(out, p...)
	}
	m.posts = nil
	return out
}

func (m *manager) set(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

func shown(list []amAlert) (out []string) {
	for _, a := range list {
		life := time.Until(a.EndsAt)
		s := strings.TrimPrefix(a.Labels["alertname"], "Examlink") + " " + a.Labels["exam"] + " " + a.Labels["session"]
		if life > 0 {
			s += fmt.Sprintf(" firing for %v", life)
		} else {
			s += fmt.Sprintf(" over %v ago", -life)
		}
		out = append(out, s)
	}
	return out
}

func TestAlertmanagerPushAndResend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &manager{}
		p := pipes{make(chan net.Conn), make(chan struct{})}
		srv := &http.Server{Handler: m}
		go func() { _ = srv.Serve(&p) }()
		defer srv.Close()
		a, err := New(Options{Dial: p.dial, Hold: -1, Alertmanager: Alertmanager{URLs: []string{"http://am.example:9093/am/"}, GeneratorURL: "https://e.example/"}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		defer finish(t, cancel, done)
		says := func(want ...string) {
			t.Helper()
			synctest.Wait()
			if got := shown(m.taken()); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("pushed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		a.State(sessionNamed("a", "live"))
		says()
		a.State(sessionNamed("a", "suspect"))
		synctest.Wait()
		first := m.taken()
		if len(first) != 1 || first[0].Labels["severity"] != "info" || first[0].Labels["audience"] != "proctor" || first[0].GeneratorURL != "https://e.example/" ||
			first[0].Annotations["summary"] == "" || first[0].Annotations["description"] == "" || !first[0].StartsAt.Equal(time.Now().Add(-time.Second)) {
			t.Errorf("%+v", first)
		}
		if b, _ := json.Marshal(first); strings.Contains(string(b), "s-a") {
			t.Errorf("the student is named: %s", b)
		}
		time.Sleep(2 * time.Second)
		a.State(sessionNamed("a", "dropped"))
		says("SessionDropped e1 a firing for 4m0s") // beside the earlier stage
		time.Sleep(58 * time.Second)
		says("SessionDropped e1 a firing for 4m0s", "SessionSuspect e1 a firing for 4m0s")
		m.set(true)
		time.Sleep(30 * time.Second)
		a.State(sessionNamed("a", "live"))
		synctest.Wait()
		if n := a.waiting()[AlertmanagerName]; n != 2 {
			t.Errorf("%d wait", n)
		}
		time.Sleep(5 * time.Minute)
		m.set(false)
		time.Sleep(46 * time.Second)
		got := m.taken()
		if len(got) < 2 || got[0].EndsAt.After(time.Now().Add(-5*time.Minute)) || a.waiting()[AlertmanagerName] != 0 {
			t.Errorf("after it was away: %v, waiting: %v", shown(got), a.waiting())
		}
		time.Sleep(10 * time.Minute)
		if got := m.taken(); len(got) < 10 {
			t.Errorf("an end was pushed %d times", len(got))
		}
		time.Sleep(10 * time.Minute)
		m.taken()
		time.Sleep(10 * time.Minute)
		says() // nothing is active, nothing is pushed
		a.State(sessionNamed("a", "suspect"))
		says("SessionSuspect e1 a firing for 4m0s")
		a.State(sessionNamed("a", "ended"))
		says("SessionSuspect e1 a over 0s ago")
	})
}

// Whether Alertmanager takes alerts is known without any alert, within an interval.
func TestAlertmanagerReachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &manager{down: true}
		p := pipes{make(chan net.Conn), make(chan struct{})}
		srv := &http.Server{Handler: m}
		go func() { _ = srv.Serve(&p) }()
		defer srv.Close()
		a, err := New(Options{Dial: p.dial, Hold: -1, Alertmanager: Alertmanager{URLs: []string{"http://am.example:9093/am/"}}})
		if err != nil {
			t.Fatal(err)
		}
		r := prometheus.NewRegistry()
		if err := a.Register(r); err != nil {
			t.Fatal(err)
		}
		is := func(when string, want float64) {
			t.Helper()
			synctest.Wait()
			families, err := r.Gather()
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == "examlink_server_alertmanager_reachable" })
			if i < 0 || families[i].GetMetric()[0].GetGauge().GetValue() != want {
				t.Errorf("%s: %v, want %v", when, families, want)
			}
		}
		is("before the first push", 0)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		defer finish(t, cancel, done)
		is("while it is away", 0)
		m.set(false)
		time.Sleep(DefaultResend + time.Second)
		is("once it is back", 1)
		m.set(true)
		a.State(sessionNamed("a", "live")) // nothing to push
		is("before the next push", 1)
		time.Sleep(DefaultResend + time.Second)
		is("after a push failed", 0)
	})
}

// The links of alerts are absolute if the configuration says where the pages are.
func TestLinksOfAlerts(t *testing.T) {
	n := alert.Notice{Kind: alert.Dropped, Session: "s 1"}
	for want, a := range map[string]Alertmanager{
		"docs/runbooks/ExamlinkSessionDropped.md /d/examlink-session?var-exam=e%261&var-session=s+1":                          {},
		"https://git.example/b/ExamlinkSessionDropped.md https://g.example/d/examlink-session?var-exam=e%261&var-session=s+1": {Runbooks: "https://git.example/b/", Dashboards: "https://g.example/"},
	} {
		x := a.annotations(n, "e&1")
		if got := x["runbook_url"] + " " + x["dashboard_url"]; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// An incident is one alert for each of its exams.
func TestAlertmanagerIncident(t *testing.T) {
	p := newPusher(Options{}, "http://x", newMetrics().of(AlertmanagerName))
	n := alert.Notice{Warning: "i", Kind: alert.Incident, State: alert.Raised, Severity: "critical", Since: start, At: start, Counts: &alert.IncidentCounts{Affected: 4, Live: 8, Exams: []string{"a", "b"}}}
	p.update(n)
	n.Counts.Exams = []string{"a", "b", "c"}
	p.update(n)
	if len(p.alerts) != 3 {
		t.Errorf("%d alerts", len(p.alerts))
	}
	n.State, n.At = alert.Cleared, start.Add(time.Minute)
	p.update(n)
	for key, a := range p.alerts {
		if !a.resolved.Equal(n.At) || !strings.Contains(key, "ExamlinkIncidentOnOurSide") {
			t.Errorf("%s %+v", key, a)
		}
	}
}

// Rules can tell an incident of rates from one of silence.
func TestAlertNamesOfIncidents(t *testing.T) {
	for direction, want := range map[string]string{"": "ExamlinkIncidentOnOurSide", "up": "ExamlinkIncidentBelowMinimum", "down": "ExamlinkIncidentBelowMinimum"} {
		if got := alertName(alert.Notice{Kind: alert.Incident, Direction: direction}); got != want {
			t.Errorf("%q: %s, want %s", direction, got, want)
		}
	}
}

// finish cancels a run and waits for it.
func finish(t *testing.T, cancel context.CancelFunc, done <-chan error) {
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The incident of an exam and one of the server share an alert, which ends with both.
func TestAlertOfTwoIncidents(t *testing.T) {
	a, err := New(Options{Alertmanager: Alertmanager{URLs: []string{"http://am.example:9093/"}}})
	if err != nil {
		t.Fatal(err)
	}
	p := a.receivers.pushers[0]
	update := func(id string, st alert.State, exams ...string) {
		p.update(alert.Notice{Warning: id, Incident: id, Kind: alert.Incident, State: st, Since: at(1), At: at(2), Counts: &alert.IncidentCounts{Exams: exams}})
	}
	firing := func() (exams []string) {
		for _, x := range p.alerts {
			if x.resolved.IsZero() {
				exams = append(exams, x.Labels["exam"])
			}
		}
		slices.Sort(exams)
		return exams
	}
	update("one", alert.Raised, "a")
	update("all", alert.Raised, "a", "b")
	update("all", alert.Raised, "a", "b", "c")
	update("one", alert.Raised, "a") // again
	update("all", alert.Cleared, "a", "b", "c")
	if got := firing(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("firing after the end of the server's incident: %v, want that of a", got)
	}
	update("one", alert.Cleared, "a")
	if got := firing(); len(got) != 0 {
		t.Errorf("firing after the end of both: %v", got)
	}
}
