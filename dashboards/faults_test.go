package dashboards_test

import (
	"slices"
	"strings"
	"testing"

	"examlink/dashboards/grafana"
	"examlink/dashboards/lint"
)

// pick returns a panel of a dashboard, by title.
func pick(t *testing.T, all []*grafana.Dashboard, uid, title string) *grafana.Panel {
	t.Helper()
	for _, d := range all {
		for i := range d.Panels {
			if d.UID == uid && d.Panels[i].Title == title {
				return &d.Panels[i]
			}
		}
	}
	t.Fatalf("no panel %q in %s", title, uid)
	return nil
}

// page returns a dashboard, by UID.
func page(t *testing.T, all []*grafana.Dashboard, uid string) *grafana.Dashboard {
	t.Helper()
	i := slices.IndexFunc(all, func(d *grafana.Dashboard) bool { return d.UID == uid })
	if i < 0 {
		t.Fatalf("no dashboard %s", uid)
	}
	return all[i]
}

// TestFaultsAreFound plants one fault at a time in the committed dashboards and
// expects a finding of the rule for it, and none in another dashboard.
func TestFaultsAreFound(t *testing.T) {
	type set = []*grafana.Dashboard
	change := func(old, new string) func(*testing.T, *grafana.Panel) {
		return func(t *testing.T, p *grafana.Panel) {
			before := p.Targets[0].Expr
			p.Targets[0].Expr = strings.Replace(before, old, new, 1)
			if p.Targets[0].Expr == before {
				t.Fatalf("%q is not in %s", old, before)
			}
		}
	}
	registry := withRecorded(t, programs(t))
	for _, c := range []struct {
		name, rule, uid, panel string // panel empty: the dashboard itself
		alter                  func(*testing.T, *grafana.Panel)
		alterAll               func(*testing.T, set)
	}{
		{name: "unknown metric", rule: "target-metric", uid: "examlink-fleet", panel: "Live sessions", alter: change("examlink_server_sessions", "examlink_server_session")},
		{name: "unknown label in a matcher", rule: "target-label", uid: "examlink-fleet", panel: "Live sessions", alter: change(`state="live"`, `status="live"`)},
		{name: "value a label never has", rule: "target-label-value", uid: "examlink-fleet", panel: "Silent sessions", alter: change("suspect|dropped", "suspect|droped")},
		{name: "unknown label to aggregate by", rule: "target-label", uid: "examlink-fleet", panel: "Sessions by state", alter: change("by (state)", "by (exam)")},
		{name: "unknown label to match on", rule: "target-label", uid: "examlink-session", panel: "Upload rate", alter: change("on (job, instance, exam, session)", "on (job, instance, exam, server)")},
		{name: "label of a legend that the result lacks", rule: "target-legend", uid: "examlink-fleet", panel: "Sessions by state", alter: func(_ *testing.T, p *grafana.Panel) { p.Targets[0].LegendFormat = "{{instance}}" }},
		{name: "missing unit", rule: "panel-units", uid: "examlink-health", panel: "Memory", alter: func(_ *testing.T, p *grafana.Panel) { p.FieldConfig.Defaults.Unit = "" }},
		{name: "missing unit of a state timeline", rule: "panel-units", uid: "examlink-session", panel: "State over time", alter: func(_ *testing.T, p *grafana.Panel) { p.FieldConfig.Defaults.Unit = "" }},
		{name: "missing description", rule: "panel-title-description", uid: "examlink-health", panel: "Memory", alter: func(_ *testing.T, p *grafana.Panel) { p.Description = "" }},
		{name: "missing description of a heatmap", rule: "panel-title-description", uid: "examlink-health", panel: "Turnaround", alter: func(_ *testing.T, p *grafana.Panel) { p.Description = "" }},
		{name: "overlapping panels", rule: "panel-place", uid: "examlink-health", panel: "Memory", alter: func(_ *testing.T, p *grafana.Panel) { p.GridPos.X-- }},
		{name: "panel beyond the page", rule: "panel-place", uid: "examlink-health", panel: "Memory", alter: func(_ *testing.T, p *grafana.Panel) { p.GridPos.W++ }},
		{name: "rate over a window of its own", rule: "target-rate-interval", uid: "examlink-health", panel: "CPU", alter: change("$__rate_interval", "5m")},
		{name: "counter as it is", rule: "target-counter-agg", uid: "examlink-health", panel: "CPU", alter: func(_ *testing.T, p *grafana.Panel) {
			p.Targets[0].Expr = `process_cpu_seconds_total{job=~"$job",instance=~"$instance"}`
		}},
		{name: "rate of a gauge", rule: "target-counter-agg", uid: "examlink-health", panel: "Goroutines", alter: func(_ *testing.T, p *grafana.Panel) {
			p.Targets[0].Expr = `rate(go_goroutines{job=~"$job",instance=~"$instance"}[$__rate_interval])`
		}},
		{name: "no expression at all", rule: "target-promql", uid: "examlink-health", panel: "Goroutines", alter: change("{", "{{")},
		{name: "job not chosen", rule: "target-job", uid: "examlink-health", panel: "Goroutines", alter: change(`job=~"$job",`, "")},
		{name: "instance not chosen", rule: "target-instance", uid: "examlink-health", panel: "Goroutines", alter: change(`,instance=~"$instance"`, "")},
		{name: "session not chosen", rule: "target-session", uid: "examlink-session", panel: "Probes received", alter: change(`,session="$session"`, "")},
		{name: "variable that is not there", rule: "template-unknown", uid: "examlink-fleet", panel: "Live sessions", alter: change(`state="live"`, `state="$state"`)},
		{name: "bytes shown as bits", rule: "panel-bits", uid: "examlink-health", panel: "Train traffic", alter: change(" * 8", "")},
		{name: "rate in a unit of its own", rule: "panel-bits", uid: "examlink-session", panel: "Upload rate", alter: func(_ *testing.T, p *grafana.Panel) { p.FieldConfig.Defaults.Unit = "short" }},
		{name: "fixed data source", rule: "panel-datasource", uid: "examlink-health", panel: "Memory", alter: func(_ *testing.T, p *grafana.Panel) { p.Targets[0].Datasource.UID = "prometheus" }},
		{name: "no data without a word", rule: "no-data", uid: "examlink-health", panel: "Memory", alter: func(_ *testing.T, p *grafana.Panel) { p.FieldConfig.Defaults.NoValue = "" }},
		{name: "no data as zero", rule: "no-data", uid: "examlink-fleet", panel: "Silent sessions", alter: func(_ *testing.T, p *grafana.Panel) { p.Targets[0].Expr += " or vector(0)" }},
		{name: "no data in green", rule: "no-data", uid: "examlink-fleet", panel: "Silent sessions", alter: func(_ *testing.T, p *grafana.Panel) { p.FieldConfig.Defaults.Thresholds.Steps[0].Color = "green" }},
		{name: "no data as the value before", rule: "no-data", uid: "examlink-session", panel: "State over time", alter: func(_ *testing.T, p *grafana.Panel) { p.FieldConfig.Defaults.Custom["spanNulls"] = true }},
		{name: "no data as the last value there was", rule: "target-time", uid: "examlink-session", panel: "State", alter: func(_ *testing.T, p *grafana.Panel) { p.Targets[0].Instant, p.Targets[0].Range = false, true }},
		{name: "link to nowhere", rule: "panel-link", uid: "examlink-fleet", panel: "Exams now", alter: func(t *testing.T, p *grafana.Panel) { relink(t, p, "/d/examlink-exam?", "/d/examlink-exams?") }},
		{name: "link from a column that is not there", rule: "panel-link", uid: "examlink-fleet", panel: "Exams now", alter: func(t *testing.T, p *grafana.Panel) { relink(t, p, "fields.Exam", "fields.exam") }},
		{name: "link that sets what is not there", rule: "panel-link", uid: "examlink-fleet", panel: "Exams now", alter: func(t *testing.T, p *grafana.Panel) { relink(t, p, "&var-exam=", "&var-session=") }},
		{name: "nothing asked", rule: "panel-no-targets", uid: "examlink-health", panel: "Memory", alter: func(_ *testing.T, p *grafana.Panel) { p.Targets = nil }},
		{name: "kind that no rule knows", rule: "panel-kind", uid: "examlink-health", panel: "Memory", alter: func(_ *testing.T, p *grafana.Panel) { p.Type = "piechart" }},
		{name: "panel id twice", rule: "panel-id", uid: "examlink-health", panel: "Memory", alter: func(_ *testing.T, p *grafana.Panel) { p.ID = 1 }},
		{name: "uid twice", rule: "dashboard-uid", uid: "examlink-exam", alterAll: func(t *testing.T, all set) { page(t, all, "examlink-session").UID = "examlink-exam" }},
		{name: "no data source to choose", rule: "template-datasource", uid: "examlink-exam", alterAll: func(t *testing.T, all set) {
			d := page(t, all, "examlink-exam")
			d.Templating.List = d.Templating.List[1:]
		}},
		{name: "job of one value only", rule: "template-job", uid: "examlink-exam", alterAll: func(t *testing.T, all set) { page(t, all, "examlink-exam").Templating.List[1].Multi = false }},
		{name: "variable from a metric that is not there", rule: "template-label-promql", uid: "examlink-exam", alterAll: func(t *testing.T, all set) {
			page(t, all, "examlink-exam").Templating.List[3].Query = "label_values(examlink_exams, exam)"
		}},
		{name: "variable looked up once", rule: "template-on-time-change-reload", uid: "examlink-exam", alterAll: func(t *testing.T, all set) { page(t, all, "examlink-exam").Templating.List[3].Refresh = 1 }},
		{name: "dashboard to edit in place", rule: "uneditable-dashboard", uid: "examlink-exam", alterAll: func(t *testing.T, all set) { page(t, all, "examlink-exam").Editable = true }},
		{name: "annotation of a label that is not there", rule: "target-legend", uid: "examlink-exam", alterAll: func(t *testing.T, all set) {
			page(t, all, "examlink-exam").Annotations.List[0].TitleFormat = "{{alert}}"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := committed(t)
			if c.alterAll != nil {
				c.alterAll(t, all)
			} else {
				c.alter(t, pick(t, all, c.uid, c.panel))
			}
			found := lint.Check(all, registry)
			if !slices.ContainsFunc(found, func(f lint.Finding) bool { return f.Rule == c.rule && f.Dashboard == c.uid && f.Panel == c.panel }) {
				t.Errorf("found %v, expected %s of %q in %s", found, c.rule, c.panel, c.uid)
			}
			for _, f := range found {
				if f.Dashboard != c.uid {
					t.Errorf("found %v in another dashboard than the fault's", f)
				}
			}
		})
	}
}

// relink changes a link in the columns of a table.
func relink(t *testing.T, p *grafana.Panel, old, new string) {
	t.Helper()
	for i := range p.FieldConfig.Overrides {
		for j, prop := range p.FieldConfig.Overrides[i].Properties {
			links, _ := prop.Value.([]any)
			for _, l := range links {
				if m, _ := l.(map[string]any); prop.ID == "links" && strings.Contains(m["url"].(string), old) {
					m["url"] = strings.Replace(m["url"].(string), old, new, 1)
					p.FieldConfig.Overrides[i].Properties[j].Value = links
					return
				}
			}
		}
	}
	t.Fatalf("no link with %q in %q", old, p.Title)
}
