package exporter

import (
	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe/outbox"
	"examlink/probe/wire"
)

var (
	waitingDesc   = prometheus.NewDesc(name("reports_waiting"), "Reports queued for the server (warnings, minute reports, counts of dropped reports), including those left by an earlier run.", nil, nil)
	takenDesc     = prometheus.NewDesc(name("reports_taken_total"), "Reports accepted by the server.", nil, nil)
	unwantedDesc  = prometheus.NewDesc(name("reports_refused_total"), "Reports refused by the server and not sent again.", nil, nil)
	forgottenDesc = prometheus.NewDesc(name("reports_dropped_total"), "Reports dropped because the queue was full (client.queue_max), minute reports before warnings, or because they were too large.", []string{"kind"}, nil)
)

// outboxCollector exports the counts of an outbox.
type outboxCollector struct{ q *outbox.Queue }

// Describe implements prometheus.Collector.
func (c outboxCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{waitingDesc, takenDesc, unwantedDesc, forgottenDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c outboxCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.q.Stats()
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	ch <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(s.Waiting))
	counter(takenDesc, s.Taken)
	counter(unwantedDesc, s.Refused)
	counter(forgottenDesc, s.DroppedMinutes, string(wire.ReportMinute))
	counter(forgottenDesc, s.DroppedWarnings, string(wire.ReportWarning))
}
