package delivery

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/server/alert"
)

// metrics are about notices, for operators.
type metrics struct {
	warnings                  *prometheus.CounterVec
	sent, failed, undelivered *prometheus.CounterVec
	queues, saved             *Writes
}

// receiverMetrics are the counters of one receiver.
type receiverMetrics struct {
	sent, failed, undelivered prometheus.Counter
}

func newMetrics() *metrics {
	vec := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "examlink", Subsystem: "server", Name: name, Help: help}, []string{label})
	}
	m := &metrics{
		warnings:    vec("warnings_total", "Alerts raised by the server itself, by kind, one for each stage of a silence, and alerts cleared (recovered). Excludes alerts suppressed by an incident.", "kind"),
		sent:        vec("notifications_sent_total", "Notifications accepted by a receiver. For alertmanager: alert changes, counted once for each Alertmanager that accepted them.", "receiver"),
		failed:      vec("notifications_failed_total", "Failed delivery attempts, whether retried or not.", "receiver"),
		undelivered: vec("notifications_undelivered_total", "Notifications given up: too old, too large, permanently refused, or dropped from a full queue.", "receiver"),
	}
	m.queues, m.saved = NewWrites(PartQueues), NewWrites(PartWarnings)
	for _, k := range []alert.Kind{alert.Suspect, alert.Dropped, alert.ExamRelevant, alert.BelowMinimum, alert.NeverConnected, alert.Recovered, alert.Incident} {
		m.warnings.WithLabelValues(string(k))
	}
	return m
}

func (m *metrics) of(receiver string) receiverMetrics {
	return receiverMetrics{m.sent.WithLabelValues(receiver), m.failed.WithLabelValues(receiver), m.undelivered.WithLabelValues(receiver)}
}

// forget ends the series of a receiver.
func (m *metrics) forget(receiver string) {
	for _, v := range []*prometheus.CounterVec{m.sent, m.failed, m.undelivered} {
		v.DeleteLabelValues(receiver)
	}
}

// count counts a notice. Updates and ends of incidents, and ends of sessions, do not
// count as warnings.
func (m *metrics) count(n alert.Notice) {
	if n.Kind != alert.Ended && !n.Update && (n.Kind != alert.Incident || n.State == alert.Raised) {
		m.warnings.WithLabelValues(string(n.Kind)).Inc()
	}
}

var waitingDesc = prometheus.NewDesc("examlink_server_notifications_waiting", "Notifications waiting for delivery.", []string{"receiver"}, nil)

var reachableDesc = prometheus.NewDesc("examlink_server_alertmanager_reachable", "1 if an Alertmanager accepted the server's last push, 0 if none did. The server pushes every server.alerts.alertmanager.resend, with or without alerts. Absent without an Alertmanager in the configuration. While it is 1, Prometheus' copies of these alerts need not be sent to anybody.", nil, nil)

// waitingCollector counts the notices still to be delivered, and says whether
// Alertmanager takes alerts, at each scrape.
type waitingCollector struct{ n *Notifier }

func (c waitingCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- waitingDesc
	ch <- reachableDesc
}

func (c waitingCollector) Collect(ch chan<- prometheus.Metric) {
	for receiver, n := range c.n.waiting() {
		ch <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(n), receiver)
	}
	c.n.mu.Lock()
	pushers := slices.Clone(c.n.receivers.pushers)
	c.n.mu.Unlock()
	if len(pushers) > 0 {
		v := 0.0
		if slices.ContainsFunc(pushers, (*pusher).reachable) {
			v = 1
		}
		ch <- prometheus.MustNewConstMetric(reachableDesc, prometheus.GaugeValue, v)
	}
}
