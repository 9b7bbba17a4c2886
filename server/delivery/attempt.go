package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Chosen by us.
const (
	answerBytes = 64 << 10 // of an answer that are read, which lets the connection be used again
	keepAlive   = 90 * time.Second
)

// outcome is the outcome of one attempt.
type outcome struct {
	err   error         // nil: delivered
	final bool          // another attempt is pointless
	wait  time.Duration // that the receiver asks for; 0: none
}

// newClient makes a receiver's client. It follows no redirects, which would send
// messages to addresses that nobody configured, and uses no proxy of the environment.
func newClient(timeout time.Duration, dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Client {
	if dial == nil {
		dial = (&net.Dialer{Timeout: timeout}).DialContext
	}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: dial, TLSHandshakeTimeout: timeout, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: inFlight, IdleConnTimeout: keepAlive,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// dated is a transport that reads the clock of those who answer.
type dated struct {
	http.RoundTripper
	receiver string
	date     func(receiver string, theirs time.Time)
}

// RoundTrip implements http.RoundTripper.
func (d dated) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.RoundTripper.RoundTrip(r)
	if err == nil {
		if at, bad := http.ParseTime(resp.Header.Get("Date")); bad == nil {
			d.date(d.receiver, at)
		}
	}
	return resp, err
}

// reading lets a client report the clock of a receiver, by the Date of its answers.
func (o Options) reading(client *http.Client, receiver string) *http.Client {
	if o.Date != nil {
		client.Transport = dated{client.Transport, receiver, o.Date}
	}
	return client
}

// post sends a request. Its errors never contain the URL, which may hold a secret.
func post(client *http.Client, req *http.Request, final func(status int) bool) outcome {
	resp, err := client.Do(req)
	if err != nil {
		return outcome{err: withoutURL(err)}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, answerBytes))
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return outcome{}
	}
	o := outcome{err: fmt.Errorf("answer %d, expected 2xx", resp.StatusCode), final: final(resp.StatusCode)}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		o.err = fmt.Errorf("answer %d, expected 2xx: redirects are not followed", resp.StatusCode)
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		o.wait = time.Duration(min(s, int(retryAfter/time.Second))) * time.Second
	}
	return o
}

func withoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
