package server

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server/session"
)

// maxExams bounds the exams with series of their own. A server hosts few exams
// at a time; a thousand mean an error in the join tokens.
const maxExams = 1000

var states = session.States()

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("examlink_"+name, help, labels, nil)
}

// perSession makes the descriptor of a per-session metric.
func perSession(name, help string) *prometheus.Desc {
	return desc("session_"+name, help, "exam", "purpose", "session")
}

// Shared by the help texts of the claimed metrics.
const (
	claimed  = ", from the client's latest minute report. Absent if not reported or implausible"
	lossless = ", over TCP (which hides losses), or if more than a tenth of the probes were lost in an unknown direction."
)

var (
	sessionsDesc  = desc("server_sessions", "Current sessions, by purpose and by the state derived from the server's own timers (server.silence). Ended sessions are not included. A silent check was broken off; no exam suffers from it.", "purpose", "state")
	transportDesc = desc("server_session_transports", "Current sessions, by the transport that carries them now or carried them last.", "transport")

	seriesLimitDesc   = desc("server_session_series_limit", "Maximum number of sessions with series of their own (server.metrics.session_series).")
	withoutSeriesDesc = desc("server_sessions_without_series", "Sessions without series of their own because of the limit. Watches get series before checks, sessions in a worse state before others; ties are broken by session id.")
	withoutExamDesc   = desc("server_exams_without_series", "Exams with sessions but without per-exam series, because there are more than 1000. Exams with the worst sessions get series first. Above 0, the per-exam series are incomplete.")

	minimumDesc     = desc("server_minimum_rate_bytes_per_second", "The policy's minimum rate, IP layer.", "direction")
	recommendedDesc = desc("server_recommended_rate_bytes_per_second", "The policy's recommended rate, IP layer. Absent if it has none.", "direction")
	policyDesc      = desc("server_policy_info", "Always 1. The labels name the policy that rates are compared with.", "policy", "version")

	examSessionsDesc = desc("exam_sessions", "Sessions of an exam, by purpose and by the state derived from the server's own timers, including sessions without series of their own. All states are present while the exam has a session.", "exam", "purpose", "state")
	examRatesDesc    = desc("exam_rate_sessions", "Sessions of an exam, by how the result of their last train compares with the policy's minimum: up as measured by this server, down as reported by the client. Unknown: silent, or no train yet.", "direction", "exam", "outcome", "purpose")

	stateDesc   = perSession("state", "Session state: 0 connected, 1 live, 2 suspect, 3 dropped, 4 exam-relevant.")
	lastDesc    = perSession("last_packet_timestamp_seconds", "When the last authenticated probe or train packet arrived, by the server's clock. Absent before the first.")
	startDesc   = perSession("start_timestamp_seconds", "When the session was opened on this server, or first resumed after its restart, by the server's clock.")
	probesDesc  = perSession("probes_received_total", "Authenticated probes received by the server over all of the session's connections, without duplicates.")
	tcpDesc     = perSession("transport_websocket", "1 if the session runs over WebSocket (TCP) because UDP is blocked, 0 if it runs over UDP.")
	warnDesc    = perSession("warnings", "Active warnings among the latest 16, as reported by the client. Absent before its first report.")
	upDesc      = perSession("upload_bytes_per_second", "Rate measured by the server in the last train up, IP layer. Absent if the train found only a lower bound, or nothing. Glances do not count.")
	upLowDesc   = perSession("upload_lower_bound_bytes_per_second", "Lower bound on the rate from the last train up, IP layer, as measured by the server: the lower end of the 95 % interval, or the bound alone if no rate was measured.")
	upHighDesc  = perSession("upload_upper_bound_bytes_per_second", "Upper bound on the rate from the last train up, IP layer, as measured by the server: the upper end of the 95 % interval. Absent if the train did not fill the link.")
	upMeetsDesc = perSession("upload_outcome", "Result of the last train up compared with the policy's minimum: 0 below (the upper bound is below it), 1 inconclusive, 2 meets (the lower bound reaches it, within 1 %). Over WebSocket, a low rate is inconclusive. Absent before the first train and while the session is silent.")
	upAtDesc    = perSession("upload_timestamp_seconds", "When the last train up was measured, by the server's clock: the timestamp of the upload rate and lower bound.")
	downDesc    = perSession("download_bytes_per_second", "Rate measured in the last train down, IP layer, as reported by the client. Absent if the train found only a lower bound, or nothing. Glances do not count.")
	downLowDesc = perSession("download_lower_bound_bytes_per_second", "Lower bound on the rate from the last train down, IP layer, as reported by the client.")
	downHiDesc  = perSession("download_upper_bound_bytes_per_second", "Upper bound on the rate from the last train down, IP layer, as reported by the client. Absent if the train did not fill the link.")
	downMtDesc  = perSession("download_outcome", "Result of the last train down, as reported by the client, compared with the policy's minimum: 0 below (the upper bound is below it), 1 inconclusive, 2 meets (the lower bound reaches it, within 1 %). Over WebSocket, a low rate is inconclusive. Absent before the first report and while the session is silent.")
	downAtDesc  = perSession("download_timestamp_seconds", "When the client's report on the last train down arrived, by the server's clock: the timestamp of the download rate and lower bound.")
	tripDesc    = perSession("claimed_round_trip_delay_seconds", "Median round-trip delay (RFC 2681)"+claimed+".")
	lossUpDesc  = perSession("claimed_loss_up_ratio", "Share of the probes sent that were lost in the up direction (RFC 7680)"+claimed+lossless)
	lossDnDesc  = perSession("claimed_loss_down_ratio", "Share of the probes not lost in the up direction that were lost in the down direction (RFC 7680)"+claimed+lossless)
	varUpDesc   = perSession("claimed_delay_variation_up_seconds", "95th percentile of the packet delay variation in the up direction (RFC 5481, section 4.2)"+claimed+".")
	varDnDesc   = perSession("claimed_delay_variation_down_seconds", "95th percentile of the packet delay variation in the down direction (RFC 5481, section 4.2)"+claimed+".")
	claimAtDesc = perSession("claimed_timestamp_seconds", "When the client's latest minute report arrived, by the server's clock: the timestamp of the claimed figures. Reports queued during an outage arrive late.")
)

