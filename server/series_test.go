package server

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"examlink/probe/exporter/naming"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server/alert"
	"examlink/server/cluster"
	"examlink/server/event"
	"examlink/server/exam"
	"examlink/server/reflect"
	"examlink/server/session"
	"examlink/server/trains"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// table holds a server's session metrics at noon, for sessions added by hand.
type table struct {
	list     []session.Sample
	settings Settings
	metrics  *metrics
	clocks   *peerClocks
}

func newTable(tb testing.TB, series int) (*table, *prometheus.Registry) {
	tb.Helper()
	settings, err := Settings{SessionSeries: series}.complete()
	if err != nil {
		tb.Fatal(err)
	}
	x := &table{settings: settings, metrics: newMetrics(), clocks: newPeerClocks(slog.New(slog.DiscardHandler))}
	r := prometheus.NewRegistry()
	x.register(tb, r)
	return x, r
}

// register adds all of a server's metrics to a registry.
func (x *table) register(tb testing.TB, r prometheus.Registerer) {
	tb.Helper()
	collector := sessionCollector{func() []session.Sample { return slices.Clone(x.list) }, func() *Settings { return &x.settings }}
	m := trains.NewManager(trains.Options{})
	students := &examStudents{at: noon, list: []counted{{"msds-5001", noon.Add(time.Hour), map[string]int{
		notOpened: 3, opened: 1, string(exam.CouldNotTell): 0, string(exam.NotReady): 2, string(exam.Late): 1, string(exam.Marginal): 4, string(exam.Ready): 30,
	}}}}
	several := cluster.New("a", cluster.Options{Events: event.NewBus(0)})
	absent := &attendance{taken: noon, calls: map[string]*rollCall{"msds-5002": {exam: "msds-5002", start: noon.Add(-time.Hour), presences: map[string]alert.Presence{"s1": alert.Absent, "s2": alert.Connected, "s3": alert.Awaited}}}}
	for _, c := range slices.Concat(x.metrics.collectors(), reflect.NewTable(nil).Collectors(), m.Collectors(), []prometheus.Collector{collector, x.clocks, students, absent, several}) {
		if err := r.Register(c); err != nil {
			tb.Fatal(err)
		}
	}
}

// put adds a session that was opened half an hour ago.
func (x *table) put(id, exam string, state session.State) *session.Sample {
	x.list = append(x.list, session.Sample{ID: id, Exam: exam, State: state, Opened: noon.Add(-30 * time.Minute)})
	return &x.list[len(x.list)-1]
}

// busy sets every value of a session.
func busy(s *session.Sample) {
	up, low, high, trip, variation, warnings := 384e3, 350e3, 420e3, 0.045, 0.012, 1
	down, downLow, downHigh := 1.2e6, 1.1e6, 1.3e6
	lossUp, lossDown := 0.02, 6.0/588
	s.Last, s.Probes, s.Warnings = noon.Add(-1500*time.Millisecond), 18000, &warnings
	s.Up = session.RateOf(wire.TrainReport{Rate: &up, Low: &low, High: &high}, noon)
	s.Down = session.RateOf(wire.TrainReport{Rate: &down, Low: &downLow, High: &downHigh}, noon)
	s.Figures = session.Figures{At: noon.Add(-20 * time.Second), RoundTrip: &trip, LossUp: &lossUp, LossDown: &lossDown, VariationUp: &variation, VariationDown: &trip}
}

func scrape(tb testing.TB, g prometheus.Gatherer) string {
	tb.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(g, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		tb.Fatalf("scrape: %d\n%s", w.Code, w.Body)
	}
	return w.Body.String()
}

// series returns the lines of a scrape whose metric begins with a name.
func series(text, name string) (out []string) {
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, name) {
			out = append(out, line)
		}
	}
	return out
}

