package delivery

import (
	"net/http"
	"testing"

	"examlink/server/alert"
)

func TestWants(t *testing.T) {
	recovered := func(was alert.Kind) alert.Notice {
		return alert.Notice{Kind: alert.Recovered, State: alert.Cleared, Was: was, Exam: "e1"}
	}
	ended := func(was alert.Kind) alert.Notice {
		return alert.Notice{Kind: alert.Ended, State: alert.Cleared, Was: was, Exam: "e1", End: "silent"}
	}
	example := []alert.Kind{alert.Dropped, alert.ExamRelevant, alert.BelowMinimum, alert.Recovered, alert.Incident} // as in config.yaml
	for _, c := range []struct {
		name  string
		exams []string
		kinds []alert.Kind
		n     alert.Notice
		want  bool
	}{
		{"all", nil, nil, alert.Notice{Kind: alert.Suspect, Exam: "e1"}, true},
		{"its exam", []string{"e1"}, nil, alert.Notice{Kind: alert.Suspect, Exam: "e1"}, true},
		{"another exam", []string{"e2"}, nil, alert.Notice{Kind: alert.Suspect, Exam: "e1"}, false},
		{"incident of the server with its exam", []string{"e2"}, nil, alert.Notice{Kind: alert.Incident, Counts: &alert.IncidentCounts{Exams: []string{"e1", "e2"}}}, true},
		{"incident without its exam", []string{"e3"}, nil, alert.Notice{Kind: alert.Incident, Counts: &alert.IncidentCounts{Exams: []string{"e1", "e2"}}}, false},
		{"its kind", nil, []alert.Kind{alert.Dropped}, alert.Notice{Kind: alert.Dropped}, true},
		{"another kind", nil, []alert.Kind{alert.Dropped}, alert.Notice{Kind: alert.Suspect}, false},
		{"recovered after a notice", nil, []alert.Kind{alert.Dropped, alert.Recovered}, recovered(alert.ExamRelevant), true},
		{"recovered without a notice", nil, []alert.Kind{alert.Dropped, alert.Recovered}, recovered(alert.Suspect), false},
		{"recovered rate without a notice", nil, []alert.Kind{alert.Dropped, alert.Recovered}, recovered(alert.BelowMinimum), false},
		{"recovered rate", nil, []alert.Kind{alert.BelowMinimum, alert.Recovered}, recovered(alert.BelowMinimum), true},
		{"recovered not wanted", nil, []alert.Kind{alert.Dropped}, recovered(alert.Dropped), false},
		{"ended", nil, nil, ended(""), true},
		{"ended, its kind", nil, []alert.Kind{alert.Ended}, ended(""), true},
		{"ended, its kind, without a notice", nil, []alert.Kind{alert.Ended}, ended(alert.Dropped), true},
		{"ended after a notice", nil, example, ended(alert.Dropped), true},
		{"ended after a notice of an earlier stage", nil, []alert.Kind{alert.Dropped, alert.Recovered}, ended(alert.ExamRelevant), true},
		{"ended after a low rate", nil, example, ended(alert.BelowMinimum), true},
		{"ended without a notice", nil, example, ended(alert.Suspect), false},
		{"ended without a warning", nil, example, ended(""), false},
		{"ended, recovered not wanted", nil, []alert.Kind{alert.Dropped}, ended(alert.Dropped), false},
		{"ended, another exam", []string{"e2"}, example, ended(alert.Dropped), false},
	} {
		if got := (Webhook{Exams: c.exams, Kinds: c.kinds}).wants(c.n); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://a.example/h", "http://localhost:1/", "http://[::1]:80/x?y=z", "http://10.0.0.1/", "https://u:p@h/", "https://[fe80::1%25eth0]/", "//x", "https:h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if CheckURL(s) != nil {
			return
		}
		req, err := http.NewRequest(http.MethodPost, s, nil)
		if err != nil {
			t.Fatalf("%q is accepted, but makes no request: %v", s, err)
		}
		if req.URL.Scheme != "https" && !loopback(req.URL.Hostname()) {
			t.Errorf("%q is accepted", s)
		}
		if CheckAlertmanagerURL(s) == nil && (req.URL.RawQuery != "" || req.URL.Fragment != "") {
			t.Errorf("%q is accepted for an Alertmanager", s)
		}
	})
}
