package exam

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"examlink/probe/wire"
	"examlink/server/store"
)

// Grace is how long a join token remains valid after its exam: long enough for an exam
// that overruns, and for reports that were delayed by an outage.
const Grace = 24 * time.Hour

// Issuer issues join tokens for exams. It is safe for concurrent use.
type Issuer struct {
	Key         ed25519.PrivateKey
	Fingerprint string   // that tokens pin; empty: none
	Servers     []string // host:port, most preferred first
	// Check returns why students would refuse the server at an address; nil: it is
	// not known that they would.
	Check func(address string) error
}

// Issued is a join token with what is kept of it.
type Issued struct {
	store.Token
	Text string // the token itself
	Link string // to the check page
}

// Ready returns why nothing can be issued.
func (i Issuer) Ready() error {
	switch {
	case len(i.Key) != ed25519.PrivateKeySize:
		return errors.New("this server issues no join tokens: it has no key")
	case len(i.Servers) == 0:
		return errors.New("no address for students, expected host:port in server.public")
	}
	for _, s := range i.Servers {
		err := CheckAddress(s)
		if err == nil && i.Check != nil {
			err = i.Check(s)
		}
		if err != nil {
			return fmt.Errorf("server: %w", err)
		}
	}
	return nil
}

// Issue issues a token for a student of an exam, valid from now until a day after the
// exam.
func (i Issuer) Issue(e store.Exam, student string, now time.Time) (Issued, error) {
	until := e.End.Add(Grace)
	if !e.End.After(now) {
		return Issued{}, fmt.Errorf("end: %s, expected a time in the future", e.End.Format(time.RFC3339))
	}
	t := store.Token{ID: NewID(), Exam: e.ID, Student: student, From: now.Truncate(time.Second), Until: until.Truncate(time.Second)}
	text, err := Issue(i.Key, wire.JoinToken{
		ID: t.ID, Exam: t.Exam, Student: t.Student, Servers: i.Servers, Fingerprint: i.Fingerprint, Policy: e.Policy,
		NotBefore: t.From.Unix(), Expires: t.Until.Unix(), Starts: e.Start.Unix(), Ends: e.End.Unix(), Zone: e.Zone,
	})
	if err != nil {
		return Issued{}, err
	}
	return Issued{t, text, CheckLink(i.Servers[0], text)}, nil
}

// CheckLink is the address of the check page for a token. What follows # is not sent
// to the server that has the page.
func CheckLink(server, token string) string {
	u := url.URL{Scheme: "https", Host: webHost(server), Path: "/check", Fragment: token}
	return u.String()
}

// WebAddress is the address of pages at an address of students, without a path.
func WebAddress(server string) string { return "https://" + webHost(server) }

// webHost is the host of an https address, without the port that is understood.
func webHost(server string) string {
	host, port, err := net.SplitHostPort(server)
	switch {
	case err != nil || port != "443":
		return server
	case strings.Contains(host, ":"):
		return "[" + host + "]"
	}
	return host
}