func TestMetricsOfSessions(t *testing.T) {
	s, r := newTable(t, 4)
	busy(s.put("b-busy", "msds-5001", session.Live))
	s.put("c-new", "msds-5001", session.Connected)
	s.put("a-live", "msds-5001", session.Live) // of two healthy sessions, the one with the lower id is shown
	silent := s.put("d-silent", "msds-5002", session.ExamRelevant)
	silent.Last = noon.Add(-40 * time.Second)
	s.put("e-left-out", "msds-5002", session.Live)
	up, down := 384e3, 1.2e6
	s.metrics.handle(event.Event{Payload: event.Reading{Report: wire.TrainReport{Rate: &up}, Measures: true}}, s.settings.Policy)
	s.metrics.handle(event.Event{Payload: event.Claim{Report: wire.TrainReport{Rate: &down}}}, s.settings.Policy)
	for i := range clockLeast {
		s.clocks.note(peerClients, fmt.Sprint(i), noon, noon.Add(250*time.Millisecond))
	}
	s.clocks.note(peerReceivers, "sms", noon.Add(time.Second), noon)
	got := scrape(t, r)
	naming.Golden(t, filepath.Join("testdata", "metrics.txt"), got, *update)
	strict := prometheus.NewPedanticRegistry()
	s.register(t, strict)
	naming.Lint(t, strict)
}

// The limit holds and always leaves out the same healthy sessions; series
// disappear with their sessions.
func TestSeriesOf5000Sessions(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it takes seconds of real time")
	}
	const sessions, most = 5000, 1000
	s, r := newTable(t, most)
	for i := range sessions {
		state := session.Live
		if i >= sessions-700 { // the last ones by id
			state = states[2+i%3]
		}
		busy(s.put(fmt.Sprintf("s%04d", i), fmt.Sprintf("exam-%d", i%7), state))
	}
	text := scrape(t, r)
	state := series(text, "examlink_session_state{")
	if len(state) != most {
		t.Errorf("%d sessions have series, want %d", len(state), most)
	}
	for _, name := range []string{"upload_bytes_per_second", "claimed_round_trip_delay_seconds", "probes_received_total", "warnings"} {
		if n := len(series(text, "examlink_session_"+name+"{")); n != most {
			t.Errorf("%d series of %s, want %d", n, name, most)
		}
	}
	for i := sessions - 700; i < sessions; i++ {
		if !strings.Contains(text, fmt.Sprintf(`examlink_session_state{exam="exam-%d",purpose="watch",session="s%04d"}`, i%7, i)) {
			t.Errorf("s%04d, which is silent, was left out for one that is well", i)
		}
	}
	if !strings.Contains(text, `session="s0299"`) || strings.Contains(text, `session="s0300"`) {
		t.Error("of those that are well, want the first 300 by their ids")
	}
	for _, want := range []string{
		"examlink_server_session_series_limit 1000", "examlink_server_sessions_without_series 4000", `examlink_server_sessions{purpose="watch",state="live"} 4300`,
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("no line %q", want)
		}
	}
	all := 0
	for _, line := range series(text, "examlink_exam_sessions{") {
		n := 0
		if _, err := fmt.Sscan(line[strings.LastIndex(line, " "):], &n); err != nil {
			t.Fatal(err)
		}
		all += n
	}
	if all != sessions {
		t.Errorf("the exams have %d sessions, want all %d", all, sessions)
	}
	if again := scrape(t, r); len(series(again, "examlink_session_")) != len(series(text, "examlink_session_")) || again != text {
		t.Error("a second scrape of the same sessions differs")
	}
	s.list = nil
	text = scrape(t, r)
	if left := append(series(text, "examlink_session_"), series(text, "examlink_exam_")...); len(left) > 0 {
		t.Errorf("%d series are left after all sessions ended, such as %s", len(left), left[0])
	}
	if !strings.Contains(text, "\nexamlink_server_sessions_without_series 0\n") {
		t.Error("sessions that ended count as left out")
	}
}

func TestNoSeriesOfSessionsWhenNoneAreWanted(t *testing.T) {
	s, r := newTable(t, 0)
	busy(s.put("s", "e", session.Live))
	text := scrape(t, r)
	if got := series(text, "examlink_session_"); len(got) > 0 {
		t.Errorf("%q", got)
	}
	if len(series(text, "examlink_exam_sessions")) == 0 || !strings.Contains(text, "\nexamlink_server_sessions_without_series 1\n") {
		t.Error("the session is not counted")
	}
}