// sessionCollector collects from the live session table, so that series cannot
// leak: an ended session is gone at the next scrape.
type sessionCollector struct {
	samples  func() []session.Sample
	settings func() *Settings
}

// Describe implements prometheus.Collector.
func (c sessionCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		sessionsDesc, transportDesc, seriesLimitDesc, withoutSeriesDesc, withoutExamDesc, minimumDesc, recommendedDesc, policyDesc,
		examSessionsDesc, examRatesDesc, stateDesc, lastDesc, startDesc, probesDesc, tcpDesc, warnDesc,
		upDesc, upLowDesc, upHighDesc, upMeetsDesc, upAtDesc, downDesc, downLowDesc, downHiDesc, downMtDesc, downAtDesc,
		tripDesc, lossUpDesc, lossDnDesc, varUpDesc, varDnDesc, claimAtDesc,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c sessionCollector) Collect(ch chan<- prometheus.Metric) {
	all, settings := sorted(c.samples()), c.settings()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	c.fleet(gauge, all)
	c.exams(gauge, all, settings)

	p := settings.Policy
	gauge(minimumDesc, p.Minimum.Download.BytesPerSecond(), string(wire.Down))
	gauge(minimumDesc, p.Minimum.Upload.BytesPerSecond(), string(wire.Up))
	if r := p.Recommended.Download; r > 0 { // zero: the policy recommends none
		gauge(recommendedDesc, r.BytesPerSecond(), string(wire.Down))
	}
	if r := p.Recommended.Upload; r > 0 {
		gauge(recommendedDesc, r.BytesPerSecond(), string(wire.Up))
	}
	gauge(policyDesc, 1, label(p.Name), label(p.Version))

	shown := all[:min(len(all), settings.SessionSeries)]
	gauge(seriesLimitDesc, float64(settings.SessionSeries))
	gauge(withoutSeriesDesc, float64(len(all)-len(shown)))
	// Sorted as the registry would sort: with 5,000 sessions its sort takes a
	// quarter of a scrape, but next to nothing on sorted input.
	slices.SortFunc(shown, func(a, b session.Sample) int {
		return cmp.Or(strings.Compare(a.Exam, b.Exam), strings.Compare(a.ID, b.ID))
	})
	for i := range shown {
		collect(&shown[i], settings.Policy.Minimum, ch)
	}
}

// fleet counts all sessions.
func (c sessionCollector) fleet(gauge func(*prometheus.Desc, float64, ...string), all []session.Sample) {
	count := map[string][]int{}
	for _, p := range session.Purposes() {
		count[p] = make([]int, len(states))
	}
	tcp := 0
	for _, x := range all {
		count[x.Purpose][x.State.Code()]++
		if x.WebSocket {
			tcp++
		}
	}
	for p, n := range count {
		for i, s := range states {
			gauge(sessionsDesc, float64(n[i]), p, string(s))
		}
	}
	gauge(transportDesc, float64(len(all)-tcp), string(link.UDP))
	gauge(transportDesc, float64(tcp), string(link.WebSocket))
}

