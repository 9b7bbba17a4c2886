package exporter_test

import (
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"examlink/probe"
	"examlink/probe/exporter"
	"examlink/probe/exporter/naming"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

const ms = time.Millisecond

var start = time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func number(v float64) *float64 { return &v }

func newExporter(t *testing.T, p verdict.Policy) (*exporter.Exporter, *prometheus.Registry) {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	e, err := exporter.New(r, p)
	if err != nil {
		t.Fatal(err)
	}
	return e, r
}

// scrape returns the text Prometheus scrapes.
func scrape(t *testing.T, r *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("scrape: %d\n%s", w.Code, w.Body)
	}
	return w.Body.String()
}

// window is five seconds of a link with 20 ms up and 30 ms down: 50 probes,
// three of them lost.
func window() *probe.Account {
	a := &probe.Account{
		Sent: 50, Received: 47, LostUp: 1, LostDown: 2, Unsent: 4, Late: 1, DuplicatesDown: 3, ReorderedDown: 2,
		OneWayBound: 25 * ms, JitterUp: 1500 * time.Microsecond, JitterDown: 2500 * time.Microsecond,
	}
	for range 47 {
		a.RoundTrip.Add(50 * ms)
		a.OneWayUp.Add(20 * ms)
		a.OneWayDown.Add(30 * ms)
		a.PDVUp.Add(4 * ms)
		a.PDVDown.Add(12 * ms)
	}
	for range 46 {
		a.IPDVUp.Add(ms)
		a.IPDVDown.Add(2 * ms)
	}
	for range 50 {
		a.Pacing.Add(40 * time.Microsecond)
	}
	return a
}

// exam reports every possible event of a watch to an exporter.
func exam(e *exporter.Exporter) {
	e.Session(probe.SessionEvent{At: at(0), State: probe.SessionConnected, Transport: link.UDP})
	e.Window(probe.WindowEvent{From: at(0), To: at(5 * time.Second), Account: window(), ControlUp: 1500, ControlDown: 1000})
	e.Floor(probe.FloorEvent{
		At: at(6 * time.Second), SpentDown: 30_000,
		Floor: probe.Floor{Direction: wire.Down, Outcome: probe.FloorMeets, Rate: ippm.Interval{Low: number(3.84e6)}},
	})
	e.Floor(probe.FloorEvent{
		At: at(7 * time.Second), SpentUp: 20_000,
		Floor: probe.Floor{Direction: wire.Up, Outcome: probe.FloorBelow, Rate: ippm.Interval{Value: number(0.768e6), Low: number(0.76e6), High: number(0.776e6)}},
	})
	slow := warning.Warning{Kind: warning.UploadBelowMinimum, Start: at(7 * time.Second), Raised: at(7 * time.Second), Episodes: 1}
	e.Warning(slow)
	busy := at(8 * time.Second)
	e.Warning(warning.Warning{Kind: warning.HostBusy, Start: busy, Raised: busy, End: busy, Cleared: busy, Episodes: 1})
	slow.End, slow.Cleared = at(50*time.Second), at(60*time.Second)
	e.Warning(slow)
	e.Warning(warning.Warning{Kind: warning.Outage, Start: at(70 * time.Second), Raised: at(73 * time.Second), Episodes: 1})
	e.Session(probe.SessionEvent{At: at(73 * time.Second), State: probe.SessionSilent, Err: errors.New("no answer")})
	e.Session(probe.SessionEvent{At: at(80 * time.Second), State: probe.SessionResumed, Transport: link.WebSocket})
	e.Floor(probe.FloorEvent{
		At: at(81500 * ms), SpentDown: 30_000,
		Floor: probe.Floor{Direction: wire.Down, Outcome: probe.FloorInconclusive},
	})
}

func TestMetricsOfAnExam(t *testing.T) {
	e, r := newExporter(t, verdict.BuiltIn()[0])
	exam(e)
	got := scrape(t, r)
	naming.Golden(t, filepath.Join("testdata", "metrics.txt"), got, *update)
}

func TestNamesAndLabels(t *testing.T) {
	e, r := newExporter(t, verdict.BuiltIn()[0])
	naming.Lint(t, r) // before an exam
	exam(e)
	naming.Lint(t, r)
}

