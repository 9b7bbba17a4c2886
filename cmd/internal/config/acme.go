package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"examlink/server/acme"
)

// ACME says how the server orders its certificate. ACMEOptions completes the options of
// the engine.
type ACME struct {
	Hosts          []string `mapstructure:"hosts" is:"host name" doc:"The names that students reach the server by, in small letters. Setting them orders a certificate for all of them. Every host of server.public must be among them."`
	AgreeTerms     bool     `mapstructure:"agree_terms" doc:"true: you agree to the terms of service of the authority, whose directory has a link to them. Needed for an order."`
	Email          string   `mapstructure:"email" is:"e-mail address or empty" doc:"Where the authority may write to you."`
	Directory      string   `mapstructure:"directory" default:"https://acme-v02.api.letsencrypt.org/directory" is:"directory URL" doc:"The authority's directory. To try things out, take Let's Encrypt's staging environment, https://acme-staging-v02.api.letsencrypt.org/directory, whose certificates nobody trusts."`
	CAFile         string   `mapstructure:"ca_file" doc:"PEM file of certificates that vouch for the directory, for an authority of your own. Empty: the system's."`
	HTTPListen     string   `mapstructure:"http_listen" is:"host:port or empty" doc:"Where the authority's challenges are answered by HTTP (HTTP-01): it connects to port 80 of each host. Empty: they are answered by TLS on server.listen (TLS-ALPN-01), which it must reach at port 443 of each host."`
	BindingID      string   `mapstructure:"binding_id" doc:"The identifier of an external account binding, for authorities that demand one."`
	BindingKeyFile string   `mapstructure:"binding_key_file" doc:"A file with the key of the external account binding, in base64url as the authority gives it out."`
}

// certificateFile is the file of the certificate in force, within the data directory.
const certificateFile = "acme.pem"

// Wanted says whether the certificate is ordered.
func (a ACME) Wanted() bool { return len(a.Hosts) > 0 }

// ACMEOptions returns how the server orders its certificate; nil: it does not. It reads
// the files.
func (f File) ACMEOptions() (*acme.Options, error) {
	a := f.Server.ACME
	if !a.Wanted() {
		return nil, nil
	}
	o := &acme.Options{
		Directory: a.Directory, Hosts: a.Hosts, Agreed: a.AgreeTerms, Email: a.Email, File: filepath.Join(f.Server.DataDir, certificateFile),
	}
	if a.BindingID != "" {
		o.Binding = &acme.Binding{ID: a.BindingID}
		if err := readSecret(&o.Binding.Key, a.BindingKeyFile); err != nil {
			return nil, fmt.Errorf("server.acme.binding_key_file: %w", err)
		}
	}
	if a.CAFile != "" {
		b, err := os.ReadFile(a.CAFile)
		if err != nil {
			return nil, fmt.Errorf("server.acme.ca_file: %w", err)
		}
		o.Roots = x509.NewCertPool()
		if !o.Roots.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("server.acme.ca_file: %s: expected a PEM certificate", a.CAFile)
		}
	}
	return o, nil
}

// check reports what contradicts an order.
func (a ACME) check(s Server, found *problems) {
	if (a.BindingID == "") != (a.BindingKeyFile == "") {
		found.add("server.acme.binding_id", "expected to be set together with server.acme.binding_key_file")
	}
	if !a.Wanted() {
		return
	}
	if s.Certificate != "" || s.Key != "" {
		found.add("server.acme.hosts", "expected either this or server.certificate and server.key: a server has one certificate")
	}
	if !a.AgreeTerms {
		found.add("server.acme.agree_terms", "false, expected true: no certificate is issued without agreement to the authority's terms of service")
	}
	for i, address := range s.Public {
		if host, _, err := net.SplitHostPort(address); err == nil && !slices.Contains(a.Hosts, strings.ToLower(host)) {
			found.add(at("server.public", i), "%q, expected a host of server.acme.hosts: students would refuse the certificate", address)
		}
	}
}

func checkEmail(s string) error {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return fmt.Errorf("%q, expected an e-mail address such as it@example.edu", s)
	}
	return nil
}

func checkDirectory(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("expected the https URL of an ACME directory, without a password")
	}
	return nil
}
