package main

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"time"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/server"
)

// issuer reads the keys that join tokens for these addresses are issued with. It
// refuses keys with which no student could be admitted.
func issuer(s config.Server, addresses []string, now time.Time) (server.Keys, error) {
	keys, err := readKeys(s, now)
	var missing *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.As(err, &missing) && missing.Path != s.Certificate && missing.Path != s.Key:
		return keys, noKeys(err, s)
	case err != nil:
		return keys, err
	}
	if err := keys.CheckServed(s.DataDir); err != nil {
		return keys, err
	}
	if err := keys.Issuer(addresses).Ready(); err != nil {
		return keys, cli.Usage(err)
	}
	return keys, nil
}

// readKeys reads the keys that a server with a configuration uses.
func readKeys(s config.Server, now time.Time) (server.Keys, error) {
	if s.ACME.Wanted() {
		return server.ReadKeysACME(s.DataDir, s.ACME.Hosts)
	}
	return server.ReadKeys(s.DataDir, s.Certificate, s.Key, now)
}

// trusted returns why this system's authorities do not vouch for a configured
// certificate; students' computers may know others. Nothing is known of a certificate that
// is ordered by ACME.
func trusted(k server.Keys, now time.Time) error {
	if k.Pinned || k.Certificate.Leaf == nil {
		return nil
	}
	o := x509.VerifyOptions{CurrentTime: now, Intermediates: x509.NewCertPool()}
	for _, der := range k.Certificate.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			o.Intermediates.AddCert(c)
		}
	}
	_, err := k.Certificate.Leaf.Verify(o)
	return err
}
