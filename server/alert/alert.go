// Package alert tells proctors what the server has noticed: by webhooks and by
// Alertmanager. It makes warnings of what the server saw itself, with
// hysteresis, one incident of many sessions that fall silent or below the
// minimum together, and sees to it that each notice arrives, also when its
// receiver is away for a while or the server is started anew.
//
// It refuses to know the server: what happens is handed to it as plain values.
// What a client claims stays apart from what the server saw. A notice is
// evidence about a network, never about a person, and its wording says so; it
// names students by their pseudonyms, and metrics and Alertmanager not at all.
package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// DefaultForget is how long sessions of an earlier run are waited for.
const DefaultForget = 30 * time.Minute

// ReceiverName is what receivers may be called: they name files and labels.
var ReceiverName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// Options configures alerts. Zero values take the defaults.
type Options struct {
	// Dir is the directory of the queues, for one process alone; empty: they are
	// kept in memory.
	Dir          string
	Webhooks     []Webhook
	Alertmanager Alertmanager
	// MinimumUp and MinimumDown are the policy's minima, IP-layer bit/s; 0 sets
	// none.
	MinimumUp, MinimumDown float64
	// Hold is how long the first word of a silence waits; see DefaultHold. Less
	// than 0 is not at all, and then no word of a rate waits for others either.
	Hold     time.Duration
	Incident IncidentRule
	MaxAge   time.Duration // of a notice that cannot be delivered
	QueueMax int64         // bytes for each receiver, in memory and on disk
	Forget   time.Duration // sessions of an earlier run
	Log      *slog.Logger
	// Dial, if set, connects to receivers instead of the system.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Alerts tells of what happens. It is safe for concurrent use.
type Alerts struct {
	log      *slog.Logger
	metrics  *metrics
	couriers []*courier
	pushers  []*pusher
	standing string // file; "": none
	wake     chan struct{}

	inbox  sync.Mutex
	events []func(*desk)

	mu     sync.Mutex
	desk   *desk
	unsaid bool // what stands has changed since it was written
}

// New checks the options, and takes up what an earlier run left.
func New(o Options) (*Alerts, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	fill := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	fill(&o.Hold, DefaultHold)
	fill(&o.MaxAge, DefaultMaxAge)
	fill(&o.Forget, DefaultForget)
	fill(&o.Alertmanager.Timeout, DefaultTimeout)
	if o.QueueMax == 0 {
		o.QueueMax = DefaultQueueMax
	}
	if o.Incident == (IncidentRule{}) {
		o.Incident = DefaultIncident()
	}
	if o.Dir != "" {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("alerts: %w", err)
		}
	}
	a := &Alerts{log: o.Log, metrics: newMetrics(), wake: make(chan struct{}, 1)}
	a.desk = newDesk(rules{
		hold: o.Hold, incident: o.Incident, minimum: map[string]float64{"up": o.MinimumUp, "down": o.MinimumDown},
	}, a.tell)
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
		a.standing = filepath.Join(o.Dir, "standing.json")
		list, err := readStanding(a.standing)
		if err != nil { // better to serve without it
			a.log.Error("alerts", "err", err)
		}
		for _, n := range list {
			for _, p := range a.pushers {
				p.take(n)
			}
		}
		a.desk.restore(list, time.Now(), o.Forget)
	}
	return a, nil
}

// add opens a webhook's queue.
func (a *Alerts) add(h Webhook, o Options) error {
	if h.Timeout == 0 {
		h.Timeout = DefaultTimeout
	}
	if !ReceiverName.MatchString(h.Name) || h.Name == AlertmanagerName ||
		slices.ContainsFunc(a.couriers, func(c *courier) bool { return c.hook.Name == h.Name }) {
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
	a.couriers = append(a.couriers, &courier{
		hook: h, queue: q, sign: sign, client: newClient(h.Timeout, o.Dial), maxAge: o.MaxAge, log: o.Log,
		metrics: a.metrics.of(h.Name), lanes: map[string]*lane{}, done: make(chan result),
	})
	return nil
}

// Register adds the metrics to a registry.
func (a *Alerts) Register(r prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{a.metrics.warnings, a.metrics.sent, a.metrics.failed, a.metrics.undelivered, waitingCollector{a}} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// State takes a change of a session's state. It does not block.
func (a *Alerts) State(s Session) { a.happened(func(d *desk) { d.change(s) }) }

// Reading takes what one train of a session read. It does not block.
func (a *Alerts) Reading(s Session, r Reading) { a.happened(func(d *desk) { d.read(s, r) }) }

// Minima puts other minima in force, IP-layer bit/s; 0 sets none. It does not
// block. What stands is measured by them from its next reading on.
func (a *Alerts) Minima(up, down float64) {
	a.happened(func(d *desk) {
		next := map[string]float64{"up": up, "down": down}
		for _, sub := range d.sessions {
			for direction, x := range sub.rates {
				if next[direction] > d.minimum[direction] {
					x.well = false // it has not met this one
				}
			}
		}
		d.minimum = next
	})
}

// happened queues what happened. The queue needs no bound: who empties it waits
// for the disk at most, and for no receiver.
func (a *Alerts) happened(f func(*desk)) {
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
func (a *Alerts) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, c := range a.couriers {
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
func (a *Alerts) work(now time.Time) time.Duration {
	a.inbox.Lock()
	events := a.events
	a.events = nil
	a.inbox.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range events {
		f(a.desk)
	}
	a.desk.run(now)
	if a.unsaid && a.standing != "" {
		if err := writeStanding(a.standing, a.desk.list()); err != nil {
			a.log.Error("alerts", "err", err)
		}
	}
	a.unsaid = false
	if at, ok := a.desk.next(); ok {
		return max(at.Sub(now), 0)
	}
	return time.Hour
}

// tell hands a notice to those who want it. Called by the desk.
func (a *Alerts) tell(n Notice) {
	a.unsaid = true
	a.metrics.told(n)
	a.log.Info("notice", "kind", n.Kind, "state", n.State, "exam", n.Exam, "session", n.Session, "warning", n.Warning)
	for _, c := range a.couriers {
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
func (a *Alerts) Standing() []Notice {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.desk.list()
}

// Rates are the latest readings of a session, as far as there are any: what the
// server read going up, and what the client claims coming down.
func (a *Alerts) Rates(session string) (up, down *Rate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	sub := a.desk.sessions[session]
	if sub == nil {
		return nil, nil
	}
	if r := sub.rates["up"]; r != nil {
		up = r.last
	}
	if r := sub.rates["down"]; r != nil {
		down = r.last
	}
	return up, down
}

// Undelivered lists what was given up lately, by receiver, the latest last.
func (a *Alerts) Undelivered() []Undelivered {
	out := []Undelivered{}
	for _, c := range a.couriers {
		out = append(out, c.queue.undelivered()...)
	}
	return out
}

// waiting counts what has not been delivered yet, by receiver.
func (a *Alerts) waiting() map[string]int {
	out := map[string]int{}
	for _, c := range a.couriers {
		out[c.hook.Name] = c.queue.count()
	}
	for _, p := range a.pushers {
		out[AlertmanagerName] += p.waiting()
	}
	return out
}

func (a *Alerts) close() error {
	var errs []error
	for _, c := range a.couriers {
		errs = append(errs, c.queue.close())
	}
	return errors.Join(errs...)
}
