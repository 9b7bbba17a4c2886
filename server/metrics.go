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
		received:  counter("probes_received_total", "Authenticated probes received, without duplicates."),
		reflected: counter("probes_reflected_total", "Probes answered with an echo of the same size, including echoes that the system then failed to send."),
		dropped:   vec("packets_dropped_total", "Probe and train packets neither answered nor used, and answers that could not be sent.", "reason", dropReasons[:]...),
		turnaround: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "examlink", Subsystem: "server", Name: "turnaround_seconds",
			Help:    "Time from a probe's receive timestamp to its echo's send timestamp. Clients subtract it from the round trip.",
			Buckets: []float64{25e-6, 50e-6, 100e-6, 250e-6, 500e-6, .001, .0025, .005, .01, .025, .1},

			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}),
		started: counter("sessions_started_total", "Sessions opened."),
		resumed: counter("sessions_resumed_total", "Sessions resumed over a new connection, including sessions from before a restart."),
		connections: vec("connections_total", "Connections that opened or resumed a session. The sum over transports is sessions started plus sessions resumed.", "transport",
			string(link.UDP), string(link.WebSocket)),
		refused: vec("requests_refused_total", "Handshakes, sessions, trains, goodput streams and reports refused.", "reason",
			"token", "version", "full", "limit", "budget", "busy", "request", "shutdown", "handshake-rate"),
		transitions: vec("session_transitions_total", "Session state changes, by the state entered.", "state",
			string(StateLive), string(StateSuspect), string(StateDropped), string(StateExamRelevant), string(StateEnded)),
		trains: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "examlink", Subsystem: "server", Name: "trains_total", Help: "Trains started, for checks, floor tests and glances.",
		}, []string{"direction"}),
		goodput:    vec("goodput_bytes_total", "Payload bytes of QUIC streams opened to measure goodput: received (up), sent (down).", "direction", "up", "down"),
		trainBytes: vec("train_bytes_total", "IP-layer bytes of trains: received (up), sent (down).", "direction", "up", "down"),
	}
	m.reports = vec("reports_total", "Client reports accepted, by kind. Refused reports are counted among the refused requests.", "kind",
		string(wire.ReportWarning), string(wire.ReportMinute), string(wire.ReportDropped), string(wire.ReportVerdict))
	m.verdicts = vec("verdicts_total", "Verdicts of checks, as reported by clients. A check that was aborted or not reported has none.", "outcome")
	for _, o := range verdict.Outcomes() {
		m.verdicts.WithLabelValues(string(o))
	}
	m.criteria = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "examlink", Subsystem: "server", Name: "verdict_criteria_total",
		Help: "Criteria that checks did not fully meet, as reported by clients: the minimum was missed or undecided, or the minimum was met and the recommendation was missed or undecided.",
	}, []string{"criterion", "finding"})
	for _, c := range verdict.Criteria() {
		for _, f := range []string{findingMissed, findingUnclear, findingBelow} {
			m.criteria.WithLabelValues(string(c), f)
		}
	}
	m.rates = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "examlink", Subsystem: "server", Name: "rate_bytes_per_second",
		Help:    "Rates measured by the trains of all sessions, IP layer (RFC 9097), one observation per train: up as measured by this server, down as reported by the client. Excludes glances and trains that found only a bound.",
		Buckets: rateBuckets,

		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	}, []string{"direction"})
	m.repeated = counter("reports_repeated_total", "Reports received again after they had been accepted, for example because the answer was lost. Not included in the reports accepted.")
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