// series returns the values of a metric by its labels as they are scraped.
func series(t *testing.T, r *prometheus.Registry, name string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, line := range strings.Split(scrape(t, r), "\n") {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		labels, value, _ := strings.Cut(rest, " ")
		out[labels] = value
	}
	return out
}

func expect(t *testing.T, r *prometheus.Registry, name string, want map[string]string) {
	t.Helper()
	got := series(t, r, name)
	for labels, value := range want {
		if got[labels] != value {
			t.Errorf("%s%s is %q, want %q", name, labels, got[labels], value)
		}
	}
	for labels, value := range got {
		if _, ok := want[labels]; !ok {
			t.Errorf("%s%s is %q, want no such series", name, labels, value)
		}
	}
}

func TestAbsentBeforeKnown(t *testing.T) {
	e, r := newExporter(t, verdict.BuiltIn()[0])
	unknown := []string{
		"examlink_client_rate_bytes_per_second", "examlink_client_rate_lower_bound_bytes_per_second",
		"examlink_client_floor_test_timestamp_seconds", "examlink_client_rfc3550_jitter_seconds",
		"examlink_client_one_way_delay_error_bound_seconds", "examlink_client_window_timestamp_seconds",
	}
	for _, name := range unknown {
		expect(t, r, name, nil)
	}
	// Zero is exported.
	expect(t, r, "examlink_client_probes_sent_total", map[string]string{"": "0"})
	expect(t, r, "examlink_client_connected", map[string]string{"": "0"})
	expect(t, r, "examlink_client_probes_lost_total", map[string]string{`{direction="up"}`: "0", `{direction="down"}`: "0", `{direction="unknown"}`: "0"})
	if got := series(t, r, "examlink_client_warnings_total"); len(got) != len(warning.Kinds()) {
		t.Errorf("warnings %v, want every kind", got)
	}

	// A test that found only a bound has no rate; one that found nothing clears
	// the previous result.
	floor := func(rate ippm.Interval) {
		e.Floor(probe.FloorEvent{At: at(1500 * ms), Floor: probe.Floor{Direction: wire.Down, Outcome: probe.FloorMeets, Rate: rate}})
	}
	down := func(v string) map[string]string { return map[string]string{`{direction="down"}`: v} }
	floor(ippm.Interval{Low: number(8e6)})
	expect(t, r, "examlink_client_rate_bytes_per_second", nil)
	expect(t, r, "examlink_client_rate_lower_bound_bytes_per_second", down("1e+06"))
	expect(t, r, "examlink_client_floor_test_timestamp_seconds", down("1.7908452015e+09"))
	floor(ippm.Interval{Value: number(0.768e6)})
	expect(t, r, "examlink_client_rate_bytes_per_second", down("96000"))
	expect(t, r, "examlink_client_rate_lower_bound_bytes_per_second", nil)
	floor(ippm.Interval{})
	expect(t, r, "examlink_client_rate_bytes_per_second", nil)

	// So does a window without an echo.
	e.Window(probe.WindowEvent{To: at(5 * time.Second), Account: window()})
	expect(t, r, "examlink_client_rfc3550_jitter_seconds", map[string]string{`{direction="up"}`: "0.0015", `{direction="down"}`: "0.0025"})
	expect(t, r, "examlink_client_one_way_delay_error_bound_seconds", map[string]string{"": "0.025"})
	e.Window(probe.WindowEvent{To: at(10 * time.Second), Account: &probe.Account{Sent: 50, LostUnknown: 50}})
	expect(t, r, "examlink_client_rfc3550_jitter_seconds", nil)
	expect(t, r, "examlink_client_one_way_delay_error_bound_seconds", nil)
	expect(t, r, "examlink_client_window_timestamp_seconds", map[string]string{"": "1.79084521e+09"})
}

