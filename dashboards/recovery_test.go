package dashboards_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"examlink/probe/ippm"
	"examlink/server/alert"
	"examlink/server/delivery"
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

// site is a server as its metrics show it, with a real notifier.
type site struct {
	address  string
	notifier *delivery.Notifier

	mu       sync.Mutex
	sessions map[string]*sitting // by id
}

// sitting is a session of a site.
type sitting struct {
	exam  string
	state int  // as in examlink_session_state
	slow  bool // the upload rate is below the minimum
}

// newSite starts a server whose notifier pushes to Alertmanagers.
func newSite(t *testing.T, alertmanagers ...string) *site {
	t.Helper()
	n, err := delivery.New(delivery.Options{
		Incident: alert.IncidentRule{Sessions: 3, Share: .3, Window: 10 * time.Second}, MinimumUp: 384e3, MinimumDown: 768e3,
		Alertmanager: delivery.Alertmanager{URLs: alertmanagers, Resend: time.Minute / faster},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := prometheus.NewRegistry()
	if err := n.Register(r); err != nil {
		t.Fatal(err)
	}
	s := &site{notifier: n, sessions: map[string]*sitting{}}
	own := promhttp.HandlerFor(r, promhttp.HandlerOpts{DisableCompression: true})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req.Header.Set("Accept", "text/plain;version=0.0.4")
		own.ServeHTTP(w, req)
		s.metrics(w)
	}))
	t.Cleanup(web.Close)
	s.address = strings.TrimPrefix(web.URL, "http://")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// metrics writes the sessions' metrics.
func (s *site) metrics(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := []string{"connected", "live", "suspect", "dropped", "exam-relevant"}
	all, exams, below := map[string]int{}, map[string]map[string]int{}, map[string]int{}
	fmt.Fprintln(w, `examlink_server_minimum_rate_bytes_per_second{direction="up"} 48000`)
	for id, x := range s.sessions {
		labels := fmt.Sprintf("{exam=%q,purpose=\"watch\",session=%q}", x.exam, id)
		fmt.Fprintf(w, "examlink_session_state%s %d\n", labels, x.state)
		if exams[x.exam] == nil {
			exams[x.exam] = map[string]int{}
		}
		exams[x.exam][states[x.state]]++
		all[states[x.state]]++
		outcome, lower := 2, 480000
		if x.slow {
			outcome, lower = 0, 30000
			below[x.exam]++
			fmt.Fprintf(w, "examlink_session_upload_bytes_per_second%s 31000\n", labels)
		}
		fmt.Fprintf(w, "examlink_session_upload_lower_bound_bytes_per_second%s %d\n", labels, lower)
		if x.state < 2 {
			fmt.Fprintf(w, "examlink_session_upload_outcome%s %d\n", labels, outcome)
		}
	}
	for _, state := range states {
		fmt.Fprintf(w, "examlink_server_sessions{purpose=\"watch\",state=%q} %d\n", state, all[state])
		for exam := range exams {
			fmt.Fprintf(w, "examlink_exam_sessions{exam=%q,purpose=\"watch\",state=%q} %d\n", exam, state, exams[exam][state])
		}
	}
	for exam := range exams {
		fmt.Fprintf(w, "examlink_exam_rate_sessions{direction=\"up\",exam=%q,outcome=\"below\",purpose=\"watch\"} %d\n", exam, below[exam])
	}
}

// add opens sessions of an exam.
func (s *site) add(exam string, n int) (ids []string) {
	for i := range n {
		id := fmt.Sprintf("%s-%d", exam, i)
		ids = append(ids, id)
		s.mu.Lock()
		s.sessions[id] = &sitting{exam: exam, state: 1}
		s.mu.Unlock()
		s.notifier.State(alert.Session{Session: id, Exam: exam, State: "live", At: time.Now(), LastPacket: time.Now(), Transport: "udp"})
	}
	return ids
}

// silence has sessions pass through the stages of a silence.
func (s *site) silence(ids []string, through ...string) {
	for _, state := range through {
		for _, id := range ids {
			s.mu.Lock()
			x := s.sessions[id]
			x.state = slices.Index([]string{"connected", "live", "suspect", "dropped", "exam-relevant"}, state)
			s.mu.Unlock()
			s.notifier.State(alert.Session{Session: id, Exam: x.exam, State: state, At: time.Now(), LastPacket: time.Now().Add(-time.Second), Transport: "udp"})
		}
	}
}

// rate has sessions measure a rate up, in bit/s, as often as raises or clears a warning.
func (s *site) rate(ids []string, bits float64) {
	low, high := bits*.97, bits*1.03
	for _, id := range ids {
		s.mu.Lock()
		x := s.sessions[id]
		x.slow = bits < 384e3
		s.mu.Unlock()
		for range 3 {
			s.notifier.Reading(alert.Session{Session: id, Exam: x.exam, State: "live", At: time.Now(), LastPacket: time.Now(), Transport: "udp"},
				alert.Reading{Interval: ippm.Interval{Value: &bits, Low: &low, High: &high}, Direction: "up", Packets: 40})
		}
	}
}

// notification is one alert in a message to a receiver.
type notification struct {
	Status string
	Labels alertLabels
	at     time.Time
}

// key names an alert as proctors know it.
func (n notification) key() string {
	l := n.Labels
	return strings.Join([]string{l["alertname"], l["exam"], l["session"], l["direction"]}, " ")
}

// inbox is a receiver of Alertmanager's messages.
type inbox struct {
	url string
	mu  sync.Mutex
	all []notification
}

func newInbox(t *testing.T) *inbox {
	in := &inbox{}
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct{ Alerts []notification }
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Error(err)
		}
		in.mu.Lock()
		defer in.mu.Unlock()
		for _, n := range message.Alerts {
			n.at = time.Now()
			in.all = append(in.all, n)
		}
	}))
	t.Cleanup(web.Close)
	in.url = web.URL
	return in
}

func (in *inbox) list() []notification {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.all)
}

// latest returns the latest status of each alert.
func (in *inbox) latest() map[string]string {
	out := map[string]string{}
	for _, n := range in.list() {
		out[n.key()] = n.Status
	}
	return out
}

// count counts the alerts whose latest status is status and whose name matches.
func (in *inbox) count(status, name string) (k int) {
	for key, s := range in.latest() {
		if s == status && strings.HasPrefix(key, name+" ") {
			k++
		}
	}
	return k
}

// soon waits until a condition holds.
func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not seen: %s", what)
		}
	}
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

// recoveries counts the alerts that were resolved. Called locked.
func (in *inbox) recoveries() (k int) {
	for _, n := range in.all {
		if n.Status == "resolved" {
			k++
		}
	}
	return k
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
