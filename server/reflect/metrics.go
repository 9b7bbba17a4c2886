package reflect

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Reasons for dropping a packet, in the order of dropReasons.
const (
	dropMalformed = iota
	dropFlow
	dropAuth
	dropReplay
	dropRate
	dropTrain
	dropSend
)

var dropReasons = [...]string{"malformed", "unknown-flow", "not-authentic", "replay", "over-grant", "no-train", "send"}

// Metrics are the packet metrics.
type Metrics struct {
	received, reflected prometheus.Counter
	dropped             *prometheus.CounterVec
	drop                [len(dropReasons)]prometheus.Counter // children of dropped, looked up once
	turnaround          prometheus.Histogram
}

func newMetrics() *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "examlink", Subsystem: "server", Name: name, Help: help})
	}
	m := &Metrics{
		received:  counter("probes_received_total", "Authenticated probes received, without duplicates."),
		reflected: counter("probes_reflected_total", "Probes answered with an echo of the same size, including echoes that the system then failed to send."),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "examlink", Subsystem: "server", Name: "packets_dropped_total", Help: "Probe and train packets neither answered nor used, and answers that could not be sent.",
		}, []string{"reason"}),
		turnaround: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "examlink", Subsystem: "server", Name: "turnaround_seconds",
			Help:    "Time from a probe's receive timestamp to its echo's send timestamp. Clients subtract it from the round trip.",
			Buckets: []float64{25e-6, 50e-6, 100e-6, 250e-6, 500e-6, .001, .0025, .005, .01, .025, .1},

			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}),
	}
	for i, r := range dropReasons {
		m.drop[i] = m.dropped.WithLabelValues(r)
	}
	return m
}

// Collectors returns the metrics to register.
func (t *Table) Collectors() []prometheus.Collector {
	return []prometheus.Collector{t.metrics.received, t.metrics.reflected, t.metrics.dropped, t.metrics.turnaround}
}
