package dashboards_test

import (
	"os"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"

	"examlink/dashboards/lint"
)

// agreed holds tables like those of docs/METRICS.md, for metrics that are agreed on
// but not documented there yet.
var agreed []string

// programs returns every metric of both programs, from docs/METRICS.md (which a
// test of the programs compares with what they register), the Go and process
// metrics of client_golang, and those that Prometheus adds to each scrape.
func programs(t *testing.T) lint.Registry {
	t.Helper()
	doc, err := os.ReadFile("../docs/METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	out, err := lint.ParseDocument(string(doc))
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 40 {
		t.Fatalf("%d metrics in docs/METRICS.md: are its tables read?", len(out))
	}
	for _, table := range agreed {
		more, err := lint.ParseDocument(table)
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Add(more); err != nil {
			t.Errorf("agreed otherwise than documented: %v", err)
		}
	}
	if err := out.Add(runtimeMetrics(t)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"up", "scrape_duration_seconds", "scrape_samples_scraped"} {
		out[name] = lint.Metric{Name: name, Type: "gauge"}
	}
	return out
}

// runtimeMetrics are the Go and process metrics.
func runtimeMetrics(t *testing.T) lint.Registry {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	types := map[dto.MetricType]string{
		dto.MetricType_COUNTER: "counter", dto.MetricType_GAUGE: "gauge", dto.MetricType_HISTOGRAM: "histogram", dto.MetricType_SUMMARY: "summary",
	}
	out := lint.Registry{}
	for _, f := range families {
		m := lint.Metric{Name: f.GetName(), Type: types[f.GetType()]}
		for _, l := range f.GetMetric()[0].GetLabel() {
			if !slices.Contains(m.Labels, l.GetName()) {
				m.Labels = append(m.Labels, l.GetName())
			}
		}
		out[m.Name] = m
	}
	return out
}

func TestDocumentIsRead(t *testing.T) {
	r := programs(t)
	for name, typ := range map[string]string{
		"examlink_server_sessions": "gauge", "examlink_client_probes_lost_total": "counter", "examlink_server_turnaround_seconds": "histogram",
	} {
		if r[name].Type != typ {
			t.Errorf("%s is a %q, expected %s", name, r[name].Type, typ)
		}
	}
	if v := r["examlink_server_sessions"].Values["state"]; !slices.Contains(v, "exam-relevant") {
		t.Errorf("states are %q, expected exam-relevant among them", v)
	}
	if v := r["examlink_server_requests_refused_total"].Values["reason"]; !slices.Contains(v, "handshake-rate") || slices.Contains(v, "no-train") {
		t.Errorf("reasons of refused requests are %q", v)
	}
}
