// Package exporter exports the results of a watch as Prometheus metrics. It
// defines names, units, labels and help texts, and knows nothing of how things
// are measured.
package exporter

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/outbox"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

const namespace, subsystem = "examlink", "client"

// Label values for the reasons why a probe was not sent. Only the first is the
// host's failure.
const (
	unsentHost    = "host"
	unsentNoRoute = "no-route"
	unsentStalled = "stalled"
)

// delayBuckets straddle the verdict's bounds.
var delayBuckets = []float64{.005, .01, .02, .03, .05, .075, .1, .15, .2, .3, .4, .5, 1, 2.5}

// instrumentBuckets are for delays added by the instrument itself.
var instrumentBuckets = []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .05, .1, 1}

// Exporter is a sink of one watch and a collector of one registry. Unknown
// values are absent.
type Exporter struct {
	sent, received, late        prometheus.Counter
	unsent                      *prometheus.CounterVec
	overTCP                     prometheus.Counter
	lost, duplicates, reordered *prometheus.CounterVec
	roundTrip, pacing, readLag  prometheus.Histogram
	localDrops                  prometheus.Counter
	oneWay, ipdv, pdv           *prometheus.HistogramVec
	connected                   prometheus.Gauge
	transport                   *prometheus.GaugeVec
	connects                    prometheus.Counter
	floors, glances             *prometheus.CounterVec
	floorBytes, controlBytes    *prometheus.CounterVec
	warnings                    *prometheus.CounterVec
	active                      *prometheus.GaugeVec
	last                        *lastValues
	record                      *recordWrites
}

var _ probe.Sink = (*Exporter)(nil)

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, labels)
}

func histogramOpts(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Namespace: namespace, Subsystem: subsystem, Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	}
}

// New makes an exporter for a watch judged by a policy and registers it.
func New(r prometheus.Registerer, p verdict.Policy) (*Exporter, error) {
	e := &Exporter{
		sent:         counter("probes_sent_total", "Probes of the monitor stream that left this host and whose outcome is known."),
		received:     counter("probes_received_total", "Sent probes whose echo arrived within client.loss_after."),
		unsent:       counters("probes_unsent_total", "Scheduled probes that were not sent, by reason: this host was too late or its system refused the packet, the system had no route to the server, or TCP had no room. Not included in the probes sent.", "reason"),
		overTCP:      counter("probes_over_tcp_total", "Sent probes carried by WebSocket over TCP. TCP retransmits, so network loss appears as delay, and a probe counted as lost was late. Exclude periods in which this counter grows from loss ratios."),
		late:         counter("echoes_late_total", "Echoes that arrived after their probe had been counted as lost."),
		lost:         counters("probes_lost_total", "Sent probes counted as lost (RFC 7680): no echo arrived within client.loss_after of sending. The direction comes from the server's receive window, which each echo carries. It is unknown if no echo had covered the probe when it was counted, as during an outage; a later echo changes the summary of the watch, but not this counter.", "direction"),
		duplicates:   counters("echoes_duplicate_total", "Duplicate echoes received (RFC 5560), in the down direction.", "direction"),
		reordered:    counters("echoes_reordered_total", "Echoes that arrived after an echo the server sent later (RFC 4737), in the down direction.", "direction"),
		roundTrip:    prometheus.NewHistogram(histogramOpts("round_trip_delay_seconds", "Round-trip delay (RFC 2681) of the probes received, without the server's turnaround time.", delayBuckets)),
		pacing:       prometheus.NewHistogram(histogramOpts("pacing_lateness_seconds", "How far behind schedule probes were sent, by this host's clock: error added by the instrument.", instrumentBuckets)),
		readLag:      prometheus.NewHistogram(histogramOpts("receive_lag_seconds", "Time echoes waited in this host before the process read them, from the kernel's receive timestamps; 0 where the system provides none. Delays are computed from these timestamps and do not include the lag.", instrumentBuckets)),
		localDrops:   counter("local_drops_total", "Packets that reached this host and were dropped because the process did not read them in time. If a check with such drops also lost probes in the down direction, it reports that loss as unknown."),
		oneWay:       prometheus.NewHistogramVec(histogramOpts("one_way_delay_seconds", "One-way delay (RFC 7679), with the clock offset estimated from the round trips with the lowest delay. The systematic error is at most the error bound, with opposite signs in the two directions. Excludes probes sent during a floor test or glance and in the second after it.", delayBuckets), []string{"direction"}),
		ipdv:         prometheus.NewHistogramVec(histogramOpts("ipdv_seconds", "Absolute inter-packet delay variation: change in one-way delay between consecutive probes, both received (RFC 3393; RFC 5481, section 4.1). The clock offset cancels. Excludes probes sent during a floor test or glance and in the second after it.", delayBuckets), []string{"direction"}),
		pdv:          prometheus.NewHistogramVec(histogramOpts("pdv_seconds", "Packet delay variation: one-way delay above the lowest of the window (RFC 5481, section 4.2). Policies bound this quantity. Excludes probes sent during a floor test or glance and in the second after it.", delayBuckets), []string{"direction"}),
		connected:    prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: "connected", Help: "1 while the server answers. 0 before the first connection, after client.watch.silent_after without an echo until the next echo, and after a reconnection was rejected."}),
		transport:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: "transport", Help: "1 for the transport that carries the session now or carried it last. All are 0 before the first connection."}, []string{"transport"}),
		connects:     counter("connects_total", "Connections opened: the first, and those opened after an interruption or to return from WebSocket to UDP."),
		floors:       counters("floor_tests_total", "Floor tests completed, by outcome. A floor test is a packet train that checks whether the rate is at least the policy's minimum.", "direction", "outcome"),
		glances:      counters("glances_total", "Glances completed, by outcome. A glance is a train of eight packets that looks for a drop in the rate between two floor tests. It is too short to measure, so no rate gauge includes it.", "direction", "outcome"),
		floorBytes:   counters("floor_test_bytes_total", "IP-layer bytes of floor tests and glances: sent (up), received (down).", "direction"),
		controlBytes: counters("control_bytes_total", "IP-layer bytes of everything except probes and trains: handshakes, requests, reports, acknowledgements. An estimate when the session runs over WebSocket.", "direction"),
		warnings:     counters("warnings_total", "Warnings raised. A warning that returns shortly after it cleared is not counted again.", "kind"),
		active:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: "warning_active", Help: "1 while a warning of this kind is active."}, []string{"kind"}),
		last:         newLastValues(p),
		record:       &recordWrites{},
	}
	for _, d := range []string{"up", "down", "unknown"} {
		e.lost.WithLabelValues(d)
	}
	for _, r := range []string{unsentHost, unsentNoRoute, unsentStalled} {
		e.unsent.WithLabelValues(r)
	}
	e.duplicates.WithLabelValues("down")
	e.reordered.WithLabelValues("down")
	for _, d := range []string{"up", "down"} {
		e.floorBytes.WithLabelValues(d)
		e.controlBytes.WithLabelValues(d)
		for _, o := range []probe.FloorOutcome{probe.FloorMeets, probe.FloorBelow, probe.FloorInconclusive} {
			e.floors.WithLabelValues(d, string(o))
			e.glances.WithLabelValues(d, string(o))
		}
		for _, h := range []*prometheus.HistogramVec{e.oneWay, e.ipdv, e.pdv} {
			h.WithLabelValues(d)
		}
	}
	for _, t := range link.Transports() {
		e.transport.WithLabelValues(string(t))
	}
	for _, k := range warning.Kinds() {
		e.warnings.WithLabelValues(string(k))
		e.active.WithLabelValues(string(k))
	}
	for _, c := range []prometheus.Collector{
		e.sent, e.received, e.unsent, e.overTCP, e.late, e.lost, e.duplicates, e.reordered, e.roundTrip, e.pacing, e.readLag, e.localDrops, e.oneWay, e.ipdv, e.pdv,
		e.connected, e.transport, e.connects, e.floors, e.glances, e.floorBytes, e.controlBytes, e.warnings, e.active, e.last, e.record,
	} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Outbox registers metrics of an outbox: the queued reports and the fate of the
