package delivery

import (
	"errors"
	"strings"
	"time"

	"examlink/server/alert"
)

// Chosen by us.
const (
	DefaultResend = time.Minute

	// AlertmanagerName is the receiver's name in metrics.
	AlertmanagerName = "alertmanager"
)

// Alertmanager says where alerts are pushed to, by version 2 of its API.
type Alertmanager struct {
	URLs         []string      // each member of a cluster, as http://alertmanager:9093
	Resend       time.Duration // 0 is DefaultResend
	Timeout      time.Duration // of one request; 0 is DefaultTimeout
	GeneratorURL string        // a page for people, if there is one
}

// CheckAlertmanagerURL says what is wrong with an Alertmanager's address. It may
// be http: no student is named in what is pushed.
func CheckAlertmanagerURL(raw string) error {
	u, err := parseURL(raw)
	if err == nil && u.RawQuery != "" {
		err = errors.New("a query, expected none")
	}
	return err
}

// amAlert is an alert in the form of the API.
type amAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// alertNames are the alerts' names by kind.
var alertNames = map[alert.Kind]string{
	alert.Suspect: "ExamlinkSessionSuspect", alert.Dropped: "ExamlinkSessionDropped", alert.ExamRelevant: "ExamlinkSessionExamRelevant",
	alert.BelowMinimum: "ExamlinkSessionBelowMinimum", alert.Incident: "ExamlinkIncidentOnOurSide",
}

// alertName is the notice's. An incident of rates has one of its own, so that
// rules can hold back others than an incident of silence does.
func alertName(n alert.Notice) string {
	if n.Kind == alert.Incident && n.Direction != "" {
		return "ExamlinkIncidentBelowMinimum"
	}
	return alertNames[n.Kind]
}

// annotations say what an alert is about, without the student.
func annotations(n alert.Notice) map[string]string {
	text := n.WithoutStudent().Sentence
	summary, _, _ := strings.Cut(text, ". ")
	return map[string]string{"summary": strings.TrimSuffix(summary, ".") + ".", "description": text}
}