func TestRatesAreBytesPerSecond(t *testing.T) {
	e, r := newExporter(t, verdict.BuiltIn()[0])
	both := func(down, up string) map[string]string {
		return map[string]string{`{direction="down"}`: down, `{direction="up"}`: up}
	}
	expect(t, r, "examlink_client_minimum_rate_bytes_per_second", both("96000", "48000"))
	expect(t, r, "examlink_client_recommended_rate_bytes_per_second", both("187500", "125000"))
	for d, v := range map[wire.Direction]float64{wire.Down: 0.768e6, wire.Up: 0.384e6} {
		e.Floor(probe.FloorEvent{At: at(0), SpentUp: 500, SpentDown: 600, Floor: probe.Floor{Direction: d, Outcome: probe.FloorMeets, Rate: ippm.Interval{Value: &v, Low: &v, High: &v}}})
	}
	expect(t, r, "examlink_client_rate_bytes_per_second", both("96000", "48000"))
	expect(t, r, "examlink_client_rate_lower_bound_bytes_per_second", both("96000", "48000"))
	expect(t, r, "examlink_client_floor_test_bytes_total", both("1200", "1000"))
}

func TestNoRecommendationIsNotZero(t *testing.T) {
	p := verdict.Policy{Name: "our", Version: "1", Minimum: verdict.Bounds{Download: 8e6, Upload: 4e6}}
	_, r := newExporter(t, p)
	expect(t, r, "examlink_client_minimum_rate_bytes_per_second", map[string]string{`{direction="down"}`: "1e+06", `{direction="up"}`: "500000"})
	expect(t, r, "examlink_client_recommended_rate_bytes_per_second", nil)
	expect(t, r, "examlink_client_policy_info", map[string]string{`{policy="our",version="1"}`: "1"})
}

func TestAWarningCountsOnce(t *testing.T) {
	e, r := newExporter(t, verdict.BuiltIn()[0])
	state := func(when, total, active string) {
		t.Helper()
		if got := series(t, r, "examlink_client_warnings_total")[`{kind="outage"}`]; got != total {
			t.Errorf("%s: %s warnings, want %s", when, got, total)
		}
		if got := series(t, r, "examlink_client_warning_active")[`{kind="outage"}`]; got != active {
			t.Errorf("%s: active is %s, want %s", when, got, active)
		}
	}
	state("before", "0", "0")
	w := warning.Warning{Kind: warning.Outage, Start: at(0), Raised: at(time.Second), Episodes: 1}
	e.Warning(w)
	state("raised", "1", "1")
	w.End, w.Cleared = at(2*time.Second), at(3*time.Second)
	e.Warning(w)
	state("cleared", "1", "0")
	w.End, w.Cleared, w.Episodes = time.Time{}, time.Time{}, 2
	e.Warning(w) // intermittent: still the same
	state("raised again", "1", "1")
	w.Cleared = at(8 * time.Second)
	e.Warning(w) // the watch ends while it is active
	state("closed", "1", "0")
	e.Warning(warning.Warning{Kind: warning.Outage, Start: at(time.Minute), Raised: at(time.Minute), Episodes: 1})
	state("another", "2", "1")
	e.Warning(warning.Warning{Kind: warning.HostBusy, Start: at(time.Minute), Raised: at(time.Minute), Cleared: at(time.Minute), Episodes: 1})
	state("another kind", "2", "1")
	if got := series(t, r, "examlink_client_warnings_total")[`{kind="host-busy"}`]; got != "1" {
		t.Errorf("%s warnings of a busy host, want 1: it is raised and cleared at once", got)
	}
}

func TestConnectedFollowsTheSession(t *testing.T) {
	e, r := newExporter(t, verdict.BuiltIn()[0])
	for _, c := range []struct {
		state               probe.SessionState
		connected, connects string
	}{
		{probe.SessionWaiting, "0", "0"},
		{probe.SessionConnected, "1", "1"},
		{probe.SessionSilent, "0", "1"},
		{probe.SessionBack, "1", "1"},
		{probe.SessionSilent, "0", "1"},
		{probe.SessionLost, "0", "1"},
		{probe.SessionResumed, "1", "2"},
	} {
		e.Session(probe.SessionEvent{State: c.state})
		expect(t, r, "examlink_client_connected", map[string]string{"": c.connected})
		expect(t, r, "examlink_client_connects_total", map[string]string{"": c.connects})
	}
}