// Any exam name works, and scrapes continue.
func TestExamNames(t *testing.T) {
	s, r := newTable(t, 10)
	for i, exam := range []string{"a\"b\\c\nd}{,=", "Prüfung 数学", "\xff", "\xfe", strings.Repeat("é", 300), " ", "__name__"} {
		s.put(fmt.Sprint(i), exam, session.Live)
	}
	text := scrape(t, r)
	if got := series(text, "examlink_session_state{"); len(got) != 7 {
		t.Errorf("%d sessions, want 7:\n%s", len(got), strings.Join(got, "\n"))
	}
	// Names that become equal as labels are counted together.
	if !strings.Contains(text, "examlink_exam_sessions{exam=\"\uFFFD\",purpose=\"watch\",state=\"live\"} 2\n") {
		t.Error("names that are no UTF-8 are missing")
	}
	if !strings.Contains(text, `exam="a\"b\\c\nd}{,="`) {
		t.Error("a name of odd characters is missing")
	}
	if problems, err := testutil.GatherAndLint(r); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestExamsAreBounded(t *testing.T) {
	s, r := newTable(t, 0)
	for i := range maxExams + 500 {
		state := session.Live
		if i == maxExams+499 {
			state = session.Dropped
		}
		s.put(fmt.Sprintf("s%05d", i), fmt.Sprintf("e%05d", i), state)
	}
	text := scrape(t, r)
	if n := len(series(text, "examlink_exam_sessions{")); n != maxExams*len(states)*len(session.Purposes()) {
		t.Errorf("%d series by exam, want %d", n, maxExams*len(states))
	}
	if !strings.Contains(text, fmt.Sprintf(`examlink_exam_sessions{exam="e%05d",purpose="watch",state="dropped"} 1`, maxExams+499)) {
		t.Error("the exam whose session is silent was left out")
	}
	if !strings.Contains(text, "\nexamlink_server_exams_without_series 500\n") {
		t.Error("how many were left out is not told")
	}
}

// Sessions are counted by how their rates compare with the minimum: a lower bound is
// sufficient to meet it, and the whole interval must be below it to miss it.
func TestRatesByExam(t *testing.T) {
	s, r := newTable(t, 10)
	put := func(id string, low, value, high *float64) *session.Sample {
		x := s.put(id, "e", session.Live)
		x.Up = session.RateOf(wire.TrainReport{Low: low, Rate: value, High: high}, noon)
		return x
	}
	put("low", number(300e3), number(340e3), number(379e3))
	put("near", number(370e3), number(383e3), number(395e3))
	put("good", number(385e3), number(400e3), number(415e3))
	put("bound", number(6e6), nil, nil)
	put("slow-train", number(200e3), nil, nil)
	put("nothing", nil, nil, nil)
	put("silent", number(6e6), nil, nil).State = session.Suspect
	put("tcp", number(300e3), number(340e3), number(370e3)).WebSocket = true
	put("checks", number(300e3), number(340e3), number(370e3)).Purpose = session.PurposeCheck
	s.put("new", "e", session.Live)
	want := func(minimum string, below, inconclusive, meets int) {
		t.Helper()
		text := scrape(t, r)
		for outcome, n := range map[string]int{"below": below, "inconclusive": inconclusive, "meets": meets, "unknown": 2} {
			line := fmt.Sprintf("\nexamlink_exam_rate_sessions{direction=\"up\",exam=\"e\",outcome=%q,purpose=\"watch\"} %d\n", outcome, n)
			if !strings.Contains(text, line) {
				t.Errorf("minimum %s: no line %s in\n%s", minimum, line, strings.Join(series(text, "examlink_exam_rate_sessions"), "\n"))
			}
		}
		if !strings.Contains(text, `examlink_exam_rate_sessions{direction="down",exam="e",outcome="unknown",purpose="watch"} 9`) {
			t.Errorf("no download is known\n%s", strings.Join(series(text, "examlink_exam_rate_sessions"), "\n"))
		}
	}
	want("0.384 Mbit/s", 1, 4, 2)
	outcomes := strings.Join(series(scrape(t, r), "examlink_session_upload_outcome"), "\n")
	for id, code := range map[string]int{"low": 0, "near": 1, "good": 2, "bound": 2, "slow-train": 1, "nothing": 1, "tcp": 1} {
		if line := fmt.Sprintf(`examlink_session_upload_outcome{exam="e",purpose="watch",session=%q} %d`, id, code); !strings.Contains(outcomes, line) {
			t.Errorf("no line %s in\n%s", line, outcomes)
		}
	}
	if strings.Contains(outcomes, "silent") || strings.Contains(outcomes, "new") {
		t.Errorf("what is not known has an outcome:\n%s", outcomes)
	}
	stricter := verdict.BuiltIn()[0]
	stricter.Minimum.Upload = stricter.Recommended.Upload
	s.settings.Policy = stricter
	want("1 Mbit/s", 3, 3, 1)
}

// Trains count by how they compare with the policy's bounds.
func TestRateTests(t *testing.T) {
	s, r := newTable(t, 0)
	read := func(purpose, transport string, low, value, high *float64) {
		s.metrics.handle(event.Event{Session: event.Session{Purpose: purpose, Transport: transport}, Payload: event.Reading{
			Report: wire.TrainReport{Low: low, Rate: value, High: high}, Measures: true,
		}}, s.settings.Policy)
	}
	read("watch", "udp", number(500e3), nil, nil) // a bound: meets the minimum, says nothing of the recommendation
	read("watch", "udp", number(300e3), number(340e3), number(370e3))
	read("watch", "websocket", number(300e3), number(340e3), number(370e3))
	read("check", "udp", number(6e6), nil, nil)
	text := scrape(t, r)
	for _, line := range []string{
		`{bound="minimum",direction="up",outcome="meets",purpose="watch"} 1`, `{bound="minimum",direction="up",outcome="below",purpose="watch"} 1`,
		`{bound="minimum",direction="up",outcome="inconclusive",purpose="watch"} 1`, `{bound="minimum",direction="up",outcome="meets",purpose="check"} 1`,
		`{bound="recommended",direction="up",outcome="inconclusive",purpose="watch"} 2`, `{bound="recommended",direction="up",outcome="below",purpose="watch"} 1`,
		`{bound="recommended",direction="up",outcome="meets",purpose="check"} 1`, `{bound="minimum",direction="down",outcome="meets",purpose="watch"} 0`,
	} {
		if !strings.Contains(text, "\nexamlink_server_rate_tests_total"+line+"\n") {
			t.Errorf("no %s in\n%s", line, strings.Join(series(text, "examlink_server_rate_tests_total"), "\n"))
		}
	}
}

func number(v float64) *float64 { return &v }

// BenchmarkScrape measures a scrape of 5,000 sessions, as text and as the
// protocol buffers that native histograms need.
func BenchmarkScrape(b *testing.B) {
	for _, most := range []int{0, 1000, 5000} {
		for name, accept := range map[string]string{
			"text":     "text/plain;version=0.0.4",
			"protobuf": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
		} {
			b.Run(fmt.Sprintf("shown=%d/%s", most, name), func(b *testing.B) {
				s, r := newTable(b, most)
				for i := range 5000 {
					busy(s.put(fmt.Sprintf("s%04d", i), fmt.Sprintf("exam-%d", i%7), states[i%len(states)]))
				}
				h := promhttp.HandlerFor(r, promhttp.HandlerOpts{})
				q := httptest.NewRequest(http.MethodGet, "/metrics", nil)
				q.Header.Set("Accept", accept)
				size := &counting{ResponseWriter: httptest.NewRecorder()}
				b.ReportAllocs()
				for b.Loop() {
					size.n = 0
					h.ServeHTTP(size, q)
				}
				b.ReportMetric(float64(size.n), "B/scrape")
			})
		}
	}
}

type counting struct {
	http.ResponseWriter
	n int
}

func (c *counting) Write(b []byte) (int, error) { c.n += len(b); return io.Discard.Write(b) }

// A check that was broken off is told from a watch, so that no rule pages a proctor
// for it, and it takes no watch's series.
func TestBrokenCheckIsNotSilent(t *testing.T) {
	s, r := newTable(t, 2)
	s.put("broken", "e", session.ExamRelevant).Purpose = session.PurposeCheck
	s.put("runs", "e", session.Live).Purpose = session.PurposeCheck
	s.put("watch", "e", session.Dropped).Purpose = session.PurposeWatch
	text := scrape(t, r)
	for _, line := range []string{
		`examlink_session_state{exam="e",purpose="check",session="broken"} 4`, `examlink_session_state{exam="e",purpose="watch",session="watch"} 3`,
		`examlink_exam_sessions{exam="e",purpose="watch",state="exam-relevant"} 0`, `examlink_exam_sessions{exam="e",purpose="watch",state="dropped"} 1`,
		`examlink_exam_sessions{exam="e",purpose="check",state="exam-relevant"} 1`, `examlink_server_sessions{purpose="check",state="live"} 1`,
		`examlink_server_sessions{purpose="watch",state="live"} 0`, `examlink_server_sessions_without_series 1`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s in\n%s", line, strings.Join(append(series(text, "examlink_session_state"), series(text, "examlink_exam_sessions")...), "\n"))
		}
	}
}
