package server

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"examlink/probe/link"
	"examlink/server/durable"
)

// servedFile tells others that use the data directory which key a running server shows.
const servedFile = "served.json"

// served is the content of that file.
type served struct {
	Fingerprint string   `json:"fingerprint"`          // of the certificate's key; empty: it is ordered by ACME
	Pinned      bool     `json:"pinned"`               // students know the key by their join token
	TokenKeys   []string `json:"token_keys,omitempty"` // that verify join tokens
}

func (k Keys) served() served {
	s := served{Pinned: k.Pinned}
	if k.Certificate.Leaf != nil {
		f := link.Fingerprint(k.Certificate.Leaf)
		s.Fingerprint = base64.RawURLEncoding.EncodeToString(f[:])
	}
	for _, t := range k.Tokens {
		s.TokenKeys = append(s.TokenKeys, t.ID)
	}
	return s
}

// NoteServed notes in a data directory which key a server shows. The returned
// function takes the note away when the server ends.
func (k Keys) NoteServed(dir string) (remove func(), err error) {
	b, err := json.Marshal(k.served())
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, servedFile)
	if err := durable.WriteFile(name, b); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return func() { _ = os.Remove(name) }, nil
}

// CheckServed returns an error if the server that uses a data directory shows another
// key than these: students with a join token of these keys would refuse it. Nothing is
// known of a server that does not run. A certificate of an authority may be another one
// than the server's, since it is renewed.
func (k Keys) CheckServed(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, servedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var s served
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	switch own := k.served(); {
	case err != nil:
		return fmt.Errorf("data directory: %s: %w", servedFile, err)
	case s.Pinned && !own.Pinned:
		return errors.New("the running server shows its self-signed certificate, not the one of this configuration: restart it first")
	case !s.Pinned && own.Pinned:
		return errors.New("the running server shows the certificate of an authority, not its self-signed one: issue join tokens with the server's configuration, or restart it with this one")
	case s.TokenKeys != nil && !slices.Contains(s.TokenKeys, own.TokenKeys[0]):
		return fmt.Errorf("the running server does not know the key %s for join tokens yet: reload it", own.TokenKeys[0])
	case own.Pinned && s.Fingerprint != own.Fingerprint:
		return fmt.Errorf("the running server shows another key than %s has: restart it, or put the files that it began with back", certificateKey)
	}
	return nil
}

// acceptable returns why students who reach a server at an address would refuse its
// certificate.
func (k Keys) acceptable(address string) error {
	host, _, err := net.SplitHostPort(address)
	switch {
	case err != nil:
	case k.Hosts == nil:
		err = k.Certificate.Leaf.VerifyHostname(host)
	case !slices.Contains(k.Hosts, strings.ToLower(host)):
		err = fmt.Errorf("it is ordered for %s", strings.Join(k.Hosts, ", "))
	}
	if err != nil {
		return fmt.Errorf("%q: students would refuse the certificate: %w", address, err)
	}
	return nil
}
