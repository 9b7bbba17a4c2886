package dashboards_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"examlink/dashboards/lint"
)

// ruleFile is the part of a rule file that the tests check.
type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []rule
	}
}

type rule struct {
	Record, Alert, Expr string
	For                 string
	Labels, Annotations map[string]string
}

// rules returns the rules of every file, recording rules first.
func rules(t *testing.T) (recording, alerting []rule) {
	t.Helper()
	for _, name := range []string{"recording.yaml", "alerts.yaml"} {
		data, err := os.ReadFile(filepath.Join("rules", name))
		if err != nil {
			t.Fatal(err)
		}
		var f ruleFile
		if err := yaml.Unmarshal(data, &f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, g := range f.Groups {
			for _, r := range g.Rules {
				if r.Alert != "" {
					alerting = append(alerting, r)
				} else {
					recording = append(recording, r)
				}
			}
		}
	}
	return recording, alerting
}

// withRecorded adds the recorded metrics to the registered ones.
func withRecorded(t *testing.T, registry lint.Registry) lint.Registry {
	t.Helper()
	recording, _ := rules(t)
	for _, r := range recording {
		labels := slices.DeleteFunc(lint.Labels(r.Expr, registry), func(l string) bool { return l == "job" || l == "instance" })
		registry[r.Record] = lint.Metric{Name: r.Record, Type: "gauge", Labels: labels}
	}
	return registry
}

func TestRulesPassPromtool(t *testing.T) {
	if testing.Short() {
		t.Skip("long: 15 s of promtool")
	}
	t.Parallel()
	promtool := tool(t, "promtool")
	files, err := filepath.Glob("rules/*.yaml")
	if err != nil || len(files) != 2 {
		t.Fatalf("%q, %v, expected two files", files, err)
	}
	t.Log(run(t, ".", promtool, append([]string{"check", "rules"}, files...)...))
	tests, err := filepath.Glob("rules/tests/*.yaml")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests, %v", err)
	}
	t.Log(run(t, ".", promtool, append([]string{"test", "rules"}, tests...)...))
}

func TestRulesUseWhatThereIs(t *testing.T) {
	registry := withRecorded(t, programs(t))
	recording, alerting := rules(t)
	if len(recording) == 0 || len(alerting) == 0 {
		t.Fatalf("%d recording and %d alerting rules", len(recording), len(alerting))
	}
	for _, r := range slices.Concat(recording, alerting) {
		for _, f := range lint.Expression(r.Record+r.Alert, r.Expr, registry) {
			t.Error(f)
		}
	}
	for _, bad := range []string{"examlink_nothing > 0", `examlink_session_state{student="x"}`, `examlink_server_sessions{state="gone"}`, "sum by (exam) (examlink_server_sessions)"} {
		if len(lint.Expression("bad", bad, registry)) == 0 {
			t.Errorf("nothing found in %s", bad)
		}
	}
}

var levels = regexp.MustCompile(`^(exam|exam_direction|instance|instance_direction):examlink_[a-z0-9_]+:(sum|max|ratio|rate[0-9]+m|ratio_rate[0-9]+m)$`)

func TestRecordedNames(t *testing.T) {
	recording, _ := rules(t)
	for _, r := range recording {
		if !levels.MatchString(r.Record) {
			t.Errorf("%s, expected level:metric:operations", r.Record)
		}
	}
}

