package wire

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// JoinToken is the content of a join token: the exam, the student, the servers
// and the pinned key. It is a JWT signed with Ed25519 (RFC 7519, RFC 8037);
// only the server that issued it can check the signature.
type JoinToken struct {
	ID          string   `json:"jti"`
	Exam        string   `json:"exam"`
	Student     string   `json:"sub"`          // a pseudonym, never a name
	Servers     []string `json:"srv"`          // host:port, most preferred first
	Fingerprint string   `json:"fp,omitempty"` // SHA-256 of the server's public key, base64url; empty: verified by certificate authority
	Policy      string   `json:"pol,omitempty"`
	NotBefore   int64    `json:"nbf"` // seconds since 1970, UTC
	Expires     int64    `json:"exp"`
	Starts      int64    `json:"starts,omitempty"` // start of the exam, seconds since 1970, UTC; 0: unknown
	Ends        int64    `json:"ends,omitempty"`
	Zone        string   `json:"zone,omitempty"` // IANA name of the zone its times are shown in; empty: UTC
}

// maxExam is the maximum length of an exam, in seconds: anything longer is a
// typing error.
const maxExam = 24 * 60 * 60

// ExpiresAt returns the time the token expires.
func (t JoinToken) ExpiresAt() time.Time { return time.Unix(t.Expires, 0) }

// Pin returns the pinned fingerprint; zero if there is none.
func (t JoinToken) Pin() (pin [32]byte, err error) {
	if t.Fingerprint == "" {
		return pin, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(t.Fingerprint)
	if err != nil || len(b) != len(pin) {
		return pin, errors.New("join token: fp: expected 32 bytes in base64url")
	}
	return [32]byte(b), nil
}

// CheckExam validates the exam's time, if it is set.
func (t JoinToken) CheckExam() error {
	switch {
	case t.Starts == 0 && t.Ends == 0 && t.Zone == "":
		return nil
	case t.Starts <= 0:
		return fmt.Errorf("starts: %d, expected seconds since 1970", t.Starts)
	case t.Ends <= t.Starts:
		return fmt.Errorf("ends: %d, expected after the start, %d", t.Ends, t.Starts)
	case t.Ends-t.Starts > maxExam:
		return fmt.Errorf("ends: %d s after the start, expected at most %d", t.Ends-t.Starts, maxExam)
	}
	// "Local" would differ between computers.
	if _, err := time.LoadLocation(t.Zone); err != nil || t.Zone == "Local" {
		return fmt.Errorf("zone: %q, expected the name of a time zone", t.Zone)
	}
	return nil
}

// ReadJoinToken parses a join token as its holder does: without checking the
// signature, which only the server can do.
func ReadJoinToken(s string) (JoinToken, error) {
	s = strings.TrimSpace(s)
	if strings.ContainsAny(s, " \t\r\n") { // base64 would ignore line breaks, but the signature would not
		return JoinToken{}, errors.New("join token: white space inside; was it copied in one piece?")
	}
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return JoinToken{}, fmt.Errorf("join token: %d parts, expected 3 joined by dots; was it copied whole?", len(parts))
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return JoinToken{}, fmt.Errorf("join token: damaged, expected base64url: %w", err)
	}
	var t JoinToken
	if err := json.Unmarshal(body, &t); err != nil {
		return JoinToken{}, fmt.Errorf("join token: damaged: %w", err)
	}
	if len(t.Servers) == 0 {
		return JoinToken{}, errors.New("join token: srv: no server address")
	}
	if _, err := t.Pin(); err != nil {
		return JoinToken{}, err
	}
	if err := t.CheckExam(); err != nil {
		return JoinToken{}, fmt.Errorf("join token: %w", err)
	}
	return t, nil
}
