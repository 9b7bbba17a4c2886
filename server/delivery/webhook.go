package delivery

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"examlink/server/alert"
)

const secretPrefix = "whsec_" // the Standard Webhooks specification's

// Webhook is one receiver of notices.
type Webhook struct {
	Name    string        `mapstructure:"name" example:"proctors" doc:"Unique, of small letters, digits and hyphens."` // in metrics, logs and the queue's file
	URL     string        `mapstructure:"url" is:"https URL or empty" example:"https://proctors.example.edu/examlink" doc:"https, or http to this computer: alerts contain students' pseudonyms."`
	Secret  string        `mapstructure:"secret" secret:"true" is:"secret or empty" doc:"The secret itself, instead of secret_file."`
	Exams   []string      `mapstructure:"exams" example:"[msds-5001]" doc:"Only these exams. Empty: all."`
	Kinds   []alert.Kind  `mapstructure:"kinds" is:"kind" example:"[dropped, exam-relevant, below-minimum, recovered, incident]" doc:"Only these kinds, out of {kinds}. Empty: all."`
	Timeout time.Duration `mapstructure:"timeout" default:"10s" min:"100ms" max:"1m" example:"10s" doc:"Time-out of one attempt."`
}

// Check returns what is wrong with the webhook. Its errors never contain the
// secret.
func (w Webhook) Check() error {
	if !ReceiverName.MatchString(w.Name) || w.Name == AlertmanagerName {
		return fmt.Errorf("webhook %q: expected a name of lower-case letters, digits and hyphens other than %s", w.Name, AlertmanagerName)
	}
	err := CheckURL(w.URL)
	if err == nil {
		err = CheckSecret(w.Secret)
	}
	if err != nil {
		return fmt.Errorf("webhook %s: %w", w.Name, err)
	}
	return nil
}

// CheckURL returns what is wrong with the address of a webhook. Pseudonyms of
// students, and what happens to them, do not cross a network unencrypted.
func CheckURL(raw string) error {
	u, err := parseURL(raw)
	if err != nil {
		return err
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return errors.New("http to another computer, expected https")
	}
	return nil
}

// parseURL parses the address of a receiver. Its errors never contain the address,
// which may hold a secret.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("expected a URL such as https://proctors.example.edu/hook")
	case u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "", u.Opaque != "":
		return nil, errors.New("expected https:// or http:// and a host")
	case u.Fragment != "":
		return nil, errors.New("a fragment, expected none")
	}
	return u, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback() || host == "localhost"
}

// CheckSecret returns what is wrong with a signing secret.
func CheckSecret(secret string) error {
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil || !strings.HasPrefix(secret, secretPrefix) || len(b) < 24 || len(b) > 64 {
		return errors.New("expected whsec_ and 24 to 64 random bytes in base64, as from: echo whsec_$(openssl rand -base64 32)")
	}
	return nil
}

// wants says whether the webhook receives a notice. A notice that clears a warning
// goes to the webhooks that want such notices and had one of the warning before,
// also when the end of the session clears it.
func (w Webhook) wants(n alert.Notice) bool {
	if len(w.Exams) > 0 {
		exams := []string{n.Exam}
		if n.Counts != nil {
			exams = append(exams, n.Counts.Exams...)
		}
		if !slices.ContainsFunc(exams, func(e string) bool { return slices.Contains(w.Exams, e) }) {
			return false
		}
	}
	wanted := func(k alert.Kind) bool { return len(w.Kinds) == 0 || slices.Contains(w.Kinds, k) }
	if n.Kind != alert.Recovered && (n.Kind != alert.Ended || wanted(alert.Ended)) {
		return wanted(n.Kind)
	}
	return wanted(alert.Recovered) && slices.ContainsFunc(n.Was.Stages(), wanted)
}