func TestAlertsSayWhatTheyMustAndHaveARunbook(t *testing.T) {
	_, alerting := rules(t)
	pages := map[string]bool{}
	for _, r := range alerting {
		if !strings.HasPrefix(r.Alert, "Examlink") {
			t.Errorf("%s does not begin with Examlink", r.Alert)
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s: severity %q", r.Alert, s)
		}
		if a := r.Labels["audience"]; a != "proctor" && a != "operator" {
			t.Errorf("%s: audience %q", r.Alert, a)
		}
		if s := r.Annotations["summary"]; !strings.HasSuffix(s, ".") || strings.Contains(s, "{{") {
			t.Errorf("%s: summary %q, expected one sentence that is the same for all of a group", r.Alert, s)
		}
		if len(r.Annotations["description"]) < 40 {
			t.Errorf("%s: description %q", r.Alert, r.Annotations["description"])
		}
		if want := "docs/runbooks/" + r.Alert + ".md"; r.Annotations["runbook_url"] != want {
			t.Errorf("%s: runbook_url %q, expected %s", r.Alert, r.Annotations["runbook_url"], want)
		}
		if d := r.Annotations["dashboard_url"]; !strings.HasPrefix(d, "/d/") {
			t.Errorf("%s: dashboard_url %q", r.Alert, d)
		}
		for _, word := range []string{"cheat", "misconduct", "violation", "suspicious"} {
			if strings.Contains(strings.ToLower(r.Annotations["summary"]+r.Annotations["description"]), word) {
				t.Errorf("%s speaks of %s: an alert tells of a network", r.Alert, word)
			}
		}
		pages[r.Alert+".md"] = true
	}
	pages["ExamlinkSessionSuspect.md"] = true // only servers raise it
	files, err := os.ReadDir("../docs/runbooks")
	if err != nil {
		t.Fatal(err)
	}
	registry := withRecorded(t, programs(t))
	for _, f := range files {
		if !pages[f.Name()] {
			t.Errorf("docs/runbooks/%s is no alert's", f.Name())
		}
		delete(pages, f.Name())
		runbook(t, f.Name(), registry)
	}
	for name := range pages {
		t.Errorf("docs/runbooks/%s is missing", name)
	}
}

var queries = regexp.MustCompile("(?s)```promql\n(.*?)```")

// runbook checks a page's form, and that its queries use existing metrics.
func runbook(t *testing.T, name string, registry lint.Registry) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../docs/runbooks", name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	at := 0
	for _, heading := range []string{"# " + strings.TrimSuffix(name, ".md") + "\n", "\n## Meaning\n", "\n## Impact\n", "\n## Diagnosis\n", "\n## Remedy\n"} {
		i := strings.Index(text[at:], heading)
		if i < 0 {
			t.Errorf("%s: no %q, or not in its place", name, strings.TrimSpace(heading))
			return
		}
		at += i
	}
	found := queries.FindAllStringSubmatch(text, -1)
	if len(found) == 0 {
		t.Errorf("%s: no query to diagnose by", name)
	}
	for _, q := range found {
		for _, f := range lint.Expression(name, strings.TrimSpace(q[1]), registry) {
			t.Error(f)
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([A-Za-z]+\.md)\)`).FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("../docs/runbooks", m[1])); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAlertsAreTestedBothWays reads promtool's tests: each rule must be tested
// firing, and its alert must be tested not firing before and after that.
func TestAlertsAreTestedBothWays(t *testing.T) {
	type expectation struct {
		Alertname string
		Exp       []struct {
			Labels map[string]string `yaml:"exp_labels"`
		} `yaml:"exp_alerts"`
	}
	type testFile struct {
		Tests []struct {
			Name  string
			Rules []expectation           `yaml:"alert_rule_test"`
			Exprs []struct{ Expr string } `yaml:"promql_expr_test"`
		}
	}
	files, err := filepath.Glob("rules/tests/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	fires, before, after := map[string]bool{}, map[string]bool{}, map[string]bool{}
	recorded := ""
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var f testFile
		if err := yaml.Unmarshal(data, &f); err != nil {
			t.Fatal(err)
		}
		for _, test := range f.Tests {
			fired := map[string]bool{}
			for _, e := range test.Rules {
				if len(e.Exp) == 0 && fired[e.Alertname] {
					after[e.Alertname] = true
				}
				if len(e.Exp) == 0 && !fired[e.Alertname] {
					before[e.Alertname] = true
				}
				for _, a := range e.Exp {
					fired[e.Alertname] = true
					fires[e.Alertname+" "+a.Labels["severity"]+" "+a.Labels["direction"]] = true
					fires[e.Alertname+" "+a.Labels["severity"]+" "] = true // for rules that set no direction
				}
			}
			for _, e := range test.Exprs {
				recorded += e.Expr + "\n"
			}
		}
	}
	recording, alerting := rules(t)
	for _, r := range alerting {
		if key := r.Alert + " " + r.Labels["severity"] + " " + r.Labels["direction"]; !fires[key] {
			t.Errorf("no test has %s fire", key)
		}
		if !before[r.Alert] || !after[r.Alert] {
			t.Errorf("%s: seen not firing before %v, resolved %v", r.Alert, before[r.Alert], after[r.Alert])
		}
	}
	for _, r := range recording {
		if !strings.Contains(recorded, r.Record) {
			t.Errorf("no test has what %s comes to", r.Record)
		}
	}
}
