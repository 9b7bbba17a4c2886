package delivery

import (
	"cmp"
	"errors"
	"maps"
	"net/url"
	"strings"
	"time"

	"examlink/server/alert"
)

const (
	// DefaultResend is the time between two pushes of all active alerts; chosen by
	// us.
	DefaultResend = time.Minute

	// AlertmanagerName is the receiver's name in metrics.
	AlertmanagerName = "alertmanager"
)

// Alertmanager configures the push of alerts, by version 2 of Alertmanager's API.
type Alertmanager struct {
	URLs         []string      `mapstructure:"urls" is:"URL" doc:"Every member of a cluster, such as http://alertmanager:9093."`
	Username     string        `mapstructure:"username" doc:"The name for HTTP basic authentication. Empty: none."`
	Password     string        `mapstructure:"password" secret:"true" doc:"The password itself, instead of password_file."`
	Resend       time.Duration `mapstructure:"resend" default:"1m" min:"1s" max:"1h" doc:"Active alerts are resent at this interval. An alert that is not resent for four intervals ends by itself."`
	Timeout      time.Duration `mapstructure:"timeout" default:"10s" min:"100ms" max:"1m" doc:"Time-out of one request."`
	GeneratorURL string        `mapstructure:"generator_url" is:"URL or empty" doc:"A page for people that alerts link to."`
	Runbooks     string        `mapstructure:"runbooks" is:"URL or empty" doc:"Where docs/runbooks is, for the alerts' runbook_url, such as https://git.example.edu/examlink/docs/runbooks. Empty: a relative link."`
	Dashboards   string        `mapstructure:"dashboards" is:"URL or empty" doc:"Your Grafana, for the alerts' dashboard_url, such as https://grafana.example.edu. Empty: a relative link."`
}

// CheckAlertmanagerURL returns what is wrong with an Alertmanager's address. Plain
// http is allowed, since alerts name no student.
func CheckAlertmanagerURL(raw string) error {
	u, err := parseURL(raw)
	switch {
	case err != nil:
		return err
	case u.RawQuery != "":
		return errors.New("a query, expected none")
	case u.User != nil:
		return errors.New("a name or password, expected in username and password_file")
	}
	return nil
}

// amAlert is an alert as the API defines it.
type amAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// alertNames are the names of alerts by kind.
var alertNames = map[alert.Kind]string{
	alert.Suspect: "ExamlinkSessionSuspect", alert.Dropped: "ExamlinkSessionDropped", alert.ExamRelevant: "ExamlinkSessionExamRelevant",
	alert.BelowMinimum: "ExamlinkSessionBelowMinimum", alert.Incident: "ExamlinkIncidentOnOurSide",
	alert.NeverConnected: "ExamlinkStudentsNeverConnected",
}

// alertName names the alert of a notice. Incidents of rates and of silence have
// different names, so that rules can inhibit different alerts by them.
func alertName(n alert.Notice) string {
	if n.Kind == alert.Incident && n.Direction != "" {
		return "ExamlinkIncidentBelowMinimum"
	}
	return alertNames[n.Kind]
}

// labelsOf returns the labels of a notice's alert for one exam.
func labelsOf(n alert.Notice, exam string) map[string]string {
	labels := map[string]string{
		"alertname": alertName(n), "exam": exam, "session": n.Session, "severity": n.Severity, "audience": "proctor", "direction": n.Direction,
	}
	maps.DeleteFunc(labels, func(_, v string) bool { return v == "" })
	return labels
}

// annotations describe the alert of a notice for one exam, without the student. They
// lead to the same pages as those of Prometheus' rules.
func (a Alertmanager) annotations(n alert.Notice, exam string) map[string]string {
	text := n.WithoutStudent().Sentence
	summary, _, _ := strings.Cut(text, ". ")
	runbooks := strings.TrimSuffix(cmp.Or(a.Runbooks, "docs/runbooks"), "/")
	page := "/d/examlink-exam?var-exam=" + url.QueryEscape(exam)
	if n.Session != "" {
		page = "/d/examlink-session?var-exam=" + url.QueryEscape(exam) + "&var-session=" + url.QueryEscape(n.Session)
	}
	return map[string]string{
		"summary": strings.TrimSuffix(summary, ".") + ".", "description": text,
		"runbook_url": runbooks + "/" + alertName(n) + ".md", "dashboard_url": strings.TrimSuffix(a.Dashboards, "/") + page,
	}
}
