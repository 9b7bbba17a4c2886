package delivery

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v7"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"examlink/server/alert"
)

// Chosen by us.
const (
	inFlight    = 4 // messages to one receiver at once, of different sessions
	retryFirst  = 500 * time.Millisecond
	retryFactor = 2
	retryMost   = 30 * time.Second // a receiver that is back soon has what it missed
	retryAfter  = 10 * time.Minute // the longest pause that a receiver can ask for
	idle        = time.Hour        // between looks at a queue in which nothing is due
)

// deliverer delivers the messages of one webhook's queue: in order for each
// session, several sessions at once.
type deliverer struct {
	target // replaced while the loop rests
	loop
	queue   *queue
	log     *slog.Logger
	metrics receiverMetrics

	lanes map[string]*lane // with an attempt under way, or another one to come
	busy  int              // attempts under way
	done  chan result
}

// target is where a deliverer delivers to, and how.
type target struct {
	hook   Webhook
	sign   *webhooks.Webhook
	client *http.Client
	maxAge time.Duration
}

// lane is the state of one session's deliveries.
type lane struct {
	busy  bool
	after time.Time // when the next attempt may begin
	retry *backoff.ExponentialBackOff
	tries int // that failed
}

type result struct {
	m       *message
	outcome outcome
}

// newTarget checks a webhook.
func newTarget(w Webhook, o Options) (target, error) {
	w.Timeout = cmp.Or(w.Timeout, DefaultTimeout)
	if err := w.Check(); err != nil {
		return target{}, err
	}
	sign, err := webhooks.NewWebhook(w.Secret)
	if err != nil {
		return target{}, fmt.Errorf("webhook %s: %w", w.Name, err)
	}
	return target{hook: w, sign: sign, client: o.reading(newClient(w.Timeout, o.Dial), w.Name), maxAge: o.MaxAge}, nil
}

// newDeliverer opens a webhook's queue.
func newDeliverer(t target, o Options, m receiverMetrics, writes *Writes) (*deliverer, error) {
	kept, err := o.openQueue(t.hook.Name)
	if err != nil {
		return nil, err
	}
	q, err := openQueue(t.hook.Name, kept, o.QueueMax, writes)
	if err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	d := &deliverer{target: t, queue: q, log: o.Log, metrics: m, done: make(chan result)}
	d.run, q.failed = d.deliver, d.logError
	return d, nil
}

// add puts a notice into the queue.
func (d *deliverer) add(n alert.Notice, now time.Time) {
	lost, err := d.queue.put(n, now)
	d.logError(err)
	for _, u := range lost {
		d.countUndelivered(u)
	}
}

// deliver delivers until ctx ends. Messages that are under way then stay in the queue
// unless they arrive.
func (d *deliverer) deliver(ctx context.Context) {
	defer d.client.CloseIdleConnections()
	d.lanes = map[string]*lane{} // a changed receiver may take what it has not taken before
	for {
		now := time.Now()
		next := d.expire(now)
		if t := d.start(ctx, now); t.Before(next) {
			next = t
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case r := <-d.done:
			d.settle(r)
		case <-d.queue.wake:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			d.drain()
			return
		}
		timer.Stop()
	}
}

// drain waits for the attempts under way, which have been cancelled.
func (d *deliverer) drain() {
	for d.busy > 0 {
		if r := <-d.done; r.outcome.err == nil {
			d.settle(r)
		} else {
			d.busy--
		}
	}
}

// expire gives up messages that are too old, and returns when the next one will be.
func (d *deliverer) expire(now time.Time) (next time.Time) {
	next = now.Add(idle)
	for _, m := range d.queue.list() {
		if now.Sub(m.At) >= d.maxAge {
			if l := d.lanes[m.Lane]; l == nil || !l.busy {
				delete(d.lanes, m.Lane)
				d.giveUp(m, fmt.Sprintf("not delivered within %v", d.maxAge), now)
				continue
			}
		}
		if t := m.At.Add(d.maxAge); t.Before(next) && t.After(now) {
			next = t
		}
	}
	return next
}

// start begins the attempts that are due, and returns when the next one is.
func (d *deliverer) start(ctx context.Context, now time.Time) (next time.Time) {
	next = now.Add(idle)
	seen := map[string]bool{}
	for _, m := range d.queue.list() {
		if d.busy >= inFlight {
			break
		}
		l := d.lanes[m.Lane]
		switch {
		case seen[m.Lane]: // an earlier message of the lane comes first
		case l == nil || !l.busy && !l.after.After(now):
			if l == nil {
				l = &lane{retry: newBackOff()}
				d.lanes[m.Lane] = l
			}
			l.busy = true
			d.busy++
			go func() { d.done <- result{m, d.attempt(ctx, m)} }() // ends with the attempt, which ctx ends
		case !l.busy && l.after.Before(next):
			next = l.after
		}
		seen[m.Lane] = true
	}
	return next
}

func newBackOff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.Multiplier, b.MaxInterval = retryFirst, retryFactor, retryMost
	b.Reset()
	return b
}

// settle acts on the outcome of an attempt.
func (d *deliverer) settle(r result) {
	d.busy--
	now := time.Now()
	l := d.lanes[r.m.Lane]
	l.busy = false
	switch {
	case r.outcome.err == nil:
		d.metrics.sent.Inc()
		delete(d.lanes, r.m.Lane)
		d.queue.delivered(r.m)
		for _, other := range d.lanes { // the receiver is back: the others need not wait
			other.after = time.Time{}
		}
	case r.outcome.final:
		d.metrics.failed.Inc()
		delete(d.lanes, r.m.Lane)
		d.giveUp(r.m, r.outcome.err.Error(), now)
	default:
		d.metrics.failed.Inc()
		wait := l.retry.NextBackOff()
		l.after = now.Add(max(wait, min(r.outcome.wait, retryAfter)))
		if l.tries++; l.tries == 1 {
			d.log.Warn("notice not delivered, will retry", "receiver", d.hook.Name, "kind", r.m.Kind, "err", r.outcome.err)
		}
	}
}

func (d *deliverer) giveUp(m *message, why string, now time.Time) {
	if u, waited := d.queue.giveUp(m, why, now); waited {
		d.countUndelivered(u)
	}
}

func (d *deliverer) countUndelivered(u Undelivered) {
	d.metrics.undelivered.Inc()
	d.log.Error("notice given up", "receiver", u.Receiver, "kind", u.Kind, "id", u.ID, "why", u.Why)
}

// logError logs an error of the queue's store.
func (d *deliverer) logError(err error) {
	if err != nil {
		d.log.Error("queue not stored, continuing in memory", "receiver", d.queue.receiver, "err", err)
	}
}

// attempt sends a message once.
func (d *deliverer) attempt(ctx context.Context, m *message) outcome {
	now := time.Now()
	signature, err := d.sign.Sign(m.ID, now, m.Body)
	if err != nil {
		return outcome{err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.hook.URL, bytes.NewReader(m.Body))
	if err != nil {
		return outcome{err: errors.New("the URL cannot be used")}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "examlink-server")
	req.Header.Set(webhooks.HeaderWebhookID, m.ID)
	req.Header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(webhooks.HeaderWebhookSignature, signature)
	return post(d.client, req, final)
}

// final says whether a status rejects the message for good: the receiver has
// understood it and refuses it. A status that may come from a receiver, or a proxy
// before it, that is being repaired or is misconfigured (401, 403, 404, ...) is not
// final. 410 is how the specification ends deliveries.
func final(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}