// others.
func (e *Exporter) Outbox(r prometheus.Registerer, q *outbox.Queue) error {
	return r.Register(outboxCollector{q})
}

// Session implements probe.Sink.
func (e *Exporter) Session(ev probe.SessionEvent) {
	if ev.Policy.Name != "" {
		e.last.judgedBy(ev.Policy)
	}
	if ev.Transport != "" {
		for _, t := range link.Transports() {
			e.transport.WithLabelValues(string(t)).Set(0)
		}
		e.transport.WithLabelValues(string(ev.Transport)).Set(1)
	}
	switch ev.State {
	case probe.SessionConnected, probe.SessionResumed:
		e.connects.Inc()
		e.answers(true)
	case probe.SessionBack:
		e.answers(true)
	case probe.SessionMoved:
	default:
		e.answers(false)
	}
}

// answers notes whether the server answers.
func (e *Exporter) answers(yes bool) {
	v := 0.0
	if yes {
		v = 1
	}
	e.connected.Set(v)
	e.last.connected(yes)
}

// Window implements probe.Sink.
func (e *Exporter) Window(ev probe.WindowEvent) {
	a := ev.Account
	e.sent.Add(float64(a.Sent))
	e.received.Add(float64(a.Received))
	e.unsent.WithLabelValues(unsentHost).Add(float64(a.UnsentByHost()))
	e.unsent.WithLabelValues(unsentNoRoute).Add(float64(a.NoRoute))
	e.unsent.WithLabelValues(unsentStalled).Add(float64(a.Stalled))
	e.overTCP.Add(float64(a.OverTCP))
	e.late.Add(float64(a.Late))
	e.lost.WithLabelValues("up").Add(float64(a.LostUp))
	e.lost.WithLabelValues("down").Add(float64(a.LostDown))
	e.lost.WithLabelValues("unknown").Add(float64(a.LostUnknown))
	e.duplicates.WithLabelValues("down").Add(float64(a.DuplicatesDown))
	e.reordered.WithLabelValues("down").Add(float64(a.ReorderedDown))
	pour(e.roundTrip, &a.RoundTrip)
	pour(e.pacing, &a.Pacing)
	pour(e.readLag, &a.ReadLag)
	e.localDrops.Add(float64(a.LocalDrops))
	pour(e.oneWay.WithLabelValues("up"), &a.OneWayUp)
	pour(e.oneWay.WithLabelValues("down"), &a.OneWayDown)
	pour(e.ipdv.WithLabelValues("up"), &a.IPDVUp)
	pour(e.ipdv.WithLabelValues("down"), &a.IPDVDown)
	pour(e.pdv.WithLabelValues("up"), &a.PDVUp)
	pour(e.pdv.WithLabelValues("down"), &a.PDVDown)
	e.controlBytes.WithLabelValues(string(wire.Up)).Add(float64(ev.ControlUp))
	e.controlBytes.WithLabelValues(string(wire.Down)).Add(float64(ev.ControlDown))
	e.last.window(ev)
}

