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
	heads              *prometheus.CounterVec
	repeated           prometheus.Counter
	started            *prometheus.CounterVec
	resumed            prometheus.Counter
	tests              *prometheus.CounterVec
	connections        *prometheus.CounterVec
	refused            *prometheus.CounterVec
	transitions        *prometheus.CounterVec
	rates              *prometheus.HistogramVec
	overruled          prometheus.Counter
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
		started: vec("sessions_started_total", "Sessions opened, by purpose.", "purpose", session.Purposes()...),
		resumed: counter("sessions_resumed_total", "Sessions resumed over a new connection, including sessions from before a restart."),
		connections: vec("connections_total", "Connections that opened or resumed a session. The sum over transports is sessions started plus sessions resumed.", "transport",
			string(link.UDP), string(link.WebSocket)),
		refused: vec("requests_refused_total", "Handshakes, sessions, trains, goodput streams and reports refused.", "reason",
			"token", "version", "full", "limit", "budget", "busy", "request", "shutdown", "handshake-rate"),
	}
	m.transitions = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "examlink", Subsystem: "server", Name: "session_transitions_total", Help: "Session state changes, by purpose and by the state entered.",
	}, []string{"purpose", "state"})
	m.tests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "examlink", Subsystem: "server", Name: "rate_tests_total",
		Help: "Trains of all sessions, by how their result compares with the policy's minimum and with its recommendation: below (the upper bound is below it), meets (the lower bound reaches it, within 1 %), inconclusive. Up as measured by this server, down as reported by the client. Excludes glances. An inconclusive train, such as one sent more slowly than the bound, tells nothing. A slow link is tested more often than a fast one: for shares of sessions or checks use examlink_exam_rate_sessions and examlink_server_verdict_criteria_total.",
	}, []string{"bound", "direction", "outcome", "purpose"})
	for _, p := range session.Purposes() {
		for _, s := range append(session.States()[1:], session.Ended) {
			m.transitions.WithLabelValues(p, string(s))
		}
		for _, d := range []wire.Direction{wire.Up, wire.Down} {
			for _, o := range session.Outcomes() {
				m.tests.WithLabelValues(boundMinimum, string(d), string(o), p)
				m.tests.WithLabelValues(boundRecommended, string(d), string(o), p)
			}
		}
	}
	m.reports = vec("reports_total", "Client reports accepted, by kind. Refused reports are counted among the refused requests.", "kind",
		string(wire.ReportWarning), string(wire.ReportMinute), string(wire.ReportDropped), string(wire.ReportVerdict), string(wire.ReportHead))
	m.heads = vec("record_heads_total", "Heads of clients' records, by what became of them: signed (committed to the store and countersigned), refused (not further than the latest one, of another record, or too many), failed (the store did not take it; the client reports a later one).", "outcome",
		headSigned, headRefused, headFailed)
	m.verdicts = vec("verdicts_total", "Verdicts of checks, as reported by clients. A check that was aborted or not reported has none.", "outcome")
	for _, o := range verdict.Outcomes() {
		m.verdicts.WithLabelValues(string(o))
	}
	m.overruled = counter("verdicts_overruled_total", "Verdicts of checks that the server does not share: the upload it measured is below the minimum, the check came by WebSocket, or the client judged by another policy than the exam's.")
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

// Label values for the bounds of a policy.
const (
	boundMinimum     = "minimum"
	boundRecommended = "recommended"
)

// handle counts an event, under the policy in force.
func (m *metrics) handle(e event.Event, p verdict.Policy) {
	purpose := purpose(e.Session.Purpose)
	switch x := e.Payload.(type) {
	case event.Admitted:
		m.started.WithLabelValues(purpose).Inc()
		m.connections.WithLabelValues(e.Session.Transport).Inc()
	case event.Resumed:
		m.resumed.Inc()
		m.connections.WithLabelValues(e.Session.Transport).Inc()
	case event.Refused:
		m.refused.WithLabelValues(string(x.Reason)).Inc()
	case event.State:
		m.transitions.WithLabelValues(purpose, e.Session.State).Inc()
	case event.Ended:
		m.transitions.WithLabelValues(purpose, string(session.Ended)).Inc()
	case event.Report:
		if x.Repeated {
			m.repeated.Inc()
		} else {
			m.reports.WithLabelValues(string(x.About)).Inc()
		}
	case event.Verdict:
		m.verdict(x.Summary)
		if x.Judged.Outcome != x.Outcome {
			m.overruled.Inc()
		}
	case event.Reading:
		if x.Measures {
			m.rate(e.Session, wire.Up, x.Report, p.Minimum.Upload, p.Recommended.Upload)
		}
	case event.Claim:
		m.rate(e.Session, wire.Down, x.Report, p.Minimum.Download, p.Recommended.Download)
	}
}

// rate counts the result of a train and compares it with the policy's bounds;
// recommended 0: the policy recommends none.
func (m *metrics) rate(s event.Session, d wire.Direction, r wire.TrainReport, minimum, recommended ippm.Rate) {
	x := session.RateOf(r, time.Time{})
	if x.Value != nil {
		m.rates.WithLabelValues(string(d)).Observe(ippm.Rate(*x.Value).BytesPerSecond())
	}
	for bound, rate := range map[string]ippm.Rate{boundMinimum: minimum, boundRecommended: recommended} {
		if rate > 0 {
			o := overTCP(x.Against(rate), s.Transport == string(link.WebSocket))
			m.tests.WithLabelValues(bound, string(d), string(o), purpose(s.Purpose)).Inc()
		}
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
		m.started, m.resumed, m.connections, m.refused, m.transitions, m.reports, m.repeated, m.heads, m.rates, m.tests, m.verdicts, m.overruled, m.criteria,
	}
}
