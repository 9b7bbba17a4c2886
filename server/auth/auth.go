// Package auth authenticates requests: it turns their credentials into a
// principal with a role.
//
// It does not know the requests' contents; handlers declare the roles they
// serve.
package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Role determines what a principal may do.
type Role string

// The roles.
const (
	Operator Role = "operator" // runs the server, sees everything
	Proctor  Role = "proctor"  // watches over exams
	Student  Role = "student"  // takes one exam
	// Nobody is a caller without valid credentials; no authenticator returns it.
	Nobody Role = "nobody"
)

// Principal is an authenticated caller.
type Principal struct {
	Role     Role
	Identity string   // in the audit log; never a name
	Exams    []string // that it may see; empty for operators, who may see all
	// Account is the account of the operating system that an operator's program says it
	// runs as; empty: it does not say. Nothing proves it.
	Account string
}

// MaySee reports whether a principal may see an exam.
func (p Principal) MaySee(exam string) bool {
	return p.Role == Operator || slices.Contains(p.Exams, exam)
}

// Errors of Authenticate, for callers that branch.
var (
	// ErrMissing means that the request has no credentials of an authenticator's
	// kind.
	ErrMissing = errors.New("no credentials")
	// ErrInvalid means that the credentials are wrong or no longer valid.
	ErrInvalid = errors.New("the credentials are not valid")
	// ErrInsecure means that the credentials crossed a network in clear.
	ErrInsecure = errors.New("credentials over a network without TLS")
	// ErrUnavailable means that it could not be found out whether they are valid.
	ErrUnavailable = errors.New("the credentials cannot be checked now")
)

// Authenticator identifies the caller. It is safe for concurrent use.
type Authenticator interface {
	// Authenticate returns the principal of a request. The error is ErrMissing when
	// the request has no credentials of this kind.
	Authenticate(*http.Request) (Principal, error)
}

// Any tries authenticators in order, until one finds credentials of its kind.
func Any(list ...Authenticator) Authenticator { return anyOf(list) }

type anyOf []Authenticator

// Authenticate implements Authenticator.
func (a anyOf) Authenticate(r *http.Request) (Principal, error) {
	for _, x := range a {
		p, err := x.Authenticate(r)
		if !errors.Is(err, ErrMissing) {
			return p, err
		}
	}
	return Principal{}, ErrMissing
}

// OperatorHeader carries the operator's token. It is not Authorization, which the
// listener's own basic authentication may use.
const OperatorHeader = "Examlink-Admin-Token"

// AccountHeader carries Principal.Account.
const AccountHeader = "Examlink-Account"

// maxAccount is how long an account may be, in bytes. Chosen by us.
const maxAccount = 64

// OperatorToken authenticates requests with one secret token as the operator.
type OperatorToken struct{ sum [sha256.Size]byte }

// NewOperatorToken makes an authenticator for a token.
func NewOperatorToken(token string) OperatorToken {
	return OperatorToken{sha256.Sum256([]byte(token))}
}

// Authenticate implements Authenticator.
func (t OperatorToken) Authenticate(r *http.Request) (Principal, error) {
	shown := r.Header.Get(OperatorHeader)
	got := sha256.Sum256([]byte(shown))
	switch {
	case r.TLS == nil && !fromLoopback(r):
		return Principal{}, ErrInsecure
	case shown == "":
		return Principal{}, ErrMissing
	case subtle.ConstantTimeCompare(got[:], t.sum[:]) != 1:
		return Principal{}, ErrInvalid
	}
	return Principal{Role: Operator, Identity: "admin-token", Account: account(r.Header.Get(AccountHeader))}, nil
}

// account returns an account that can be written down, or none.
func account(s string) string {
	if len(s) > maxAccount || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return s
}

func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// Require passes requests of principals with one of the roles to a handler, and
// rejects the others: 401 without valid credentials, 403 with another role or
// over a network in clear.
func Require(a Authenticator, h func(http.ResponseWriter, *http.Request, Principal), roles ...Role) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, status, why := Authorize(a, r, roles...)
		if status != http.StatusOK {
			http.Error(w, why, status)
			return
		}
		h(w, r, p)
	})
}

// Authorize returns the principal of a request and 200, or the status to reject the
// request with and why, as Require does.
func Authorize(a Authenticator, r *http.Request, roles ...Role) (p Principal, status int, why string) {
	p, err := a.Authenticate(r)
	switch {
	case errors.Is(err, ErrInsecure):
		return p, http.StatusForbidden, "not over a network without TLS"
	case errors.Is(err, ErrUnavailable):
		return p, http.StatusServiceUnavailable, "the credentials cannot be checked now: the store does not answer"
	case err != nil:
		return p, http.StatusUnauthorized, "the header " + OperatorHeader + " does not hold the admin token"
	case !slices.Contains(roles, p.Role):
		return p, http.StatusForbidden, "not for the role " + string(p.Role)
	}
	return p, http.StatusOK, ""
}