// exams counts the sessions per exam.
func (c sessionCollector) exams(gauge func(*prometheus.Desc, float64, ...string), all []session.Sample, settings *Settings) {
	type counts struct {
		state    []int
		up, down map[session.Outcome]int
	}
	exams := map[string]map[string]*counts{}
	var names []string // ordered by their worst session
	for _, x := range all {
		e := exams[x.Exam]
		if e == nil {
			e = map[string]*counts{}
			for _, p := range session.Purposes() {
				e[p] = &counts{make([]int, len(states)), map[session.Outcome]int{}, map[session.Outcome]int{}}
			}
			exams[x.Exam] = e
			names = append(names, x.Exam)
		}
		n := e[x.Purpose]
		n.state[x.State.Code()]++
		n.up[outcome(&x, x.Up, settings.Policy.Minimum.Upload)]++
		n.down[outcome(&x, x.Down, settings.Policy.Minimum.Download)]++
	}
	shown := names[:min(len(names), maxExams)]
	gauge(withoutExamDesc, float64(len(names)-len(shown)))
	for _, name := range shown {
		for p, n := range exams[name] {
			for i, s := range states {
				gauge(examSessionsDesc, float64(n.state[i]), name, p, string(s))
			}
			for _, o := range append(session.Outcomes(), unknownOutcome) {
				gauge(examRatesDesc, float64(n.up[o]), string(wire.Up), name, string(o), p)
				gauge(examRatesDesc, float64(n.down[o]), string(wire.Down), name, string(o), p)
			}
		}
	}
}

// unknownOutcome counts the sessions without an outcome.
const unknownOutcome session.Outcome = "unknown"

// outcome compares a session's rate with a minimum; unknownOutcome if no train has
// ended yet, or the session is silent, since the rate is then not that of now.
func outcome(x *session.Sample, r session.Rate, minimum ippm.Rate) session.Outcome {
	if r.At.IsZero() || x.State.Severity() >= session.Suspect.Severity() {
		return unknownOutcome
	}
	return overTCP(r.Against(minimum), x.WebSocket)
}

// overTCP is an outcome as it counts for the link: TCP may achieve less than the
// link carries.
func overTCP(o session.Outcome, webSocket bool) session.Outcome {
	if webSocket && o == session.BelowBound {
		return session.Inconclusive
	}
	return o
}

// collect emits the metrics of one session.
func collect(x *session.Sample, minimum verdict.Bounds, ch chan<- prometheus.Metric) {
	labels := prometheus.MakeLabelPairs(stateDesc, []string{x.Exam, x.Purpose, x.ID}) // shared by all metrics of the session
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- &point{d, prometheus.GaugeValue, v, labels}
	}
	known := func(d *prometheus.Desc, v *float64) {
		if v != nil {
			gauge(d, *v)
		}
	}
	rate := func(d *prometheus.Desc, bits *float64) { // metrics are in bytes
		if bits != nil {
			gauge(d, ippm.Rate(*bits).BytesPerSecond())
		}
	}
	at := func(d *prometheus.Desc, t time.Time) {
		if !t.IsZero() {
			gauge(d, float64(t.UnixMilli())/1000)
		}
	}
	judged := func(d *prometheus.Desc, o session.Outcome) {
		if o != unknownOutcome {
			gauge(d, float64(o.Code()))
		}
	}
	gauge(stateDesc, float64(x.State.Code()))
	at(startDesc, x.Opened)
	at(lastDesc, x.Last)
	ch <- &point{probesDesc, prometheus.CounterValue, float64(x.Probes), labels}
	tcp := 0.0
	if x.WebSocket {
		tcp = 1
	}
	gauge(tcpDesc, tcp)
	if x.Warnings != nil {
		gauge(warnDesc, float64(*x.Warnings))
	}
	rate(upDesc, x.Up.Value)
	rate(upLowDesc, x.Up.Low)
	rate(upHighDesc, x.Up.High)
	judged(upMeetsDesc, outcome(x, x.Up, minimum.Upload))
	at(upAtDesc, x.Up.At)
	rate(downDesc, x.Down.Value)
	rate(downLowDesc, x.Down.Low)
	rate(downHiDesc, x.Down.High)
	judged(downMtDesc, outcome(x, x.Down, minimum.Download))
	at(downAtDesc, x.Down.At)
	known(tripDesc, x.Figures.RoundTrip)
	known(lossUpDesc, x.Figures.LossUp)
	known(lossDnDesc, x.Figures.LossDown)
	known(varUpDesc, x.Figures.VariationUp)
	known(varDnDesc, x.Figures.VariationDown)
	at(claimAtDesc, x.Figures.At)
}

// point is one value of one session. The metrics of a session share their
// labels; the library's constant metrics would allocate them for each.
type point struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	value  float64
	labels []*dto.LabelPair
}

// Desc implements prometheus.Metric.
func (p *point) Desc() *prometheus.Desc { return p.desc }

// Write implements prometheus.Metric.
func (p *point) Write(m *dto.Metric) error {
	m.Label = p.labels
	if p.kind == prometheus.CounterValue {
		m.Counter = &dto.Counter{Value: &p.value}
	} else {
		m.Gauge = &dto.Gauge{Value: &p.value}
	}
	return nil
}