func pour(o prometheus.Observer, h *ippm.Histogram) {
	h.Each(func(d time.Duration, n uint64) {
		for range n {
			o.Observe(d.Seconds())
		}
	})
}

// Floor implements probe.Sink.
func (e *Exporter) Floor(ev probe.FloorEvent) {
	d, outcome := string(ev.Floor.Direction), string(ev.Floor.Outcome)
	e.floorBytes.WithLabelValues(string(wire.Up)).Add(float64(ev.SpentUp))
	e.floorBytes.WithLabelValues(string(wire.Down)).Add(float64(ev.SpentDown))
	if ev.Floor.Glance {
		e.glances.WithLabelValues(d, outcome).Inc()
		return
	}
	e.floors.WithLabelValues(d, outcome).Inc()
	e.last.floor(ev)
}

// Warning implements probe.Sink.
func (e *Exporter) Warning(w warning.Warning) {
	k := string(w.Kind)
	if w.Active() {
		e.active.WithLabelValues(k).Set(1)
	} else {
		e.active.WithLabelValues(k).Set(0)
	}
	if w.Fresh() {
		e.warnings.WithLabelValues(k).Inc()
	}
}

var (
	directions = []string{"direction"}
	name       = func(s string) string { return prometheus.BuildFQName(namespace, subsystem, s) }

	rateDesc    = prometheus.NewDesc(name("rate_bytes_per_second"), "Rate measured by the last floor test, IP layer (RFC 9097), counted at the receiver. Absent if the test found only a lower bound, or nothing.", directions, nil)
	lowDesc     = prometheus.NewDesc(name("rate_lower_bound_bytes_per_second"), "Lower bound on the rate from the last floor test, IP layer: the lower end of the 95 % interval, or the bound alone if no rate was measured.", directions, nil)
	highDesc    = prometheus.NewDesc(name("rate_upper_bound_bytes_per_second"), "Upper bound on the rate from the last floor test, IP layer: the upper end of the 95 % interval. Absent if the test did not fill the link.", directions, nil)
	outcomeDesc = prometheus.NewDesc(name("floor_test_outcome"), "Result of the last floor test: 0 below the policy's minimum, 1 inconclusive, 2 meets it. Absent before the first test and while the server does not answer.", directions, nil)
	stampDesc   = prometheus.NewDesc(name("floor_test_timestamp_seconds"), "End of the last floor test: the timestamp of its rate and lower bound.", directions, nil)
	minDesc     = prometheus.NewDesc(name("minimum_rate_bytes_per_second"), "The policy's minimum rate, IP layer.", directions, nil)
	recDesc     = prometheus.NewDesc(name("recommended_rate_bytes_per_second"), "The policy's recommended rate, IP layer. Absent if it has none.", directions, nil)
	jitterDesc  = prometheus.NewDesc(name("rfc3550_jitter_seconds"), "Interarrival jitter (RFC 3550, section 6.4.1) at the end of the last window: a running mean over the last few dozen probes. Absent after a window with fewer than two echoes.", directions, nil)
	boundDesc   = prometheus.NewDesc(name("one_way_delay_error_bound_seconds"), "Largest possible error of the one-way delays in the last window: half the lowest round-trip delay of the last minutes, because its split between the directions is unknown. Absent after a window without one-way delays.", nil, nil)
	windowDesc  = prometheus.NewDesc(name("window_timestamp_seconds"), "End of the last window: the timestamp of its jitter and error bound.", nil, nil)
	policyDesc  = prometheus.NewDesc(name("policy_info"), "Always 1. The labels name the policy that judges the link.", []string{"policy", "version"}, nil)
	allLastDesc = []*prometheus.Desc{rateDesc, lowDesc, highDesc, outcomeDesc, stampDesc, minDesc, recDesc, jitterDesc, boundDesc, windowDesc, policyDesc}
)
