package acme

import "github.com/prometheus/client_golang/prometheus"

// Outcomes of an order.
const (
	outcomeIssued = "issued"
	outcomeFailed = "failed"
)

func newOrders() *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "examlink", Subsystem: "server", Name: "certificate_orders_total",
		Help: "Certificates ordered by ACME, by outcome. Only with server.acme; the servers of one store order for each other.",
	}, []string{"outcome"})
	for _, o := range []string{outcomeIssued, outcomeFailed} {
		v.WithLabelValues(o)
	}
	return v
}

// Collectors returns the metrics of the certificate's renewal.
func (m *Manager) Collectors() []prometheus.Collector {
	return []prometheus.Collector{m.orders, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "examlink", Subsystem: "server", Name: "certificate_renewal_due_timestamp_seconds",
		Help: "When the certificate is to be renewed by ACME; without a certificate, since when one is wanted. Only with server.acme. A time in the past says that renewal fails since then.",
	}, func() float64 { return float64(m.Due().Unix()) })}
}
