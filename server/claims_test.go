package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
	"examlink/server"
)

// report sends a report and returns the answer.
func (c *caller) report(r wire.Report) wire.Message {
	c.t.Helper()
	if err := wire.WriteMessage(c.control, wire.Message{Type: wire.TypeReport, ID: r.Number + 100, Report: &r}); err != nil {
		c.t.Fatal(err)
	}
	_ = c.control.SetReadDeadline(time.Now().Add(10 * time.Second))
	m, err := wire.ReadMessage(c.control)
	if err != nil || m.ID != r.Number+100 {
		c.t.Fatalf("%+v, %v", m, err)
	}
	return m
}

func reportOf(n uint64, kind wire.ReportKind, contents any) wire.Report {
	b, err := json.Marshal(contents)
	if err != nil {
		panic(err)
	}
	return wire.Report{Origin: "me", Number: n, At: time.Now(), Kind: kind, Contents: b}
}

// A client's reports are claims: bounded, and a warning's later state replaces
// the earlier.
func TestClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		c := s.call(s.host("10.0.0.2:5000"), s.good("t"), "")
		if s.srv.Sessions()[0].Claims != nil {
			t.Error("claims before there was a report")
		}
		taken := func(r wire.Report) {
			t.Helper()
			if m := c.report(r); m.Type != wire.TypeReported || m.Reported.Number != r.Number {
				t.Errorf("%d: %+v", r.Number, m)
			}
		}
		w := warning.Warning{ID: 1, Kind: warning.Outage, Subject: "s", Start: time.Unix(1e9, 0), Raised: time.Unix(1e9, 0), Cause: "anything", Evidence: strings.Repeat("é", 400), Episodes: 1}
		taken(reportOf(1, wire.ReportWarning, w))
		w.Cause, w.Cleared = warning.CauseWiFi, time.Unix(1e9+9, 0)
		before := s.srv.Sessions()[0].Claims
		taken(reportOf(2, wire.ReportWarning, w))
		taken(reportOf(5, wire.ReportDropped, wire.Dropped{Minutes: 7}))
		for i := range uint64(9) {
			taken(reportOf(6+i, wire.ReportMinute, map[string]any{"n": i}))
		}
		taken(reportOf(14, wire.ReportMinute, map[string]any{"n": "again"})) // a repeat
		info := s.srv.Sessions()[0].Claims
		if info.Reports != 12 || info.Dropped.Minutes != 7 || len(info.Minutes) != 5 || string(info.Minutes[4]) != `{"n":8}` || info.Last.IsZero() {
			t.Errorf("%+v", info)
		}
		if len(info.Warnings) != 1 || info.Warnings[0].Cause != warning.CauseWiFi || info.Warnings[0].Active() || len(info.Warnings[0].Evidence) > 500 {
			t.Errorf("%+v", info.Warnings)
		}
		if x := before.Warnings[0]; x.Cause != warning.NotKnown || !x.Active() || before.Reports != 1 {
			t.Errorf("what was handed out has changed: %+v", before)
		}
		for i := range 30 {
			w.ID = 2 + i
			taken(reportOf(uint64(20+i), wire.ReportWarning, w))
		}
		if list := s.srv.Sessions()[0].Claims.Warnings; len(list) != 16 || list[15].ID != 31 {
			t.Errorf("%d warnings are kept", len(list))
		}

		for name, r := range map[string]wire.Report{
			"no number":          {Origin: "me", Kind: wire.ReportMinute, Contents: json.RawMessage("{}")},
			"no origin":          {Number: 99, Kind: wire.ReportMinute, Contents: json.RawMessage("{}")},
			"an origin too long": {Origin: strings.Repeat("a", 33), Number: 99, Kind: wire.ReportMinute, Contents: json.RawMessage("{}")},
			"an odd origin":      {Origin: "a/b", Number: 99, Kind: wire.ReportMinute, Contents: json.RawMessage("{}")},
			"an unknown kind":    {Origin: "me", Number: 99, Kind: "x", Contents: json.RawMessage("{}")},
			"no object":          {Origin: "me", Number: 99, Kind: wire.ReportMinute, Contents: json.RawMessage("7")},
			"no warning":         reportOf(99, wire.ReportWarning, 7),
			"an unknown warning": reportOf(99, wire.ReportWarning, warning.Warning{ID: 1, Kind: "cheating"}),
			"too much":           reportOf(99, wire.ReportMinute, map[string]string{"x": strings.Repeat("x", wire.MaxReport)}),
			"no count":           reportOf(99, wire.ReportDropped, -1),
		} {
			if m := c.report(r); m.Type != wire.TypeRefused || m.Refused.Reason != wire.RefusedRequest {
				t.Errorf("%s: %+v", name, m)
			}
		}
		taken(reportOf(99, wire.ReportMinute, struct{}{})) // refused reports consumed no number
	})
}

