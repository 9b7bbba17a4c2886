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
	"strings"
	"testing"
	"time"

	"examlink/server/alert"
)

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

// group is a notification of Alertmanager's.
type group struct {
	Status      string
	GroupLabels map[string]string
	Alerts      []struct {
		Status string
		Labels map[string]string
	}
}

// groupReceiver is a receiver of Alertmanager's notifications.
type groupReceiver struct {
	t      *testing.T
	groups chan group
	firing map[string]string // status by exam, session and alert
}

// newGroupReceiver returns the receiver and its port.
func newGroupReceiver(t *testing.T) (*groupReceiver, int) {
	r := &groupReceiver{t: t, groups: make(chan group, 100), firing: map[string]string{}}
	hook, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		var g group
		if err := json.NewDecoder(req.Body).Decode(&g); err != nil {
			t.Error(err)
		}
		r.groups <- g
	})}
	go func() { _ = srv.Serve(hook) }()
	t.Cleanup(func() { _ = srv.Close() })
	return r, hook.Addr().(*net.TCPAddr).Port
}

// until follows the notifications until the alerts are as wanted.
func (r *groupReceiver) until(want string) {
	r.t.Helper()
	deadline := time.After(60 * time.Second)
	for fmt.Sprint(r.firing) != want {
		select {
		case g := <-r.groups:
			for _, x := range g.Alerts {
				if x.Labels["exam"] != g.GroupLabels["exam"] {
					r.t.Errorf("%v in the group of %v", x.Labels, g.GroupLabels)
				}
				key := x.Labels["exam"] + "/" + x.Labels["session"] + "/" + strings.TrimPrefix(x.Labels["alertname"], "Examlink")
				if r.firing[key] = x.Status; x.Status == "resolved" {
					delete(r.firing, key)
				}
			}
		case <-deadline:
			r.t.Fatalf("notified of %v, want %s", r.firing, want)
		}
	}
}

// startAlertmanager starts an Alertmanager that notifies a port, and returns its
// address.
func startAlertmanager(t *testing.T, port int) string {
	binary, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("prometheus-alertmanager is not installed")
		}
		t.Skip("prometheus-alertmanager is not installed")
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(conf, fmt.Appendf(nil, amConfig, port), 0o600); err != nil {
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
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return address
}

// A real Alertmanager groups alerts by exam, inhibits those of an incident, and
// resolves them. It starts after the first push, which is tried again.
func TestRealAlertmanager(t *testing.T) {
	if testing.Short() {
		t.Skip("long: 10 s with an Alertmanager")
	}
	r, port := newGroupReceiver(t)
	address := startAlertmanager(t, port)
	a, err := New(Options{Hold: 2 * time.Second, Incident: alert.IncidentRule{Sessions: 4, Share: 0.3, Window: 10 * time.Second}, Alertmanager: Alertmanager{URLs: []string{"http://" + address}, Resend: 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	defer finish(t, cancel, done)
	change := func(exam, state string, ids ...string) {
		for _, id := range ids {
			s := sessionNamed(id, state)
			s.Exam = exam
			a.State(s)
		}
	}
	change("e1", "live", "1", "2", "3", "4", "5")
	change("e2", "live", "x1", "x2", "x3", "x4", "x5")
	change("e1", "suspect", "1", "2")
	change("e2", "suspect", "x1")
	r.until("map[e1/1/SessionSuspect:firing e1/2/SessionSuspect:firing e2/x1/SessionSuspect:firing]")

	change("e1", "dropped", "1")
	delete(r.firing, "e1/1/SessionSuspect") // inhibited from here on, without a notification
	r.until("map[e1/1/SessionDropped:firing e1/2/SessionSuspect:firing e2/x1/SessionSuspect:firing]")
	if inhibited := inhibitedAlerts(t, address); !strings.Contains(inhibited, `"ExamlinkSessionSuspect"`) || strings.Contains(inhibited, `"ExamlinkSessionDropped"`) {
		t.Errorf("inhibited: %s", inhibited)
	}
	change("e1", "live", "1", "2")
	change("e2", "live", "x1")
	r.until("map[]")

	change("e1", "suspect", "1", "2", "3")
	change("e2", "suspect", "x1") // the fourth
	r.until("map[e1//IncidentOnOurSide:firing e2//IncidentOnOurSide:firing]")
	change("e1", "live", "1", "2", "3")
	change("e2", "live", "x1")
	r.until("map[]")
}

func inhibitedAlerts(t *testing.T, address string) string {
	resp, err := http.Get("http://" + address + "/api/v2/alerts?inhibited=true&active=false")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
