package server

import (
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"examlink/probe/exporter/naming"
	"examlink/probe/record"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

// stopped is a clock that stands still.
type stopped struct{ time.Time }

func (c stopped) Now() time.Duration               { return time.Hour }
func (c stopped) Wall() time.Time                  { return c.Time }
func (c stopped) Awake() (d time.Duration, _ bool) { return 0, false }

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// table is a server at noon that nobody talks to, for sessions put in by hand.
func table(tb testing.TB, series int) (*Server, *prometheus.Registry) {
	tb.Helper()
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = pc.Close() })
	pub, _, _ := ed25519.GenerateKey(nil)
	s, err := New(Options{
		Conn: pc, TLS: &tls.Config{Certificates: []tls.Certificate{{}}}, TokenKey: pub, Clock: stopped{noon}, SessionSeries: series,
	})
	if err != nil {
		tb.Fatal(err)
	}
	r := prometheus.NewRegistry()
	if err := s.Register(r); err != nil {
		tb.Fatal(err)
	}
	return s, r
}

// put adds a session that was opened half an hour ago.
func (s *Server) put(id, exam string, state State) *session {
	ss := &session{id: id, exam: exam, state: state, opened: noon.Add(-30 * time.Minute), lastSeen: time.Hour}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[id] = ss
	return ss
}

// busy gives a session everything there can be to show.
func (s *Server) busy(ss *session) {
	up, down, low, trip, variation := 384e3, 1.2e6, 350e3, 0.045, 0.012
	ss.heard, ss.lastSeen, ss.earlier = true, time.Hour-1500*time.Millisecond, 18000
	ss.rateUp = s.read(wire.Up, wire.TrainReport{Rate: &up, Low: &low})
	ss.awaited = &wire.TrainRequest{Train: 7, PrimeBytes: 1, MaxBytes: 2}
	s.claimRate(ss, wire.TrainReport{Train: 7, Rate: &down, Low: &up})
	ss.claims.Reports = 2
	ss.claims.Warnings = []warning.Warning{{Kind: warning.Delay}, {Kind: warning.Loss, Cleared: noon}}
	b, err := json.Marshal(record.Minute{
		Sent: 600, Received: 570, LostUp: 12, LostDown: 6, LostUnknown: 12, RoundTrip: &trip, PDVUp: &variation, PDVDown: &trip,
	})
	if err != nil {
		panic(err)
	}
	ss.claims.figures = figuresOf(b, noon.Add(-20*time.Second))
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

// series are the lines of a scrape whose metrics begin with a name.
func series(text, name string) (out []string) {
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, name) {
			out = append(out, line)
		}
	}
	return out
}

func TestMetricsOfSessions(t *testing.T) {
	s, r := table(t, 4)
	s.busy(s.put("b-busy", "msds-5001", StateLive))
	s.put("c-new", "msds-5001", StateConnected)
	s.put("a-live", "msds-5001", StateLive) // of two that are well, the one with the lower id is shown
	silent := s.put("d-silent", "msds-5002", StateExamRelevant)
	silent.heard, silent.lastSeen = true, time.Hour-40*time.Second
	s.put("e-left-out", "msds-5002", StateLive)
	s.put("f-gone", "msds-5003", StateEnded)
	got := scrape(t, r)
	naming.Golden(t, filepath.Join("testdata", "metrics.txt"), got, *update)
	strict := prometheus.NewPedanticRegistry()
	if err := s.Register(strict); err != nil {
		t.Fatal(err)
	}
	naming.Lint(t, strict)
}

