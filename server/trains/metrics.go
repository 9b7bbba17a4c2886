package trains

import (
	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe/wire"
)

// metrics are the metrics of trains and goodput streams.
type metrics struct {
	trains, bytes, goodput *prometheus.CounterVec
	bytesUp, bytesDown     prometheus.Counter // children of bytes, looked up once
}

func newMetrics() *metrics {
	vec := func(name, help string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "examlink", Subsystem: "server", Name: name, Help: help}, []string{"direction"})
		for _, d := range []wire.Direction{wire.Up, wire.Down} {
			v.WithLabelValues(string(d))
		}
		return v
	}
	m := &metrics{
		trains:  vec("trains_total", "Trains started, for checks, floor tests and glances."),
		bytes:   vec("train_bytes_total", "IP-layer bytes of trains: received (up), sent (down)."),
		goodput: vec("goodput_bytes_total", "Payload bytes of QUIC streams opened to measure goodput: received (up), sent (down)."),
	}
	m.bytesUp, m.bytesDown = m.bytes.WithLabelValues(string(wire.Up)), m.bytes.WithLabelValues(string(wire.Down))
	return m
}

// Collectors returns the metrics to register.
func (m *Manager) Collectors() []prometheus.Collector {
	return []prometheus.Collector{m.metrics.trains, m.metrics.bytes, m.metrics.goodput}
}
