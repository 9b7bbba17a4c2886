package server

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Register adds the server's metrics to a registry.
func (s *Server) Register(r prometheus.Registerer) error {
	all := slices.Concat(s.metrics.collectors(), s.flows.Collectors(), s.trains.Collectors(), s.media.Collectors())
	all = append(all, s.writes, s.receipts.writes, s.receipts, s.clocks, s.students, s.attendance, sessionCollector{s.samples, s.settings.Load})
	if s.cluster != nil {
		all = append(all, s.cluster)
	}
	if s.acme != nil {
		all = append(all, s.acme.Collectors()...)
	}
	if s.o.Certificate != nil {
		all = append(all, expiry{s.o.Certificate})
	}
	for _, c := range all {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	if s.notifier != nil {
		return s.notifier.Register(r)
	}
	return nil
}
