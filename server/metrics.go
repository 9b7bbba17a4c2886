package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe/link"
	"examlink/probe/verdict"
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

// rateBuckets have an edge at every minimum and recommendation of the built-in
// policies, so that a share below one of them is a sum of whole buckets.
var rateBuckets = []float64{12e3, 24e3, 48e3, 62.5e3, 93.75e3, 96e3, 125e3, 187.5e3, 375e3, 750e3, 1.5e6, 3.125e6, 12.5e6, 125e6}

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
	rates               *prometheus.HistogramVec
	verdicts, criteria  *prometheus.CounterVec
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
		reflected: counter("probes_reflected_total", "Probes answered with an echo of the same size."),
		dropped:   vec("packets_dropped_total", "Probe and train packets not answered or used, and answers not sent.", "reason", dropReasons[:]...),
		turnaround: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "examlink", Subsystem: "server", Name: "turnaround_seconds",
			Help:    "Time from a probe's arrival, as stamped on receipt, to its echo's send stamp. Clients take it off the round trip.",
			Buckets: []float64{25e-6, 50e-6, 100e-6, 250e-6, 500e-6, .001, .0025, .005, .01, .025, .1},

			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}),
		started: counter("sessions_started_total", "Sessions opened."),
		resumed: counter("sessions_resumed_total", "Sessions resumed over a new connection, those from before a restart included."),
		connections: vec("connections_total", "Connections that opened or resumed a session. The sum is started plus resumed.", "transport",
			string(link.UDP), string(link.WebSocket)),
		refused: vec("requests_refused_total", "Handshakes, sessions, trains and reports refused.", "reason",
			"token", "version", "full", "limit", "budget", "busy", "request", "shutdown", "handshake-rate"),
		transitions: vec("session_transitions_total", "Changes of a session's state, by the state entered.", "state",
			string(StateLive), string(StateSuspect), string(StateDropped), string(StateExamRelevant), string(StateEnded)),
		trains: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "examlink", Subsystem: "server", Name: "trains_total", Help: "Trains run, of checks and of floor tests.",
		}, []string{"direction"}),
		goodput:    vec("goodput_bytes_total", "Payload of QUIC streams opened to measure their goodput: received going up, sent going down.", "direction", "up", "down"),
		trainBytes: vec("train_bytes_total", "Bytes of trains, IP layer: received going up, sent going down.", "direction", "up", "down"),
	}
	m.reports = vec("reports_total", "Reports of clients taken: their claims. Refused ones are among the refused requests.", "kind",
		string(wire.ReportWarning), string(wire.ReportMinute), string(wire.ReportDropped), string(wire.ReportVerdict))
	m.verdicts = vec("verdicts_total", "Verdicts of checks, by the clients' word. A check that broke off, or whose client did not tell, has none.", "outcome")
	for _, o := range verdict.Outcomes() {
		m.verdicts.WithLabelValues(string(o))
	}
	m.criteria = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "examlink", Subsystem: "server", Name: "verdict_criteria_total",
		Help: "What stood against checks, by the clients' word: criteria whose minimum was missed, or could not be told to be met, or whose recommended bound alone was not met.",
	}, []string{"criterion", "finding"})
	for _, c := range verdict.Criteria() {
		for _, f := range []string{findingMissed, findingUnclear, findingBelow} {
			m.criteria.WithLabelValues(string(c), f)
		}
	}
	m.rates = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "examlink", Subsystem: "server", Name: "rate_bytes_per_second",
		Help:    "Rates that trains of all sessions read, IP layer (RFC 9097), one observation each: up, what this server read; down, what the client says it read. Trains that found only a bound, and glances, are not among them.",
		Buckets: rateBuckets,

		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	}, []string{"direction"})
	m.repeated = counter("reports_repeated_total", "Reports that had been taken before, as when an answer got lost. Not among the taken.")
	for _, d := range []wire.Direction{wire.Up, wire.Down} {
		m.trains.WithLabelValues(string(d))
		m.rates.WithLabelValues(string(d))
	}
	for i, r := range dropReasons {
		m.drop[i] = m.dropped.WithLabelValues(r)
	}
	return m
}

// What stood against a check, as label values.
const (
	findingMissed  = "missed"
	findingUnclear = "unclear"
	findingBelow   = "below-recommended"
)

// verdict counts the verdict of a check.
func (m *metrics) verdict(g verdict.Gist) {
	m.verdicts.WithLabelValues(string(g.Outcome)).Inc()
	for finding, list := range map[string][]verdict.Criterion{findingMissed: g.Missed, findingUnclear: g.Unclear, findingBelow: g.Below} {
		for _, c := range list {
			m.criteria.WithLabelValues(string(c), finding).Inc()
		}
	}
}

func (m *metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		m.received, m.reflected, m.dropped, m.turnaround, m.started, m.resumed, m.connections, m.refused, m.transitions, m.trains, m.trainBytes, m.reports, m.repeated, m.goodput, m.rates, m.verdicts, m.criteria,
	}
}
