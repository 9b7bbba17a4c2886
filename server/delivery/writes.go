package delivery

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The parts of what a server keeps on disk, as a label.
const (
	PartQueues   = "queues"   // notifications that wait
	PartWarnings = "warnings" // active warnings
	PartSessions = "sessions" // live sessions
	PartReceipts = "receipts" // receipts of checks
)

// Writes follows the writes of one part, for operators: a full disk must not be found
// out at the next restart. It is a collector, safe for concurrent use.
type Writes struct {
	part           string
	failed, ok, at *prometheus.Desc

	mu      sync.Mutex
	errors  uint64
	failing map[string]bool // by file: its last write failed
	last    time.Time       // of the last write that succeeded
}

// NewWrites returns the writes of a part, none yet.
func NewWrites(part string) *Writes {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("examlink_server_store_"+name, help, nil, prometheus.Labels{"part": part})
	}
	return &Writes{
		part:    part,
		failed:  desc("write_errors_total", "Writes to the data directory, or to the store that replaces it, that failed, for example because the disk is full."),
		ok:      desc("last_write_successful", "1 if the last write of every file succeeded, 0 if one failed. Active warnings are written at least once a minute. What cannot be written is kept in memory and written when it can be. Absent before the first write."),
		at:      desc("last_write_success_timestamp_seconds", "When a write last succeeded, by the server's clock. Absent before the first."),
		failing: map[string]bool{},
	}
}

// Done notes the end of a write to a file; err is nil if it succeeded.
func (w *Writes) Done(file string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failing[file] = err != nil
	if err != nil {
		w.errors++
	} else {
		w.last = time.Now()
	}
}

// Part is the part that is written.
func (w *Writes) Part() string { return w.part }

// Failing reports whether the last write of a file failed.
func (w *Writes) Failing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.isFailing()
}

// isFailing is Failing. Called locked.
func (w *Writes) isFailing() bool {
	for _, failing := range w.failing {
		if failing {
			return true
		}
	}
	return false
}

// Describe implements prometheus.Collector.
func (w *Writes) Describe(ch chan<- *prometheus.Desc) {
	ch <- w.failed
	ch <- w.ok
	ch <- w.at
}

// Collect implements prometheus.Collector.
func (w *Writes) Collect(ch chan<- prometheus.Metric) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch <- prometheus.MustNewConstMetric(w.failed, prometheus.CounterValue, float64(w.errors))
	if len(w.failing) > 0 {
		ok := 1.0
		if w.isFailing() {
			ok = 0
		}
		ch <- prometheus.MustNewConstMetric(w.ok, prometheus.GaugeValue, ok)
	}
	if !w.last.IsZero() {
		ch <- prometheus.MustNewConstMetric(w.at, prometheus.GaugeValue, float64(w.last.UnixMilli())/1000)
	}
}
