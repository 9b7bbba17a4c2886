package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe/link"
	"examlink/probe/wire"
)

// Why a probe packet was not answered, in the order of dropReasons.
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

type metrics struct {
	reports             *prometheus.CounterVec
	repeated            prometheus.Counter
	received, reflected prometheus.Counter
	dropped             *prometheus.CounterVec
	drop                [len(dropReasons)]prometheus.Counter // children of dropped, looked up once
	turnaround          prometheus.Histogram
	started, resumed    prometheus.Counter
	connections         *prometheus.CounterVec
	refused             *prometheus.CounterVec
	transitions         *prometheus.CounterVec
	trains              *prometheus.CounterVec
	trainBytes, goodput *prometheus.CounterVec
}

func newMetrics() *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "examlink", Subsystem: "server", Name: name, Help: help})
	}
	vec := func(name, help, label string, values ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "examlink", Subsystem: "server", Name: name, Help: help}, []string{label})
		for _, value := range values {
			v.WithLabelValues(value)
		}
		return v
	}
	m := &metrics{
		received:  counter("probes_received_total", "Authentic probes received, each once."),
		reflected: counter("probes_reflected_total", "Probes answered with an echo."),
		dropped:   vec("packets_dropped_total", "Probe packets not answered, by reason.", "reason", dropReasons[:]...),
		turnaround: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "examlink", Subsystem: "server", Name: "turnaround_seconds",
			Help:    "Time from a probe's arrival to its echo being handed to the system.",
			Buckets: []float64{25e-6, 50e-6, 100e-6, 250e-6, 500e-6, .001, .0025, .005, .01, .025, .1},

			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}),
		started: counter("sessions_started_total", "Sessions opened."),
		resumed: counter("sessions_resumed_total", "Sessions resumed after a lost connection."),
		connections: vec("connections_total", "Connections that opened or resumed a session, by transport.", "transport",
			string(link.UDP), string(link.WebSocket)),
		refused: vec("requests_refused_total", "Handshakes, sessions and trains refused, by reason.", "reason",
			"token", "version", "full", "limit", "budget", "busy", "request", "shutdown", "handshake-rate"),
		transitions: vec("session_transitions_total", "Changes of a session's state, by the state entered.", "state",
			string(StateLive), string(StateSuspect), string(StateDropped), string(StateExamRelevant), string(StateEnded)),
		trains: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "examlink", Subsystem: "server", Name: "trains_total", Help: "Trains run, by direction.",
		}, []string{"direction"}),
		goodput:    vec("goodput_bytes_total", "Payload bytes of QUIC streams opened to measure their goodput, received going up and sent going down.", "direction", "up", "down"),
		trainBytes: vec("train_bytes_total", "Bytes of trains at the IP layer, received going up and sent going down.", "direction", "up", "down"),
	}
	m.reports = vec("reports_total", "Reports of clients taken, repeats left out, by kind.", "kind",
		string(wire.ReportWarning), string(wire.ReportMinute), string(wire.ReportDropped))
	m.repeated = counter("reports_repeated_total", "Reports of clients that had been taken before.")
	m.trains.WithLabelValues("up")
	m.trains.WithLabelValues("down")
	for i, r := range dropReasons {
		m.drop[i] = m.dropped.WithLabelValues(r)
	}
	return m
}

func (m *metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		m.received, m.reflected, m.dropped, m.turnaround, m.started, m.resumed, m.connections, m.refused, m.transitions, m.trains, m.trainBytes, m.reports, m.repeated, m.goodput,
	}
}

var (
	sessionsDesc  = prometheus.NewDesc("examlink_server_sessions", "Sessions there are, by state.", []string{"state"}, nil)
	transportDesc = prometheus.NewDesc("examlink_server_session_transports", "Sessions there are, by what carries them.", []string{"transport"}, nil)
)

// sessionCollector counts the live session table, so that nothing can leak.
type sessionCollector struct{ s *Server }

func (c sessionCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- sessionsDesc
	ch <- transportDesc
}

func (c sessionCollector) Collect(ch chan<- prometheus.Metric) {
	count := map[State]int{StateConnected: 0, StateLive: 0, StateSuspect: 0, StateDropped: 0, StateExamRelevant: 0}
	carried := map[link.Transport]int{}
	for _, ss := range c.s.Sessions() {
		if ss.State != StateEnded {
			count[ss.State]++
			carried[ss.Transport]++
		}
	}
	for _, t := range link.Transports() {
		ch <- prometheus.MustNewConstMetric(transportDesc, prometheus.GaugeValue, float64(carried[t]), string(t))
	}
	for state, n := range count {
		ch <- prometheus.MustNewConstMetric(sessionsDesc, prometheus.GaugeValue, float64(n), string(state))
	}
}