// Writes of the record are counted; without a record nothing is said of them.
func TestRecordWrites(t *testing.T) {
	e, r := newExporter(t, verdict.BuiltIn()[0])
	const errs, ok = "examlink_client_record_write_errors_total", "examlink_client_record_last_write_successful"
	expect(t, r, errs, map[string]string{"": "0"})
	expect(t, r, ok, map[string]string{})
	e.Record(nil)
	expect(t, r, ok, map[string]string{"": "1"})
	e.Record(errors.New("no space left on device"))
	expect(t, r, errs, map[string]string{"": "1"})
	expect(t, r, ok, map[string]string{"": "0"})
}

// What a floor test found is shown with its bounds; while the server does not answer,
// nothing is known of the link.
func TestOutcomeOfFloorTests(t *testing.T) {
	e, r := newExporter(t, verdict.BuiltIn()[0])
	const outcome, high = "examlink_client_floor_test_outcome", "examlink_client_rate_upper_bound_bytes_per_second"
	expect(t, r, outcome, map[string]string{})
	exam(e)
	expect(t, r, outcome, map[string]string{`{direction="up"}`: "0", `{direction="down"}`: "1"})
	expect(t, r, high, map[string]string{`{direction="up"}`: "97000"})
	e.Floor(probe.FloorEvent{Floor: probe.Floor{Direction: wire.Down, Outcome: probe.FloorMeets, Rate: ippm.Interval{Low: number(3.84e6)}}})
	expect(t, r, outcome, map[string]string{`{direction="up"}`: "0", `{direction="down"}`: "2"})
	e.Session(probe.SessionEvent{State: probe.SessionSilent})
	expect(t, r, outcome, map[string]string{})
	e.Session(probe.SessionEvent{State: probe.SessionBack})
	expect(t, r, outcome, map[string]string{`{direction="up"}`: "0", `{direction="down"}`: "2"})
}

// Sent equals received plus lost in every window.
func TestSentIsReceivedAndLost(t *testing.T) {
	e, r := newExporter(t, verdict.BuiltIn()[0])
	for _, c := range []struct {
		account           probe.Account
		sent, received    string
		up, down, unknown string
	}{
		{probe.Account{Sent: 50, Received: 45, LostUp: 2, LostDown: 3}, "50", "45", "2", "3", "0"},
		{probe.Account{Sent: 50, Received: 20, LostUnknown: 30}, "100", "65", "2", "3", "30"},
		{probe.Account{Unsent: 50, NoRoute: 30, Stalled: 5}, "100", "65", "2", "3", "30"},
		{probe.Account{Sent: 50, Received: 48, LostUp: 1, LostUnknown: 1}, "150", "113", "3", "3", "31"},
	} {
		e.Window(probe.WindowEvent{To: at(0), Account: &c.account})
		expect(t, r, "examlink_client_probes_sent_total", map[string]string{"": c.sent})
		expect(t, r, "examlink_client_probes_received_total", map[string]string{"": c.received})
		expect(t, r, "examlink_client_probes_lost_total", map[string]string{
			`{direction="up"}`: c.up, `{direction="down"}`: c.down, `{direction="unknown"}`: c.unknown,
		})
	}
	expect(t, r, "examlink_client_probes_unsent_total", map[string]string{
		`{reason="host"}`: "15", `{reason="no-route"}`: "30", `{reason="stalled"}`: "5",
	})
}

func TestDelaysAreNativeHistogramsToo(t *testing.T) {
	_, r := newExporter(t, verdict.BuiltIn()[0])
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if h := m.GetHistogram(); h != nil {
				seen++
				if h.Schema == nil || len(h.GetBucket()) == 0 {
					t.Errorf("%s: schema %v and %d classic buckets, want both", f.GetName(), h.Schema, len(h.GetBucket()))
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no histogram at all")
	}
}

func TestOneExporterToARegistry(t *testing.T) {
	_, r := newExporter(t, verdict.BuiltIn()[0])
	if _, err := exporter.New(r, verdict.BuiltIn()[0]); err == nil {
		t.Error("a second exporter was registered beside the first")
	}
}
