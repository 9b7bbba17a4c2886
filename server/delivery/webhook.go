package delivery

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"examlink/server/alert"
)

// Chosen by us.
const (
	DefaultTimeout  = 10 * time.Second
	DefaultMaxAge   = 24 * time.Hour
	DefaultQueueMax = 10e6 // bytes for each receiver: some ten thousand notices

	secretPrefix = "whsec_"
)

// Webhook is one receiver of notices.
type Webhook struct {
	Name    string        // in metrics, logs and the queue's file
	URL     string        // https, or http on this computer
	Secret  string        // whsec_ and 24 to 64 bytes in base64
	Exams   []string      // empty: all
	Kinds   []alert.Kind  // empty: all
	Timeout time.Duration // of one attempt; 0 is DefaultTimeout
}

// CheckURL says what is wrong with the address of a webhook. Students'
// pseudonyms and what happens to them do not cross a network unencrypted.
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

// parseURL never repeats the address in an error: it may hold a secret.
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

// CheckSecret says what is wrong with a signing secret.
func CheckSecret(secret string) error {
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil || !strings.HasPrefix(secret, secretPrefix) || len(b) < 24 || len(b) > 64 {
		return errors.New("expected whsec_ and 24 to 64 random bytes in base64, as from: echo whsec_$(openssl rand -base64 32)")
	}
	return nil
}

// wants says whether a notice is for this receiver. The end of a warning is for
// those who were told of it and want to know of ends, also when it is the
// session's.
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
