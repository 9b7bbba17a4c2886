package wire

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// JoinToken is what a join token says: which exam and student it is for, where
// the server is, and by which key to know it. It is a JWT signed with Ed25519
// (RFC 7519, RFC 8037); only the server that issued it can check the signature.
type JoinToken struct {
	ID          string   `json:"jti"`
	Exam        string   `json:"exam"`
	Student     string   `json:"sub"`          // a pseudonym, never a name
	Servers     []string `json:"srv"`          // host:port, most preferred first
	Fingerprint string   `json:"fp,omitempty"` // SHA-256 of the server's public key, base64url; empty: a certificate authority vouches
	Policy      string   `json:"pol,omitempty"`
	NotBefore   int64    `json:"nbf"` // seconds since 1970, UTC
	Expires     int64    `json:"exp"`
}

// ExpiresAt returns when the token ends.
func (t JoinToken) ExpiresAt() time.Time { return time.Unix(t.Expires, 0) }

// Pin returns the pinned fingerprint; zero when there is none.
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

// ReadJoinToken reads a join token as its holder does: without checking the
// signature, which only the server can.
func ReadJoinToken(s string) (JoinToken, error) {
	s = strings.TrimSpace(s)
	if strings.ContainsAny(s, " \t\r\n") { // base64 would skip line breaks, the signature would not
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
	return t, nil
}
