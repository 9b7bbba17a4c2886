package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v7"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Chosen by us.
const (
	inFlight    = 4 // messages to one receiver at once, of different sessions
	retryFirst  = 500 * time.Millisecond
	retryFactor = 2
	retryMost   = 30 * time.Second // a receiver that is back waits no longer for what it missed
	retryAfter  = 10 * time.Minute // the most we let a receiver make us wait
	answerBytes = 64 << 10         // of an answer that are read, so that the connection can be used again
	keepAlive   = 90 * time.Second
)

// deliverer delivers what waits for one receiver: in order for each session,
// several sessions at once.
type deliverer struct {
	hook    Webhook
	queue   *queue
	sign    *webhooks.Webhook
	client  *http.Client
	maxAge  time.Duration
	log     *slog.Logger
	metrics receiverMetrics

	lanes map[string]*lane // that wait for another attempt, or are in flight
	done  chan result
}

// lane is how deliveries of one session stand.
type lane struct {
	busy  bool
	after time.Time // no attempt before
	retry *backoff.ExponentialBackOff
	tries int
}

type result struct {
	m       *message
	outcome outcome
}

// newClient makes the client of a receiver: no redirects, which would take a
// message to where nobody configured, and no proxy of the environment.
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

// run delivers until ctx ends. What is under way then stays in the queue.
func (c *deliverer) run(ctx context.Context) {
	defer c.client.CloseIdleConnections()
	busy := 0
	for {
		now := time.Now()
		next := now.Add(time.Hour)
		for _, m := range c.queue.list() {
			if now.Sub(m.At) >= c.maxAge {
				if l := c.lanes[m.Lane]; l == nil || !l.busy {
					delete(c.lanes, m.Lane)
					c.giveUp(m, fmt.Sprintf("not delivered within %v", c.maxAge), now)
					continue
				}
			}
			if t := m.At.Add(c.maxAge); t.Before(next) && t.After(now) {
				next = t
			}
		}
		taken := map[string]bool{}
		for _, m := range c.queue.list() {
			if busy >= inFlight {
				break
			}
			l := c.lanes[m.Lane]
			switch {
			case taken[m.Lane]: // the one before it comes first
			case l == nil || !l.busy && !l.after.After(now):
				if l == nil {
					l = &lane{retry: newBackOff()}
					c.lanes[m.Lane] = l
				}
				l.busy = true
				busy++
				go func() { c.done <- result{m, c.attempt(ctx, m)} }() // ends with the attempt, which ctx ends
			case !l.busy && l.after.Before(next):
				next = l.after
			}
			taken[m.Lane] = true
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case r := <-c.done:
			busy--
			c.settle(r)
		case <-c.queue.wake:
		case <-timer.C:
		case <-ctx.Done():
			for ; busy > 0; busy-- {
				if r := <-c.done; r.outcome.err == nil {
					c.settle(r)
				}
			}
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

func newBackOff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.Multiplier, b.MaxInterval = retryFirst, retryFactor, retryMost
	b.Reset()
	return b
}

// settle takes what became of an attempt.
func (c *deliverer) settle(r result) {
	now := time.Now()
	l := c.lanes[r.m.Lane]
	l.busy = false
	switch {
	case r.outcome.err == nil:
		c.metrics.sent.Inc()
		delete(c.lanes, r.m.Lane)
		c.note(c.queue.delivered(r.m))
		for _, other := range c.lanes { // it is back: nothing else needs to wait
			other.after = time.Time{}
		}
	case r.outcome.final:
		c.metrics.failed.Inc()
		delete(c.lanes, r.m.Lane)
		c.giveUp(r.m, r.outcome.err.Error(), now)
	default:
		c.metrics.failed.Inc()
		wait := l.retry.NextBackOff()
		l.after = now.Add(max(wait, min(r.outcome.wait, retryAfter)))
		if l.tries++; l.tries == 1 {
			c.log.Warn("notice not delivered, trying again", "receiver", c.hook.Name, "kind", r.m.Kind, "err", r.outcome.err)
		}
	}
}

func (c *deliverer) giveUp(m *message, why string, now time.Time) {
	u, news, err := c.queue.giveUp(m, why, now)
	c.note(err)
	if news {
		c.lost(u)
	}
}

func (c *deliverer) lost(u Undelivered) {
	c.metrics.undelivered.Inc()
	c.log.Error("notice could not be delivered", "receiver", u.Receiver, "kind", u.Kind, "id", u.ID, "why", u.Why)
}

// note logs trouble with the queue's file.
func (c *deliverer) note(err error) {
	if err != nil {
		c.log.Error("alerts", "err", err)
	}
}

// outcome is what became of one attempt.
type outcome struct {
	err   error         // nil: delivered
	final bool          // another attempt would be as futile
	wait  time.Duration // the receiver asks for so long
}

// attempt sends a message once.
func (c *deliverer) attempt(ctx context.Context, m *message) outcome {
	now := time.Now()
	signature, err := c.sign.Sign(m.ID, now, m.Body)
	if err != nil {
		return outcome{err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.hook.URL, bytes.NewReader(m.Body))
	if err != nil {
		return outcome{err: errors.New("the URL cannot be used")}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "examlink-server")
	req.Header.Set(webhooks.HeaderWebhookID, m.ID)
	req.Header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(webhooks.HeaderWebhookSignature, signature)
	return post(c.client, req, final)
}

// final says whether a status condemns the message: the receiver has understood
// it and does not want it. What may come from a receiver, or a proxy before it,
// that is being repaired or is set up wrongly (401, 403, 404, ...) is tried
// again until the message is too old. 410 is the specification's "no more".
func final(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// post sends a request. Its errors never name the URL, which may hold a secret.
func post(client *http.Client, req *http.Request, final func(status int) bool) outcome {
	resp, err := client.Do(req)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return outcome{err: err}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, answerBytes))
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return outcome{}
	}
	f := outcome{err: fmt.Errorf("answer %d, expected 2xx", resp.StatusCode), final: final(resp.StatusCode)}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		f.err = fmt.Errorf("answer %d, expected 2xx: redirects are not followed", resp.StatusCode)
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		f.wait = time.Duration(min(s, int(retryAfter/time.Second))) * time.Second
	}
	return f
}
