package exporter

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// outcomes lists the outcomes of floor tests; the index is the code in metrics.
var outcomes = []probe.FloorOutcome{probe.FloorBelow, probe.FloorInconclusive, probe.FloorMeets}

// lastValues are gauges of the last discrete measurement, each with its
// timestamp, absent before the first.
type lastValues struct {
	policy verdict.Policy

	mu     sync.Mutex
	silent bool // the server does not answer
	floors map[wire.Direction]probe.FloorEvent
	jitter map[wire.Direction]float64
	bound  *float64
	at     time.Time
}

func newLastValues(p verdict.Policy) *lastValues {
	return &lastValues{policy: p, floors: map[wire.Direction]probe.FloorEvent{}, jitter: map[wire.Direction]float64{}}
}

// judgedBy sets the policy in force.
func (l *lastValues) judgedBy(p verdict.Policy) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.policy = p
}

// connected notes whether the server answers.
func (l *lastValues) connected(yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = !yes
}

func (l *lastValues) floor(e probe.FloorEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.floors[e.Floor.Direction] = e
}

func (l *lastValues) window(e probe.WindowEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at = e.To
	clear(l.jitter)
	l.bound = nil
	if e.Account.Received > 1 {
		l.jitter[wire.Up], l.jitter[wire.Down] = e.Account.JitterUp.Seconds(), e.Account.JitterDown.Seconds()
	}
	if e.Account.OneWayUp.Count() > 0 {
		b := e.Account.OneWayBound.Seconds()
		l.bound = &b
	}
}

// Describe implements prometheus.Collector.
func (l *lastValues) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range allLastDesc {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (l *lastValues) Collect(ch chan<- prometheus.Metric) {
	l.mu.Lock()
	defer l.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for d, e := range l.floors {
		if v := e.Floor.Rate.Value; v != nil {
			gauge(rateDesc, *v/8, string(d))
		}
		if v := e.Floor.Rate.Low; v != nil {
			gauge(lowDesc, *v/8, string(d))
		}
		if v := e.Floor.Rate.High; v != nil {
			gauge(highDesc, *v/8, string(d))
		}
		if !l.silent {
			gauge(outcomeDesc, float64(slices.Index(outcomes, e.Floor.Outcome)), string(d))
		}
		gauge(stampDesc, float64(e.At.UnixMilli())/1000, string(d))
	}
	for d, v := range l.jitter {
		gauge(jitterDesc, v, string(d))
	}
	if l.bound != nil {
		gauge(boundDesc, *l.bound)
	}
	if !l.at.IsZero() {
		gauge(windowDesc, float64(l.at.UnixMilli())/1000)
	}
	p := l.policy
	gauge(minDesc, p.Minimum.Download.BytesPerSecond(), "down")
	gauge(minDesc, p.Minimum.Upload.BytesPerSecond(), "up")
	if p.Recommended.Download > 0 { // zero: the policy recommends none
		gauge(recDesc, p.Recommended.Download.BytesPerSecond(), "down")
	}
	if p.Recommended.Upload > 0 {
		gauge(recDesc, p.Recommended.Upload.BytesPerSecond(), "up")
	}
	gauge(policyDesc, 1, p.Name, p.Version)
}
