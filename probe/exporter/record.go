package exporter

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	recordErrorsDesc = prometheus.NewDesc(name("record_write_errors_total"), "Lines of the record that could not be written, for example because the disk is full; also a record that could not be opened.", nil, nil)
	recordOKDesc     = prometheus.NewDesc(name("record_last_write_successful"), "1 if the last line of the record was written, 0 if it was not. The record says how many lines are missing once it can be written again. Absent without a record.", nil, nil)
)

// recordWrites counts the writes of a record.
type recordWrites struct {
	mu     sync.Mutex
	wrote  bool // something was or should have been
	ok     bool
	errors uint64
}

// Record notes the end of a write to the record; err is nil if it succeeded.
func (e *Exporter) Record(err error) {
	r := e.record
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrote, r.ok = true, err == nil
	if err != nil {
		r.errors++
	}
}

// Describe implements prometheus.Collector.
func (r *recordWrites) Describe(ch chan<- *prometheus.Desc) {
	ch <- recordErrorsDesc
	ch <- recordOKDesc
}

// Collect implements prometheus.Collector.
func (r *recordWrites) Collect(ch chan<- prometheus.Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ch <- prometheus.MustNewConstMetric(recordErrorsDesc, prometheus.CounterValue, float64(r.errors))
	if r.wrote {
		v := 0.0
		if r.ok {
			v = 1
		}
		ch <- prometheus.MustNewConstMetric(recordOKDesc, prometheus.GaugeValue, v)
	}
}
