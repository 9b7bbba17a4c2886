package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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
		a.State(session("a", "live"))
		says()
		a.State(session("a", "suspect"))
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
		a.State(session("a", "dropped"))
		says("SessionDropped e1 a firing for 4m0s") // beside the earlier stage
		time.Sleep(58 * time.Second)
		says("SessionDropped e1 a firing for 4m0s", "SessionSuspect e1 a firing for 4m0s")
		m.set(true)
		time.Sleep(30 * time.Second)
		a.State(session("a", "live"))
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
		a.State(session("a", "suspect"))
		says("SessionSuspect e1 a firing for 4m0s")
		a.State(session("a", "ended"))
		says("SessionSuspect e1 a over 0s ago")
	})
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

const amConfig = `
route: {receiver: proctors, group_by: [exam], group_wait: 1s, group_interval: 1s}
receivers: [{name: proctors, webhook_configs: [{url: "http://127.0.0.1:%d/", send_resolved: true}]}]
inhibit_rules:
  - source_matchers: [alertname="ExamlinkIncidentOnOurSide"]
    target_matchers: [alertname=~"ExamlinkSession.*"]
    equal: [exam]
  - source_matchers: [alertname="ExamlinkSessionDropped"]
    target_matchers: [alertname="ExamlinkSessionSuspect"]
    equal: [exam, session]
`

// A real Alertmanager groups alerts by exam, inhibits those of an incident, and
// resolves them.
func TestRealAlertmanager(t *testing.T) {
	binary, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("prometheus-alertmanager is not installed")
		}
		t.Skip("prometheus-alertmanager is not installed")
	}
	type group struct {
		Status      string
		GroupLabels map[string]string
		Alerts      []struct {
			Status string
			Labels map[string]string
		}
	}
	groups := make(chan group, 100)
	hook, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		var g group
		if err := json.NewDecoder(req.Body).Decode(&g); err != nil {
			t.Error(err)
		}
		groups <- g
	})}
	go func() { _ = srv.Serve(hook) }()
	defer srv.Close()
	dir := t.TempDir()
	conf := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(conf, fmt.Appendf(nil, amConfig, hook.Addr().(*net.TCPAddr).Port), 0o600); err != nil {
		t.Fatal(err)
	}
	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := web.Addr().String()
	_ = web.Close()
	c := exec.Command(binary, "--config.file="+conf, "--storage.path="+dir, "--web.listen-address="+address, "--cluster.listen-address=")
	var log strings.Builder
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	}()
	// It starts after the first push, which is tried again.
	a, err := New(Options{Hold: 2 * time.Second, Incident: alert.IncidentRule{Sessions: 4, Share: 0.3, Window: 10 * time.Second}, Alertmanager: Alertmanager{URLs: []string{"http://" + address}, Resend: 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	defer finish(t, cancel, done)
	change := func(exam, id, state string) {
		s := session(id, state)
		s.Exam = exam
		a.State(s)
	}
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		change("e1", id, "live")
		change("e2", "x"+id, "live")
	}
	change("e1", "1", "suspect")
	change("e1", "2", "suspect")
	change("e2", "x1", "suspect")

	// until follows the notifications until they are as wanted.
	now := map[string]string{}
	until := func(want string) {
		t.Helper()
		deadline := time.After(60 * time.Second)
		for {
			if got := fmt.Sprint(now); got == want {
				return
			}
			select {
			case g := <-groups:
				for _, x := range g.Alerts {
					if x.Labels["exam"] != g.GroupLabels["exam"] {
						t.Errorf("%v in the group of %v", x.Labels, g.GroupLabels)
					}
					key := x.Labels["exam"] + "/" + x.Labels["session"] + "/" + strings.TrimPrefix(x.Labels["alertname"], "Examlink")
					if now[key] = x.Status; x.Status == "resolved" {
						delete(now, key)
					}
				}
			case <-deadline:
				t.Fatalf("notified of %v, want %s", now, want)
			}
		}
	}
	until("map[e1/1/SessionSuspect:firing e1/2/SessionSuspect:firing e2/x1/SessionSuspect:firing]")
	change("e1", "1", "dropped")
	delete(now, "e1/1/SessionSuspect") // inhibited from here on, without a notification
	until("map[e1/1/SessionDropped:firing e1/2/SessionSuspect:firing e2/x1/SessionSuspect:firing]")
	resp, err := http.Get("http://" + address + "/api/v2/alerts?inhibited=true&active=false")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || !strings.Contains(string(b), `"ExamlinkSessionSuspect"`) || strings.Contains(string(b), `"ExamlinkSessionDropped"`) {
		t.Errorf("inhibited: %s, %v", b, err)
	}
	change("e1", "1", "live")
	change("e1", "2", "live")
	change("e2", "x1", "live")
	until("map[]")
	for _, id := range []string{"1", "2", "3"} {
		change("e1", id, "suspect")
	}
	change("e2", "x1", "suspect") // the fourth
	until("map[e1//IncidentOnOurSide:firing e2//IncidentOnOurSide:firing]")
	for _, id := range []string{"1", "2", "3"} {
		change("e1", id, "live")
	}
	change("e2", "x1", "live")
	until("map[]")
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
	p := a.pushers[0]
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
