package delivery

import (
	"errors"
	"maps"
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

// annotations describe the alert of a notice, without the student.
func annotations(n alert.Notice) map[string]string {
	text := n.WithoutStudent().Sentence
	summary, _, _ := strings.Cut(text, ". ")
	return map[string]string{"summary": strings.TrimSuffix(summary, ".") + ".", "description": text}
}
