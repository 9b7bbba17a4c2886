package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server/event"
	"examlink/server/session"
)

// rateBuckets have an edge at every minimum and recommendation of the built-in
// policies, so that the share below each is a sum of whole buckets.
var rateBuckets = []float64{12e3, 24e3, 48e3, 62.5e3, 93.75e3, 96e3, 125e3, 187.5e3, 375e3, 750e3, 1.5e6, 3.125e6, 12.5e6, 125e6}

type metrics struct {
	reports            *prometheus.CounterVec
	repeated           prometheus.Counter
	started, resumed   prometheus.Counter
	connections        *prometheus.CounterVec
	refused            *prometheus.CounterVec
	transitions        *prometheus.CounterVec
	rates              *prometheus.HistogramVec
	verdicts, criteria *prometheus.CounterVec
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
		started: counter("sessions_started_total", "Sessions opened."),
		resumed: counter("sessions_resumed_total", "Sessions resumed over a new connection, including sessions from before a restart."),
		connections: vec("connections_total", "Connections that opened or resumed a session. The sum over transports is sessions started plus sessions resumed.", "transport",
			string(link.UDP), string(link.WebSocket)),
		refused: vec("requests_refused_total", "Handshakes, sessions, trains, goodput streams and reports refused.", "reason",
			"token", "version", "full", "limit", "budget", "busy", "request", "shutdown", "handshake-rate"),
		transitions: vec("session_transitions_total", "Session state changes, by the state entered.", "state",
			string(session.Live), string(session.Suspect), string(session.Dropped), string(session.ExamRelevant), string(session.Ended)),
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
		m.rates.WithLabelValues(string(d))
	}
	return m
}

// handle counts an event.
func (m *metrics) handle(e event.Event) {
	switch p := e.Payload.(type) {
	case event.Admitted:
		m.started.Inc()
		m.connections.WithLabelValues(e.Session.Transport).Inc()
	case event.Resumed:
		m.resumed.Inc()
		m.connections.WithLabelValues(e.Session.Transport).Inc()
	case event.Refused:
		m.refused.WithLabelValues(string(p.Reason)).Inc()
	case event.State:
		m.transitions.WithLabelValues(e.Session.State).Inc()
	case event.Ended:
		m.transitions.WithLabelValues(string(session.Ended)).Inc()
	case event.Report:
		if p.Repeated {
			m.repeated.Inc()
		} else {
			m.reports.WithLabelValues(string(p.About)).Inc()
		}
	case event.Verdict:
		m.verdict(p.Summary)
	case event.Reading:
		if p.Measures {
			m.rate(wire.Up, p.Report)
		}
	case event.Claim:
		m.rate(wire.Down, p.Report)
	}
}

// rate counts the result of a train.
func (m *metrics) rate(d wire.Direction, r wire.TrainReport) {
	if x := session.RateOf(r, time.Time{}); x.Value != nil {
		m.rates.WithLabelValues(string(d)).Observe(ippm.Rate(*x.Value).BytesPerSecond())
	}
}

// Label values for the findings of a check.
const (
	findingMissed  = "missed"
	findingUnclear = "unclear"
	findingBelow   = "below-recommended"
)

// verdict counts the verdict of a check.
func (m *metrics) verdict(g verdict.Summary) {
	m.verdicts.WithLabelValues(string(g.Outcome)).Inc()
	for finding, list := range map[string][]verdict.Criterion{findingMissed: g.Missed, findingUnclear: g.Unclear, findingBelow: g.Below} {
		for _, c := range list {
			m.criteria.WithLabelValues(string(c), finding).Inc()
		}
	}
}

func (m *metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		m.started, m.resumed, m.connections, m.refused, m.transitions, m.reports, m.repeated, m.rates, m.verdicts, m.criteria,
	}
}
