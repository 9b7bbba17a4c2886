package exam

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"examlink/server/store"
)

// Chosen by us.
const (
	// MostProctorLink is how long a proctor's link can be valid.
	MostProctorLink = 24 * time.Hour
	// DefaultProctorLink is how long one is valid unless something else is asked for.
	DefaultProctorLink = 12 * time.Hour

	// forProctors is the audience of a proctor's link, so that no other token that the key
	// signs is one.
	forProctors = "examlink-board"
	linkSlack   = 30 * time.Second // of clocks of servers that share keys
)

// ErrProctorLink says that a text is no proctor's link of this server, or one that is not
// valid any more.
var ErrProctorLink = errors.New("the link is not valid: it has expired, or it is not of this server")

// ProctorLink lets its holder sign in once, as a proctor of one exam, until it expires.
type ProctorLink struct {
	ID, Exam    string
	From, Until time.Time
}

// ProctorLink issues a link to the board. Its validity is cut to MostProctorLink. The
// token is in the fragment of the address, which browsers send to nobody.
func (i Issuer) ProctorLink(e store.Exam, valid time.Duration, now time.Time) (l ProctorLink, address string, err error) {
	if err := i.Ready(); err != nil {
		return l, "", err
	}
	if valid <= 0 || valid > MostProctorLink {
		return l, "", fmt.Errorf("validity: %v, expected more than 0s and at most %v", valid, MostProctorLink)
	}
	l = ProctorLink{ID: NewID(), Exam: e.ID, From: now.Truncate(time.Second), Until: now.Add(valid).Truncate(time.Second)}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.RegisteredClaims{
		ID: l.ID, Subject: l.Exam, Audience: jwt.ClaimStrings{forProctors},
		NotBefore: jwt.NewNumericDate(l.From), IssuedAt: jwt.NewNumericDate(l.From), ExpiresAt: jwt.NewNumericDate(l.Until),
	})
	unsigned.Header["kid"] = KeyID(i.Key.Public().(ed25519.PublicKey))
	token, err := unsigned.SignedString(i.Key)
	if err != nil {
		return l, "", err
	}
	u := url.URL{Scheme: "https", Host: webHost(i.Servers[0]), Path: "/board", Fragment: token}
	return l, u.String(), nil
}

// VerifyProctorLink checks the token of a proctor's link that was signed with one of the
// keys. The error is ErrProctorLink.
func VerifyProctorLink(keys []ed25519.PublicKey, token string, now time.Time) (ProctorLink, error) {
	if len(token) > maxTokenLength {
		return ProctorLink{}, ErrProctorLink
	}
	var c jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) { return keyFor(keys, t) },
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithAudience(forProctors),
		jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithExpirationRequired(), jwt.WithLeeway(linkSlack))
	if err != nil || c.ID == "" || c.Subject == "" || c.NotBefore == nil {
		return ProctorLink{}, ErrProctorLink
	}
	return ProctorLink{ID: c.ID, Exam: c.Subject, From: c.NotBefore.UTC(), Until: c.ExpiresAt.UTC()}, nil
}
