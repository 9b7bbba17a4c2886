//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// secondStudent adds another student with a separate link, and returns the
// student's namespace.
func (h *testbed) secondStudent() string {
	h.t.Helper()
	return h.addStudent(1)
}

// addStudent adds a student with link 1 to 9 of its own, and returns the student's namespace.
func (h *testbed) addStudent(link int) string {
	h.t.Helper()
	ns := fmt.Sprintf("%s%c", h.student, 'a'+link)
	sh(h.t, "ip netns add %s", ns)
	h.t.Cleanup(func() { sh(h.t, "ip netns del %s", ns) })
	for _, line := range []string{
		fmt.Sprintf("ip -n %s link set lo up", ns),
		fmt.Sprintf("ip link add veth%d netns %s type veth peer name veth0 netns %s", link, h.far, ns),
		fmt.Sprintf("ip -n %s addr add 10.77.%d.1/24 dev veth%d", h.far, link, link),
		fmt.Sprintf("ip -n %s addr add 10.77.%d.2/24 dev veth0", ns, link),
		fmt.Sprintf("ip -n %s link set veth%d up", h.far, link),
		fmt.Sprintf("ip -n %s link set veth0 up", ns),
		fmt.Sprintf("ip -n %s route add 10.77.0.0/24 via 10.77.%d.1", ns, link),
	} {
		sh(h.t, "%s", line)
	}
	return ns
}

// run starts a program in a namespace until the test is over.
func (h *testbed) run(ns, program string, args ...string) *syncBuffer {
	h.t.Helper()
	out := &syncBuffer{}
	c := h.in(ns, program, args...)
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	return out
}

// alerting is an alert as Alertmanager reports it.
type alerting struct {
	Labels map[string]string
	Status struct{ State string }
}

// End to end: a server, two students on separate links, Prometheus with the rules
// of this repository, and Alertmanager. One link is cut: only the alert of that
// session fires, from Prometheus and from the server itself, and it resolves when
// the link is back.
func TestOperatorsAreTold(t *testing.T) {
	need(t, "ip", "tc", "nft", "prometheus", "prometheus-alertmanager")
	h := newTestbed(t)
	h.shape(10, 5)
	other := h.secondStudent()
	rules, err := filepath.Abs("../../../dashboards")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		file := filepath.Join(h.data, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	// Restarted, so that the server also pushes alerts itself.
	_ = h.server.Process.Kill()
	_, _ = h.server.Process.Wait()
	write("config.yaml", "server: {alerts: {alertmanager: {urls: [\"http://127.0.0.1:9093\"]}}}\n")
	h.startServer()
	h.run(h.far, "prometheus-alertmanager", "--config.file="+filepath.Join(rules, "provisioning/alertmanager/alertmanager.yml"),
		"--storage.path="+filepath.Join(h.data, "am"), "--web.listen-address=127.0.0.1:9093", "--cluster.listen-address=")
	h.run(h.far, "prometheus", "--storage.tsdb.path="+filepath.Join(h.data, "tsdb"), "--web.listen-address=127.0.0.1:9090",
		"--config.file="+write("prometheus.yml", fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%s/rules/*.yaml]
alerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:9093"]}]}]}
scrape_configs: [{job_name: examlink-server, static_configs: [{targets: ["127.0.0.1:9481"]}]}]
`, rules)))
	client := caller(h.far)
	get := func(url string, into any) error {
		r, err := client.Get(url)
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", url, r.Status)
		}
		return json.NewDecoder(r.Body).Decode(into)
	}
	wait := func(what string, within time.Duration, reached func() bool) {
		t.Helper()
		began := time.Now()
		for !reached() {
			if time.Since(began) > within {
				t.Fatalf("%s: not within %v", what, within)
			}
			time.Sleep(200 * time.Millisecond)
		}
		t.Logf("%s: after %.1f s", what, time.Since(began).Seconds())
	}
	live := func() (sessions []string) {
		var answer struct {
			Data struct {
				Result []struct{ Metric map[string]string }
			}
		}
		if err := get("http://127.0.0.1:9090/api/v1/query?query=examlink_session_state==1", &answer); err != nil {
			return nil
		}
		for _, r := range answer.Data.Result {
			sessions = append(sessions, r.Metric["session"])
		}
		return sessions
	}
	// alerts returns the sessions of an alert; pushed selects who pushed it. While the
	// server pushes, Prometheus' copies are for nobody.
	alerts := func(name string, pushed bool) (sessions []string) {
		var list []alerting
		if err := get("http://127.0.0.1:9093/api/v2/alerts?active=true&inhibited=true", &list); err != nil {
			return nil
		}
		for _, a := range list {
			if a.Labels["alertname"] == name && (a.Labels["instance"] == "") == pushed {
				if !pushed && a.Labels["notify"] != "no" {
					t.Errorf("Prometheus' copy would be notified of: %v", a.Labels)
				}
				sessions = append(sessions, a.Labels["session"])
			}
		}
		return sessions
	}

	h.run(h.student, filepath.Join(bin, "examlink"), "watch", "--record", "none", "--metrics-listen", "", "--notify", "off", h.token)
	wait("Prometheus sees the first session live", 30*time.Second, func() bool { return len(live()) == 1 })
	first := live()[0]
	h.run(other, filepath.Join(bin, "examlink"), "watch", "--record", "none", "--metrics-listen", "", "--notify", "off", h.token)
	wait("Prometheus sees both sessions live", 30*time.Second, func() bool { return len(live()) == 2 })
	time.Sleep(5 * time.Second)
	for _, pushed := range []bool{false, true} {
		if s := alerts("ExamlinkSessionDropped", pushed); len(s) > 0 {
			t.Errorf("before the cut: dropped %v", s)
		}
	}

	h.block(h.student, "output", "{ udp, tcp }")
	is := func(pushed bool) func() bool {
		return func() bool {
			s := alerts("ExamlinkSessionDropped", pushed)
			return len(s) == 1 && s[0] == first
		}
	}
	wait("Alertmanager has it from the server", 30*time.Second, is(true))
	wait("Alertmanager has it from Prometheus", 60*time.Second, is(false))
	if s := live(); len(s) != 1 || s[0] == first {
		t.Errorf("live with one link cut: %v, want the other one", s)
	}
	h.open(h.student)
	none := func(pushed bool) func() bool {
		return func() bool { return len(alerts("ExamlinkSessionDropped", pushed)) == 0 }
	}
	wait("it ends at the server", 60*time.Second, none(true))
	wait("it ends in Prometheus", 120*time.Second, none(false))
	wait("both sessions are live again", 60*time.Second, func() bool { return len(live()) == 2 })
}
