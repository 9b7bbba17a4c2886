package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/server/api"
	"examlink/server/auth"
)

// connection is how to reach the admin listener, by flags.
type connection struct{ address, user, passwordFile, tokenFile, ca string }

// flags declares the flags.
func (q *connection) flags(c *cobra.Command) {
	c.Flags().StringVar(&q.address, "url", "", "`URL` of the admin listener (default: server.admin_listen on this computer)")
	c.Flags().StringVar(&q.tokenFile, "token-file", "", "`file` with the admin token (default: the one in server.data_dir)")
	c.Flags().StringVar(&q.ca, "ca", "", "PEM `file` of the authority that signed the admin listener's certificate")
	c.Flags().StringVar(&q.user, "user", "", "`name` for a listener that wants a password")
	c.Flags().StringVar(&q.passwordFile, "password-file", "", "`file` with the password of --user")
}

// client returns a client for the admin listener.
func (q connection) client(f config.File) (*api.Client, error) {
	address, err := q.url(f)
	if err != nil {
		return nil, err
	}
	var token string
	if q.tokenFile == "" {
		token, err = auth.ReadOperatorToken(f.Server.DataDir, false)
	} else {
		token, err = readLine(q.tokenFile)
	}
	if err != nil {
		return nil, err
	}
	var roots *x509.CertPool
	if q.ca != "" {
		pem, err := os.ReadFile(q.ca)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca: %s: no certificate found, expected PEM", q.ca)
		}
	}
	c, err := api.NewClient(address, token, roots)
	if err != nil {
		return nil, err
	}
	return c.As(account()), nil
}

// url returns the listener's address, with name and password.
func (q connection) url(f config.File) (string, error) {
	address := q.address
	if address == "" {
		var err error
		if address, err = api.LocalURL(f.Server.AdminListen); err != nil {
			return "", cli.Usage(fmt.Errorf("server.admin_listen: %w", err))
		}
	}
	if err := api.CheckURL(address); err != nil {
		return "", cli.Usage(fmt.Errorf("--url: %w", err))
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", cli.Usage(errors.New("--url: expected a URL such as https://exam.example.edu:9481"))
	}
	if _, has := u.User.Password(); has {
		return "", cli.Usage(errors.New("--url: a password, which every user of this computer could see: give it by --user and --password-file"))
	}
	switch {
	case (q.user == "") != (q.passwordFile == ""):
		return "", cli.Usage(errors.New("--user: expected together with --password-file"))
	case q.user != "":
		password, err := readLine(q.passwordFile)
		if err != nil {
			return "", fmt.Errorf("--password-file: %w", err)
		}
		u.User = url.UserPassword(q.user, password)
	}
	return u.String(), nil
}

// readLine reads a file without the white space around its content.
func readLine(name string) (string, error) {
	b, err := os.ReadFile(name)
	return strings.TrimSpace(string(b)), err
}
