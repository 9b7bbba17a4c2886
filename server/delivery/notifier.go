// Package delivery tells proctors what the server has noticed: by webhooks and by
// Alertmanager. It has package alert make notices of what happens, and sees to it
// that each arrives, also when its receiver is away for a while or the server is
// started anew.
//
// It refuses to know the server: what happens is handed to it as plain values.
// Metrics and Alertmanager do not name students at all.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"examlink/server/alert"
)

// Notifier tells of what happens. It is safe for concurrent use.
type Notifier struct {
	log        *slog.Logger
	metrics    *metrics
	deliverers []*deliverer
	pushers    []*pusher
	activeFile string // file; "": none
	wake       chan struct{}

	inbox  sync.Mutex
	events []func(*alert.Correlator)

	mu         sync.Mutex
	correlator *alert.Correlator
	dirty      bool // what stands has changed since it was written
}

// New checks the options, and takes up what an earlier run left.
func New(o Options) (*Notifier, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	fill := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	fill(&o.Hold, alert.DefaultHold)
	fill(&o.MaxAge, DefaultMaxAge)
	fill(&o.Forget, DefaultForget)
	fill(&o.Alertmanager.Timeout, DefaultTimeout)
	if o.QueueMax == 0 {
		o.QueueMax = DefaultQueueMax
	}
	if o.Incident == (alert.IncidentRule{}) {
		o.Incident = alert.DefaultIncident()
	}
	if o.Dir != "" {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("alerts: %w", err)
		}
	}
	a := &Notifier{log: o.Log, metrics: newMetrics(), wake: make(chan struct{}, 1)}
	a.correlator = alert.NewCorrelator(alert.Rules{
		Hold: o.Hold, Incident: o.Incident, MinimumUp: o.MinimumUp, MinimumDown: o.MinimumDown,
	}, a.notify)
	for _, h := range o.Webhooks {
		if err := a.add(h, o); err != nil {
			return nil, errors.Join(err, a.close())
		}
	}
	for _, u := range o.Alertmanager.URLs {
		if err := CheckAlertmanagerURL(u); err != nil {
			return nil, errors.Join(fmt.Errorf("alertmanager: %w", err), a.close())
		}
		client := newClient(o.Alertmanager.Timeout, o.Dial)
		a.pushers = append(a.pushers, newPusher(o.Alertmanager, u, client, o.Log, a.metrics.of(AlertmanagerName)))
	}
	if o.Dir != "" {
		a.activeFile = filepath.Join(o.Dir, "standing.json")
		list, err := readActive(a.activeFile)
		if err != nil { // better to serve without it
			a.log.Error("alerts", "err", err)
		}
		for _, n := range list {
			for _, p := range a.pushers {
				p.take(n)
			}
		}
		a.correlator.Restore(list, time.Now(), o.Forget)
	}
	return a, nil
}

// add opens a webhook's queue.
func (a *Notifier) add(h Webhook, o Options) error {
	if h.Timeout == 0 {
		h.Timeout = DefaultTimeout
	}
	if !ReceiverName.MatchString(h.Name) || h.Name == AlertmanagerName ||
		slices.ContainsFunc(a.deliverers, func(c *deliverer) bool { return c.hook.Name == h.Name }) {
		return fmt.Errorf("webhook %q: expected a name of its own, of small letters, digits and hyphens", h.Name)
	}
	err := CheckURL(h.URL)
	if err == nil {
		err = CheckSecret(h.Secret)
	}
	if err != nil {
		return fmt.Errorf("webhook %s: %w", h.Name, err)
	}
	sign, err := webhooks.NewWebhook(h.Secret)
	if err != nil {
		return fmt.Errorf("webhook %s: %w", h.Name, err)
	}
	file := ""
	if o.Dir != "" {
		file = filepath.Join(o.Dir, h.Name+".queue")
	}
	q, err := openQueue(h.Name, file, o.QueueMax)
	if err != nil {
		return err
	}
	if q.skipped > 0 {
		o.Log.Warn("a queue's file was damaged, what could be read is delivered", "receiver", h.Name, "file", file, "lines_skipped", q.skipped)
	}
	a.deliverers = append(a.deliverers, &deliverer{
		hook: h, queue: q, sign: sign, client: newClient(h.Timeout, o.Dial), maxAge: o.MaxAge, log: o.Log,
		metrics: a.metrics.of(h.Name), lanes: map[string]*lane{}, done: make(chan result),
	})
	return nil
}

