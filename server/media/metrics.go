package media

import "github.com/prometheus/client_golang/prometheus"

// Outcome is how a rehearsal ended: a label of metrics.
type Outcome string

// The outcomes.
const (
	Complete    Outcome = "complete"    // for its whole time
	Unconnected Outcome = "unconnected" // nothing arrived
	Cut         Outcome = "cut"         // by the page or the server, before its time
)

type metrics struct {
	ended   *prometheus.CounterVec
	running prometheus.Gauge
	dropped prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "examlink", Subsystem: "server", Name: "rehearsals_total",
			Help: "Rehearsals of webcam and screen by WebRTC that have ended, by how: complete, unconnected (nothing arrived, as where UDP is blocked), cut (ended early). Refused ones are counted among the refused requests.",
		}, []string{"outcome"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "examlink", Subsystem: "server", Name: "rehearsals_running", Help: "Rehearsals that are running now.",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "examlink", Subsystem: "server", Name: "rehearsal_packets_dropped_total",
			Help: "Packets of WebRTC that were dropped because the server did not handle them in time.",
		}),
	}
	for _, o := range []Outcome{Complete, Unconnected, Cut} {
		m.ended.WithLabelValues(string(o))
	}
	return m
}

func (m *metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.ended, m.running, m.dropped}
}
