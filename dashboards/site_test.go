package dashboards_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"examlink/probe/ippm"
	"examlink/server/alert"
	"examlink/server/delivery"
)

// site is a server as its metrics show it, with a real notifier.
type site struct {
	address  string
	notifier *delivery.Notifier

	mu       sync.Mutex
	sessions map[string]*sitting // by id
}

// sitting is a session of a site.
type sitting struct {
	exam  string
	state int  // as in examlink_session_state
	slow  bool // the upload rate is below the minimum
}

// newSite starts a server whose notifier pushes to Alertmanagers.
func newSite(t *testing.T, alertmanagers ...string) *site {
	t.Helper()
	n, err := delivery.New(delivery.Options{
		Incident: alert.IncidentRule{Sessions: 3, Share: .3, Window: 10 * time.Second}, MinimumUp: 384e3, MinimumDown: 768e3,
		Alertmanager: delivery.Alertmanager{URLs: alertmanagers, Resend: time.Minute / faster},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := prometheus.NewRegistry()
	if err := n.Register(r); err != nil {
		t.Fatal(err)
	}
	s := &site{notifier: n, sessions: map[string]*sitting{}}
	own := promhttp.HandlerFor(r, promhttp.HandlerOpts{DisableCompression: true})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req.Header.Set("Accept", "text/plain;version=0.0.4")
		own.ServeHTTP(w, req)
		s.metrics(w)
	}))
	t.Cleanup(web.Close)
	s.address = strings.TrimPrefix(web.URL, "http://")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// metrics writes the sessions' metrics.
func (s *site) metrics(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := []string{"connected", "live", "suspect", "dropped", "exam-relevant"}
	all, exams, below := map[string]int{}, map[string]map[string]int{}, map[string]int{}
	fmt.Fprintln(w, `examlink_server_minimum_rate_bytes_per_second{direction="up"} 48000`)
	for id, x := range s.sessions {
		labels := fmt.Sprintf("{exam=%q,purpose=\"watch\",session=%q}", x.exam, id)
		fmt.Fprintf(w, "examlink_session_state%s %d\n", labels, x.state)
		if exams[x.exam] == nil {
			exams[x.exam] = map[string]int{}
		}
		exams[x.exam][states[x.state]]++
		all[states[x.state]]++
		outcome, lower := 2, 480000
		if x.slow {
			outcome, lower = 0, 30000
			below[x.exam]++
			fmt.Fprintf(w, "examlink_session_upload_bytes_per_second%s 31000\n", labels)
		}
		fmt.Fprintf(w, "examlink_session_upload_lower_bound_bytes_per_second%s %d\n", labels, lower)
		if x.state < 2 {
			fmt.Fprintf(w, "examlink_session_upload_outcome%s %d\n", labels, outcome)
		}
	}
	for _, state := range states {
		fmt.Fprintf(w, "examlink_server_sessions{purpose=\"watch\",state=%q} %d\n", state, all[state])
		for exam := range exams {
			fmt.Fprintf(w, "examlink_exam_sessions{exam=%q,purpose=\"watch\",state=%q} %d\n", exam, state, exams[exam][state])
		}
	}
	for exam := range exams {
		fmt.Fprintf(w, "examlink_exam_rate_sessions{direction=\"up\",exam=%q,outcome=\"below\",purpose=\"watch\"} %d\n", exam, below[exam])
	}
}

// add opens sessions of an exam.
func (s *site) add(exam string, n int) (ids []string) {
	for i := range n {
		id := fmt.Sprintf("%s-%d", exam, i)
		ids = append(ids, id)
		s.mu.Lock()
		s.sessions[id] = &sitting{exam: exam, state: 1}
		s.mu.Unlock()
		s.notifier.State(alert.Session{Session: id, Exam: exam, State: "live", At: time.Now(), LastPacket: time.Now(), Transport: "udp"})
	}
	return ids
}

// silence has sessions pass through the stages of a silence.
func (s *site) silence(ids []string, through ...string) {
	for _, state := range through {
		for _, id := range ids {
			s.mu.Lock()
			x := s.sessions[id]
			x.state = slices.Index([]string{"connected", "live", "suspect", "dropped", "exam-relevant"}, state)
			s.mu.Unlock()
			s.notifier.State(alert.Session{Session: id, Exam: x.exam, State: state, At: time.Now(), LastPacket: time.Now().Add(-time.Second), Transport: "udp"})
		}
	}
}

// rate has sessions measure a rate up, in bit/s, as often as raises or clears a warning.
func (s *site) rate(ids []string, bits float64) {
	low, high := bits*.97, bits*1.03
	for _, id := range ids {
		s.mu.Lock()
		x := s.sessions[id]
		x.slow = bits < 384e3
		s.mu.Unlock()
		for range 3 {
			s.notifier.Reading(alert.Session{Session: id, Exam: x.exam, State: "live", At: time.Now(), LastPacket: time.Now(), Transport: "udp"},
				alert.Reading{Interval: ippm.Interval{Value: &bits, Low: &low, High: &high}, Direction: "up", Packets: 40})
		}
	}
}