// Register adds the metrics to a registry.
func (a *Notifier) Register(r prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{a.metrics.warnings, a.metrics.sent, a.metrics.failed, a.metrics.undelivered, waitingCollector{a}} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// State takes a change of a session's state. It does not block.
func (a *Notifier) State(s alert.Session) { a.enqueue(func(c *alert.Correlator) { c.Change(s) }) }

// Reading takes what one train of a session read. It does not block.
func (a *Notifier) Reading(s alert.Session, r alert.Reading) {
	a.enqueue(func(c *alert.Correlator) { c.Read(s, r) })
}

// Minima puts other minima in force, IP-layer bit/s; 0 sets none. It does not
// block. What stands is measured by them from its next reading on.
func (a *Notifier) Minima(up, down float64) {
	a.enqueue(func(c *alert.Correlator) { c.SetMinima(up, down) })
}

// happened queues what happened. The queue needs no bound: who empties it waits
// for the disk at most, and for no receiver.
func (a *Notifier) enqueue(f func(*alert.Correlator)) {
	a.inbox.Lock()
	a.events = append(a.events, f)
	a.inbox.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Run judges and delivers until ctx ends. It blocks. What could not be delivered
// by then waits in the queues for the next run.
func (a *Notifier) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, c := range a.deliverers {
		wg.Go(func() { c.run(ctx) }) // ends with ctx
	}
	for _, p := range a.pushers {
		wg.Go(func() { p.run(ctx) }) // ends with ctx
	}
	for ctx.Err() == nil {
		wait := a.work(time.Now())
		timer := time.NewTimer(wait)
		select {
		case <-a.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	wg.Wait()
	a.work(time.Now())
	return a.close()
}

// work judges what has happened, and says how long nothing is due.
func (a *Notifier) work(now time.Time) time.Duration {
	a.inbox.Lock()
	events := a.events
	a.events = nil
	a.inbox.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range events {
		f(a.correlator)
	}
	a.correlator.Run(now)
	if a.dirty && a.activeFile != "" {
		if err := writeActive(a.activeFile, a.correlator.Active()); err != nil {
			a.log.Error("alerts", "err", err)
		}
	}
	a.dirty = false
	if at, ok := a.correlator.Next(); ok {
		return max(at.Sub(now), 0)
	}
	return time.Hour
}

// tell hands a notice to those who want it. Called by the correlator.
func (a *Notifier) notify(n alert.Notice) {
	a.dirty = true
	a.metrics.count(n)
	a.log.Info("notice", "kind", n.Kind, "state", n.State, "exam", n.Exam, "session", n.Session, "warning", n.Warning)
	for _, c := range a.deliverers {
		if !c.hook.wants(n) {
			continue
		}
		lost, err := c.queue.put(n, time.Now())
		c.note(err)
		for _, u := range lost {
			c.lost(u)
		}
	}
	for _, p := range a.pushers {
		p.take(n)
	}
}

// Standing is what stands now, the oldest first.
func (a *Notifier) Active() []alert.Notice {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.correlator.Active()
}

// Rates are the latest readings of a session, as far as there are any: what the
// server read going up, and what the client claims coming down.
func (a *Notifier) Rates(session string) (up, down *alert.Rate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.correlator.Rates(session)
}

// Undelivered lists what was given up lately, by receiver, the latest last.
func (a *Notifier) Undelivered() []Undelivered {
	out := []Undelivered{}
	for _, c := range a.deliverers {
		out = append(out, c.queue.undelivered()...)
	}
	return out
}

// waiting counts what has not been delivered yet, by receiver.
func (a *Notifier) waiting() map[string]int {
	out := map[string]int{}
	for _, c := range a.deliverers {
		out[c.hook.Name] = c.queue.count()
	}
	for _, p := range a.pushers {
		out[AlertmanagerName] += p.waiting()
	}
	return out
}

func (a *Notifier) close() error {
	var errs []error
	for _, c := range a.deliverers {
		errs = append(errs, c.queue.close())
	}
	return errors.Join(errs...)
}
