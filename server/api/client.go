package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"examlink/server/auth"
)

// Chosen by us.
const (
	askTimeout = 10 * time.Second
	answerMost = 64 << 20 // bytes
	quoteMost  = 200      // bytes of a response quoted in an error
)

// Client queries a running server as its operator. It is safe for concurrent
// use.
type Client struct {
	base    *url.URL
	token   string
	account string
	http    *http.Client
}

// NewClient makes a client of the admin listener at an address, such as
// https://exam.example.edu:9481. roots are the certificate authorities to
// trust; nil: the system's.
func NewClient(address, token string, roots *x509.CertPool) (*Client, error) {
	if err := CheckURL(address); err != nil {
		return nil, err
	}
	base, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	return &Client{base: base, token: token, http: &http.Client{
		Timeout: askTimeout, Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}}, // no proxy: it would see the token
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// As returns a copy of the client that says which account of the operating system uses
// it, for the audit log.
func (c *Client) As(account string) *Client {
	as := *c
	as.account = account
	return &as
}

// WithTransport returns a copy of the client that uses another transport, such
// as one without a network in tests.
func (c *Client) WithTransport(t http.RoundTripper) *Client {
	with, h := *c, *c.http
	h.Transport = t
	with.http = &h
	return &with
}

// LocalURL returns the URL of the admin listener at an address for clients on
// the same computer.
func LocalURL(listen string) (string, error) {
	if listen == "" {
		return "", errors.New("empty, so the server has no admin listener")
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", err
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// CheckURL refuses URLs that would send the token over a network in clear.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return errors.New("expected a URL such as https://exam.example.edu:9481")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local := err == nil && ip.Unmap().IsLoopback() || u.Hostname() == "localhost"
	if u.Scheme == "http" && !local {
		return fmt.Errorf("%s is not a loopback address and has no TLS: the admin token, and what students' sessions are like, would cross the network in clear; expected https", u.Hostname())
	}
	return nil
}

// Sessions returns the live sessions of an exam, or of all exams if exam is
// empty. b is the raw response.
func (c *Client) Sessions(ctx context.Context, exam string) (page SessionsPage, b []byte, err error) {
	query := url.Values{}
	if exam != "" {
		query.Set("exam", exam)
	}
	b, err = c.ask(ctx, SessionsPath, query, &page)
	return page, b, err
}

// Undelivered returns the notices whose delivery was abandoned.
func (c *Client) Undelivered(ctx context.Context) (page UndeliveredPage, b []byte, err error) {
	b, err = c.ask(ctx, UndeliveredPath, nil, &page)
	return page, b, err
}

// Warnings returns the active warnings and incidents.
func (c *Client) Warnings(ctx context.Context) (page WarningsPage, b []byte, err error) {
	b, err = c.ask(ctx, WarningsPath, nil, &page)
	return page, b, err
}

// ask fetches a page.
func (c *Client) ask(ctx context.Context, path string, query url.Values, into any) ([]byte, error) {
	u := c.base.JoinPath(path)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	return c.do(req, into)
}

// do makes a request and decodes the answer. The error is a *Problem if the server
// says what is wrong with the request.
func (c *Client) do(req *http.Request, into any) ([]byte, error) {
	req.Header.Set(auth.OperatorHeader, c.token)
	if c.account != "" {
		req.Header.Set(auth.AccountHeader, c.account)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return nil, fmt.Errorf("admin listener %s: %w", c.base.Host, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, answerMost))
	switch {
	case err != nil:
	case resp.StatusCode == http.StatusUnauthorized:
		err = errors.New("refused: the token is another server's, or the listener wants a name and a password (--user and --password-file)")
	case resp.StatusCode == http.StatusBadRequest && c.base.Scheme == "http" && bytes.Contains(b, []byte("HTTPS")):
		err = errors.New("the listener speaks TLS: give --url https://..., and --ca for a certificate of your own")
	case resp.Header.Get("Content-Type") == ProblemType:
		p := new(Problem)
		if err = json.Unmarshal(b, p); err == nil {
			return nil, p
		}
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated:
		err = fmt.Errorf("answer %s: %s", resp.Status, strings.TrimSpace(string(b[:min(len(b), quoteMost)])))
	default:
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		return nil, fmt.Errorf("admin listener %s: %w", c.base.Host, err)
	}
	return b, nil
}