// A check has one verdict, counted once, with its findings.
func TestVerdictOfACheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		r := s.registry()
		c := s.call(s.host("10.0.0.2:5000"), s.good("t"), "")
		for name, g := range map[string]verdict.Summary{
			"no outcome":                {},
			"an unknown outcome":        {Outcome: "perfect"},
			"an unknown criterion":      {Outcome: verdict.NotReady, Missed: []verdict.Criterion{"colour"}},
			"one that was both":         {Outcome: verdict.NotReady, Missed: []verdict.Criterion{verdict.Upload}, Below: []verdict.Criterion{verdict.Upload}},
			"one that was missed twice": {Outcome: verdict.NotReady, Missed: []verdict.Criterion{verdict.Upload, verdict.Upload}},
		} {
			if m := c.report(reportOf(1, wire.ReportVerdict, g)); m.Type != wire.TypeRefused || m.Refused.Reason != wire.RefusedRequest {
				t.Errorf("%s: %+v", name, m)
			}
		}
		told := verdict.Summary{
			Outcome: verdict.NotReady, Policy: strings.Repeat("p", 99), Missed: []verdict.Criterion{verdict.Upload},
			Unclear: []verdict.Criterion{verdict.LossUp}, Below: []verdict.Criterion{verdict.Download, verdict.UDP},
		}
		for i, g := range []verdict.Summary{told, told, {Outcome: verdict.Ready}} {
			if m := c.report(reportOf(uint64(1+i), wire.ReportVerdict, g)); m.Type != wire.TypeReported {
				t.Errorf("%+v", m)
			}
		}
		info := s.srv.Sessions()[0]
		if v := info.Claims.Verdict; v == nil || v.Outcome != verdict.NotReady || len(v.Policy) != 64 {
			t.Errorf("%+v", v)
		}
		if v := info.Judged; v == nil || v.Outcome != verdict.Inconclusive || v.Policy != "default" {
			t.Errorf("a verdict by another policy than the exam's: %+v", v)
		}
		counted := map[string]float64{}
		for name, v := range values(t, r) {
			if strings.Contains(name, "_verdict") && v > 0 {
				counted[name] = v
			}
		}
		if want := map[string]float64{
			"examlink_server_verdicts_total not ready":                          1,
			"examlink_server_verdicts_overruled_total":                          1,
			"examlink_server_verdict_criteria_total upload missed":              1,
			"examlink_server_verdict_criteria_total loss-up unclear":            1,
			"examlink_server_verdict_criteria_total download below-recommended": 1,
			"examlink_server_verdict_criteria_total udp below-recommended":      1,
		}; !maps.Equal(counted, want) {
			t.Errorf("%v, want %v", counted, want)
		}
	})
}

// A repeat is recognized over another connection and in another session, but
// not under another token.
func TestRepeatsAcrossSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		r := s.registry()
		token := s.good("t")
		s.call(s.host("10.0.0.2:5000"), token, "").report(reportOf(1, wire.ReportMinute, struct{}{}))
		s.call(s.host("10.0.0.3:5000"), token, "").report(reportOf(1, wire.ReportMinute, struct{}{}))
		s.call(s.host("10.0.0.4:5000"), s.good("other"), "").report(reportOf(1, wire.ReportMinute, struct{}{}))
		families, err := r.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if c := m.GetCounter(); c != nil && strings.Contains(f.GetName(), "reports") {
					got[fmt.Sprint(f.GetName(), m.GetLabel())] = c.GetValue()
				}
			}
		}
		sum := 0.0
		for name, v := range got {
			if strings.Contains(name, "reports_total") {
				sum += v
			}
		}
		if sum != 2 || got["examlink_server_reports_repeated_total[]"] != 1 {
			t.Errorf("%v", got)
		}
	})
}

func TestReportsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		c := s.call(s.host("10.0.0.2:5000"), s.good("t"), "")
		n := uint64(0)
		burst := func(times int) (refused int) {
			for range times {
				if err := wire.WriteMessage(c.control, wire.Message{Type: wire.TypeReport, ID: 7, Report: ptr(reportOf(n+1, wire.ReportMinute, struct{}{}))}); err != nil {
					t.Fatal(err)
				}
				n++
			}
			for range times {
				m, err := wire.ReadMessage(c.control)
				if err != nil {
					t.Fatal(err)
				}
				if m.Type == wire.TypeRefused {
					if m.Refused.Reason != wire.RefusedLimit {
						t.Errorf("%+v", m.Refused)
					}
					refused++
				}
			}
			return refused
		}
		if got := burst(150); got < 40 || got > 50 {
			t.Errorf("%d of 150 refused, want about 50", got)
		}
		time.Sleep(time.Minute)
		_ = c.control.SetReadDeadline(time.Time{})
		if got := burst(50); got != 0 {
			t.Errorf("%d refused a minute later", got)
		}
	})
}

func ptr[T any](v T) *T { return &v }
