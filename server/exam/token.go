// Package exam issues and verifies the join tokens that bind a student to an
// exam and a server.
//
// It knows nothing of networks and connections.
package exam

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"examlink/probe/wire"
)

// maxTokenLength bounds the input that is parsed; a real token has about 500
// bytes.
const maxTokenLength = 4096

// Errors of Verify, for callers that branch.
var (
	ErrExpired = errors.New("the join token has expired")
	ErrEarly   = errors.New("the join token is not valid yet")
	ErrForged  = errors.New("the join token was not issued by this server")
)

type claims struct{ wire.JoinToken }

func (c claims) GetExpirationTime() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(time.Unix(c.Expires, 0)), nil
}
func (c claims) GetNotBefore() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(time.Unix(c.NotBefore, 0)), nil
}
func (c claims) GetIssuedAt() (*jwt.NumericDate, error) { return nil, nil } //nolint:nilnil // the claim is not used
func (c claims) GetIssuer() (string, error)             { return "", nil }
func (c claims) GetSubject() (string, error)            { return c.Student, nil }
func (c claims) GetAudience() (jwt.ClaimStrings, error) { return nil, nil }

// Issue signs a join token, which names the key. An empty ID is replaced by a random one.
func Issue(key ed25519.PrivateKey, t wire.JoinToken) (string, error) {
	if err := checkID("exam", t.Exam, "an identifier"); err != nil {
		return "", err
	}
	if err := checkID("student", t.Student, "a pseudonym"); err != nil {
		return "", err
	}
	switch {
	case len(t.Servers) == 0:
		return "", errors.New("server: none, expected host:port")
	case t.Expires <= t.NotBefore:
		return "", errors.New("validity: ends before it begins")
	}
	if err := t.CheckExam(); err != nil {
		return "", err
	}
	if t.Ends > t.Expires {
		return "", errors.New("validity: ends before the exam does")
	}
	for _, s := range t.Servers {
		if err := CheckAddress(s); err != nil {
			return "", fmt.Errorf("server: %w", err)
		}
	}
	if t.ID == "" {
		t.ID = NewID()
	}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{t})
	unsigned.Header["kid"] = KeyID(key.Public().(ed25519.PublicKey))
	text, err := unsigned.SignedString(key)
	if err == nil && len(text) > maxTokenLength {
		err = fmt.Errorf("join token: %d bytes, expected at most %d: fewer servers, or shorter names", len(text), maxTokenLength)
	}
	return text, err
}

// checkID checks the name of an exam or a student. It goes into logs, labels and lists
// that people read: a character that is not seen there makes two names look the same.
func checkID(what, id, expected string) error {
	switch {
	case id == "":
		return fmt.Errorf("%s: empty, expected %s", what, expected)
	case strings.TrimSpace(id) != id:
		return fmt.Errorf("%s: %q begins or ends with a space", what, id)
	case !utf8.ValidString(id) || strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("%s: %q, expected printable characters only", what, id)
	}
	return nil
}

// CheckAddress returns what is wrong with an address that students are to reach a
// server at.
func CheckAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q, expected host:port", s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q, expected a port from 1 to 65535", s)
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "" || err == nil && ip.IsUnspecified():
		return fmt.Errorf("%q, expected the name or address at which students reach the server", s)
	case strings.ContainsFunc(host, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' || r == '/' }):
		return fmt.Errorf("%q, expected a host without spaces, slashes and control characters", s)
	}
	return nil
}

// Verify checks a join token's signature and validity at now, as VerifyAny does with one
// key.
func Verify(key ed25519.PublicKey, token string, now time.Time) (wire.JoinToken, error) {
	return VerifyAny([]ed25519.PublicKey{key}, token, now)
}

// VerifyAny checks a join token that was signed with one of the keys. With ErrExpired
// and ErrEarly it returns the token, whose signature is good.
func VerifyAny(keys []ed25519.PublicKey, token string, now time.Time) (wire.JoinToken, error) {
	if len(token) > maxTokenLength {
		return wire.JoinToken{}, ErrForged
	}
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) { return keyFor(keys, t) },
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithExpirationRequired(), jwt.WithLeeway(30*time.Second))
	switch {
	case err == nil:
	case errors.Is(err, jwt.ErrTokenExpired):
		return c.JoinToken, ErrExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return c.JoinToken, ErrEarly
	default:
		return wire.JoinToken{}, ErrForged
	}
	if c.Exam == "" || c.Student == "" || c.ID == "" {
		return wire.JoinToken{}, ErrForged
	}
	return c.JoinToken, nil
}

// NewID returns an identifier of 96 random bits.
func NewID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