// The cap holds, leaves out those that are well, and always the same ones; and
// with the sessions their series are gone.
func TestSeriesOf5000Sessions(t *testing.T) {
	const sessions, most = 5000, 1000
	s, r := table(t, most)
	for i := range sessions {
		state := StateLive
		if i >= sessions-700 { // by their ids the last ones
			state = states[2+i%3]
		}
		s.busy(s.put(fmt.Sprintf("s%04d", i), fmt.Sprintf("exam-%d", i%7), state))
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
		if !strings.Contains(text, fmt.Sprintf(`examlink_session_state{exam="exam-%d",session="s%04d"}`, i%7, i)) {
			t.Errorf("s%04d, which is silent, was left out for one that is well", i)
		}
	}
	if !strings.Contains(text, `session="s0299"`) || strings.Contains(text, `session="s0300"`) {
		t.Error("of those that are well, want the first 300 by their ids")
	}
	for _, want := range []string{
		"examlink_server_session_series_limit 1000", "examlink_server_sessions_without_series 4000", `examlink_server_sessions{state="live"} 4300`,
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
	for _, ss := range s.snapshot() {
		ss.end(nil, EndSilent)
		s.forget(ss)
	}
	text = scrape(t, r)
	if left := append(series(text, "examlink_session_"), series(text, "examlink_exam_")...); len(left) > 0 {
		t.Errorf("%d series are left after all sessions ended, such as %s", len(left), left[0])
	}
	if !strings.Contains(text, "\nexamlink_server_sessions_without_series 0\n") {
		t.Error("sessions that ended count as left out")
	}
}

func TestNoSeriesOfSessionsWhenNoneAreWanted(t *testing.T) {
	s, r := table(t, 0)
	s.busy(s.put("s", "e", StateLive))
	text := scrape(t, r)
	if got := series(text, "examlink_session_"); len(got) > 0 {
		t.Errorf("%q", got)
	}
	if len(series(text, "examlink_exam_sessions")) == 0 || !strings.Contains(text, "\nexamlink_server_sessions_without_series 1\n") {
		t.Error("the session is not counted")
	}
}

// An operator names exams as they like, and scrapes go on.
func TestExamNames(t *testing.T) {
	s, r := table(t, 10)
	for i, exam := range []string{"a\"b\\c\nd}{,=", "Prüfung 数学", "\xff", "\xfe", strings.Repeat("é", 300), " ", "__name__"} {
		s.put(fmt.Sprint(i), exam, StateLive)
	}
	text := scrape(t, r)
	if got := series(text, "examlink_session_state{"); len(got) != 7 {
		t.Errorf("%d sessions, want 7:\n%s", len(got), strings.Join(got, "\n"))
	}
	// What cannot be told apart once it is fit for a label is counted together.
	if !strings.Contains(text, "examlink_exam_sessions{exam=\"\uFFFD\",state=\"live\"} 2\n") {
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
	s, r := table(t, 0)
	for i := range maxExams + 500 {
		state := StateLive
		if i == maxExams+499 {
			state = StateDropped
		}
		s.put(fmt.Sprintf("s%05d", i), fmt.Sprintf("e%05d", i), state)
	}
	text := scrape(t, r)
	if n := len(series(text, "examlink_exam_sessions{")); n != maxExams*len(states) {
		t.Errorf("%d series by exam, want %d", n, maxExams*len(states))
	}
	if !strings.Contains(text, fmt.Sprintf(`examlink_exam_sessions{exam="e%05d",state="dropped"} 1`, maxExams+499)) {
		t.Error("the exam whose session is silent was left out")
	}
	if !strings.Contains(text, "\nexamlink_server_exams_without_series 500\n") {
		t.Error("how many were left out is not told")
	}
}

// Whoever is below the policy's minimum is counted by exam; who is only not
// known to be above is not.
func TestBelowMinimumByExam(t *testing.T) {
	s, r := table(t, 0)
	for i, v := range []*float64{number(383e3), number(384e3), number(1e6), nil} {
		s.put(fmt.Sprint(i), "e", StateLive).rateUp = reading{at: noon, rate: believed(v)}
	}
	line := func(d string) string {
		return strings.Join(series(scrape(t, r), `examlink_exam_below_minimum_sessions{direction="`+d+`",exam="e"}`), "")
	}
	if got := line("up"); !strings.HasSuffix(got, " 1") {
		t.Errorf("%q, want 1", got)
	}
	if got := line("down"); !strings.HasSuffix(got, " 0") {
		t.Errorf("%q, want 0", got)
	}
	stricter := verdict.BuiltIn()[0]
	stricter.Minimum.Upload = stricter.Recommended.Upload
	if err := s.Change(Settings{Policy: stricter}); err != nil {
		t.Fatal(err)
	}
	if got := line("up"); !strings.HasSuffix(got, " 2") {
		t.Errorf("%q by a stricter policy, want 2", got)
	}
}

func number(v float64) *float64 { return &v }

// BenchmarkScrape is what a scrape of 5,000 sessions costs, as text and as the
// protocol buffers that native histograms need.
func BenchmarkScrape(b *testing.B) {
	for _, most := range []int{0, 1000, 5000} {
		for name, accept := range map[string]string{
			"text":     "text/plain;version=0.0.4",
			"protobuf": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
		} {
			b.Run(fmt.Sprintf("shown=%d/%s", most, name), func(b *testing.B) {
				s, r := table(b, most)
				for i := range 5000 {
					s.busy(s.put(fmt.Sprintf("s%04d", i), fmt.Sprintf("exam-%d", i%7), states[i%len(states)]))
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
