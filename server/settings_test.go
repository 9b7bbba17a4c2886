package server_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/session"
)

// values returns a registry's gauges and counters by name and labels.
func values(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			key := f.GetName()
			for _, l := range m.GetLabel() {
				if l.GetName() != "session" { // drawn at random
					key += " " + l.GetValue()
				}
			}
			switch {
			case m.GetGauge() != nil:
				out[key] = m.GetGauge().GetValue()
			case m.GetCounter() != nil:
				out[key] = m.GetCounter().GetValue()
			}
		}
	}
	return out
}

// A session's series appear, change and disappear with it.
func TestSeriesOfASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		if err := s.srv.Reload(server.Settings{SessionSeries: 10}); err != nil {
			t.Fatal(err)
		}
		r := prometheus.NewPedanticRegistry()
		if err := s.srv.Register(r); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		host, token := s.host("10.0.0.2:5000"), s.good("t")
		c := s.call(host, token, "")
		got := values(t, r)
		if v, ok := got["examlink_session_state e1 watch"]; !ok || v != 0 {
			t.Errorf("state %v, %v, want 0: connected", v, ok)
		}
		if v, ok := got["examlink_session_last_packet_timestamp_seconds e1 watch"]; ok {
			t.Errorf("a last packet at %v before there was one", v)
		}
		if v, ok := got["examlink_session_warnings e1 watch"]; ok {
			t.Errorf("%v warnings before there was a report", v)
		}
		c.send(c.seal(1, 64))
		c.answers()
		c.report(reportOf(1, wire.ReportMinute, map[string]any{"sent": 600, "lost_up": 6, "round_trip_delay_median": 0.02}))
		sent := time.Now()
		time.Sleep(5 * time.Second)
		got = values(t, r)
		for name, want := range map[string]float64{
			"examlink_session_state e1 watch": 3, "examlink_session_probes_received_total e1 watch": 1, "examlink_session_transport_websocket e1 watch": 0,
			"examlink_session_warnings e1 watch": 0, "examlink_session_claimed_loss_up_ratio e1 watch": 0.01, "examlink_session_claimed_round_trip_delay_seconds e1 watch": 0.02,
			"examlink_exam_sessions e1 watch dropped": 1, "examlink_server_sessions_without_series": 0,
		} {
			if v, ok := got[name]; !ok || v != want {
				t.Errorf("%s is %v, %v, want %v", name, v, ok, want)
			}
		}
		for name, from := range map[string]time.Time{"examlink_session_start_timestamp_seconds e1 watch": began, "examlink_session_claimed_timestamp_seconds e1 watch": sent, "examlink_session_last_packet_timestamp_seconds e1 watch": sent.Add(-200 * ms)} {
			at := time.UnixMilli(int64(got[name]*1000 + 0.5))
			if d := at.Sub(from).Abs(); d > 250*ms {
				t.Errorf("%s is %v, want about %v", name, at, from)
			}
		}

		// The count continues over another connection.
		c = s.call(s.host("10.0.0.3:5000"), token, c.welcome.Resume)
		c.send(c.seal(1, 64))
		c.answers()
		if got = values(t, r); got["examlink_session_probes_received_total e1 watch"] != 2 {
			t.Errorf("%v probes over two connections, want 2", got["examlink_session_probes_received_total e1 watch"])
		}
		if err := wire.WriteMessage(c.control, wire.Message{Type: wire.TypeBye, Bye: &wire.Bye{}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for name := range values(t, r) {
			if strings.HasPrefix(name, "examlink_session_") || strings.HasPrefix(name, "examlink_exam_") {
				t.Errorf("%s is left", name)
			}
		}
	})
}

// Settings change at run time; invalid ones change nothing.
func TestChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		r := s.registry()
		first := s.call(s.host("10.0.0.2:5000"), s.good("a"), "")
		policy := verdict.BuiltIn()[1]
		to := server.Settings{
			Limits: server.Limits{Sessions: 1, ProbeRate: 50}, Policy: policy, SessionSeries: 7,
			Silence: server.Silence{Suspect: time.Minute, Dropped: time.Hour, ExamRelevant: 2 * time.Hour, Forget: 3 * time.Hour},
		}
		for what, spoil := range map[string]func(*server.Settings){
			"silence out of order":   func(n *server.Settings) { n.Silence.Dropped = time.Second },
			"fewer than none":        func(n *server.Settings) { n.SessionSeries = -1 },
			"a policy without rates": func(n *server.Settings) { n.Policy.Minimum = verdict.Bounds{} },
		} {
			bad := to
			spoil(&bad)
			if err := s.srv.Reload(bad); err == nil {
				t.Errorf("%s was put in force", what)
			}
		}
		if got := values(t, r)["examlink_server_session_series_limit"]; got != 0 {
			t.Errorf("a limit of %v came into force with what was wrong", got)
		}
		if err := s.srv.Reload(to); err != nil {
			t.Fatal(err)
		}
		got := values(t, r)
		if got["examlink_server_session_series_limit"] != 7 || got["examlink_server_policy_info proctoru-2020 1"] != 1 || got["examlink_server_minimum_rate_bytes_per_second down"] != 125000 {
			t.Errorf("%v", got)
		}
		if c := s.call(s.host("10.0.0.3:5000"), s.good("b"), ""); c.refused == nil || c.refused.Reason != wire.RefusedFull {
			t.Errorf("a second session: %+v, want it refused", c.refused)
		}
		first.send(first.seal(1, 64))
		if len(first.answers()) != 1 {
			t.Error("the session there was does not go on")
		}
		time.Sleep(30 * time.Second)
		if state := s.srv.Sessions()[0].State; state != session.Live {
			t.Errorf("%s after 30 s of silence, want it live for a minute", state)
		}
		to.Limits.Sessions = 2
		if err := s.srv.Reload(to); err != nil {
			t.Fatal(err)
		}
		if c := s.call(s.host("10.0.0.4:5000"), s.good("c"), ""); c.refused != nil {
			t.Errorf("refused: %+v", c.refused)
		} else if c.welcome.Grant.ProbeRate != 50 {
			t.Errorf("granted %v probes a second, want the 50 in force", c.welcome.Grant.ProbeRate)
		}
	})
}
