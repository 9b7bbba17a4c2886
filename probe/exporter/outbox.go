package exporter

import (
	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe/outbox"
	"examlink/probe/wire"
)

var (
	waitingDesc   = prometheus.NewDesc(name("reports_waiting"), "Warnings and minutes that the server has not taken yet, those an earlier run left included.", nil, nil)
	takenDesc     = prometheus.NewDesc(name("reports_taken_total"), "Warnings and minutes the server has taken.", nil, nil)
	unwantedDesc  = prometheus.NewDesc(name("reports_refused_total"), "Warnings and minutes the server refused for good.", nil, nil)
	forgottenDesc = prometheus.NewDesc(name("reports_dropped_total"), "Warnings and minutes that there was no room to keep (client.queue_max): minutes first, warnings last.", []string{"kind"}, nil)
)

// outboxCollector shows an outbox.
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
