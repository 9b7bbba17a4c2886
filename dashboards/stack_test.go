package dashboards_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// faster is by how much the shipped durations are shortened in this test.
const faster = 5

var durations = regexp.MustCompile(`((?:scrape_interval|scrape_timeout|evaluation_interval|interval|for|keep_firing_for|group_wait|group_interval): )(\d+)([sm])\b`)

// hasten shortens the durations of a configuration or of rules.
func hasten(text string) string {
	return durations.ReplaceAllStringFunc(text, func(s string) string {
		m := durations.FindStringSubmatch(s)
		n, err := strconv.Atoi(m[2])
		if err != nil {
			panic(err)
		}
		d := time.Duration(n) * map[string]time.Duration{"s": time.Second, "m": time.Minute}[m[3]] / faster
		return m[1] + strconv.Itoa(int(d/time.Millisecond)) + "ms"
	})
}

// stack is Prometheus and Alertmanager with the shipped configuration and rules.
type stack struct {
	prometheus, alertmanager string
	proctors, operators      *inbox
}

// newAlertmanager starts Alertmanager with the shipped routes; its receivers are the
// stack's.
func newAlertmanager(t *testing.T) *stack {
	t.Helper()
	s := &stack{proctors: newInbox(t), operators: newInbox(t)}
	data, err := os.ReadFile(provisioning + "/alertmanager/alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	text := hasten(string(data))
	for name, in := range map[string]*inbox{"proctors": s.proctors, "operators": s.operators} {
		text = regexp.MustCompile(`(?m)^  - name: `+name+`$`).ReplaceAllString(text,
			fmt.Sprintf("  - name: %s\n    webhook_configs: [{url: %q, send_resolved: true}]", name, in.url))
	}
	file := filepath.Join(t.TempDir(), "alertmanager.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.alertmanager = serve(t, "/-/ready", tool(t, "prometheus-alertmanager", "alertmanager"), "--config.file="+file, "--storage.path="+t.TempDir(),
		"--web.listen-address=ADDRESS", "--cluster.listen-address=", "--log.level=error")
	return s
}

// scrape starts Prometheus with the shipped configuration on some servers.
func (s *stack) scrape(t *testing.T, servers ...string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "rules"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"rules/alerts.yaml", "rules/recording.yaml", "provisioning/prometheus/prometheus.yml"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(hasten(string(data)), "examlink-server:9481", strings.Join(servers, ", "))
		text = strings.ReplaceAll(text, "alertmanager:9093", strings.TrimPrefix(s.alertmanager, "http://"))
		if err := os.WriteFile(filepath.Join(dir, strings.TrimPrefix(name, "provisioning/prometheus/")), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.prometheus = serve(t, "/-/ready", tool(t, "prometheus"), "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=ADDRESS", "--log.level=error")
}

// firing counts the firing alerts of Prometheus that a selector selects.
func (s *stack) firing(t *testing.T, matchers string) int {
	t.Helper()
	a := getJSON[answer](t, s.prometheus+"/api/v1/query", url.Values{"query": {`count(ALERTS{alertstate="firing",` + matchers + `})`}})
	if len(a.Data.Result) == 0 {
		return 0
	}
	return int(number(t, a.Data.Result[0].Value))
}
