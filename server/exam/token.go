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
	"time"

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

// Issue signs a join token. An empty ID is replaced by a random one.
func Issue(key ed25519.PrivateKey, t wire.JoinToken) (string, error) {
	switch {
	case t.Exam == "":
		return "", errors.New("exam: empty, expected an identifier")
	case t.Student == "":
		return "", errors.New("student: empty, expected a pseudonym")
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
		if _, _, err := net.SplitHostPort(s); err != nil {
			return "", fmt.Errorf("server: %w, expected host:port", err)
		}
	}
	if t.ID == "" {
		t.ID = NewID()
	}
	return jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{t}).SignedString(key)
}

// Verify checks a join token's signature and validity at now. With ErrExpired and
// ErrEarly it returns the token, whose signature is good.
func Verify(key ed25519.PublicKey, token string, now time.Time) (wire.JoinToken, error) {
	if len(token) > maxTokenLength {
		return wire.JoinToken{}, ErrForged
	}
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return key, nil },
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
