// Package delivery brings notices to proctors, by webhooks and Alertmanager. It
// passes events to the correlator of package alert and delivers its notices, also
// when a receiver was away for a while or the server has restarted: undelivered
// notices and active warnings are on disk.
//
// It subscribes to a server's events and knows nothing else of it. Metrics, logs
// and Alertmanager never name a student.
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

	"examlink/server/alert"
	"examlink/server/event"
)

// activeFile holds the active warnings; see readActive.
const activeFile = "standing.json"

// Notifier turns events into notices and delivers them. It is safe for concurrent
// use.
type Notifier struct {
	log        *slog.Logger
	metrics    *metrics
	deliverers []*deliverer
	pushers    []*pusher
	file       string // of active warnings; "": none
	publish    func(event.Event)

	inbox  sync.Mutex
	events []func(*alert.Correlator)
	wake   chan struct{}

	mu         sync.Mutex
	correlator *alert.Correlator
	unsaved    bool // warnings have changed since the file was written
}

// New checks the options, opens the queues and restores the active warnings of an
// earlier run.
func New(o Options) (*Notifier, error) {
	o.fill()
	if o.Dir != "" {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("directory of queues: %w", err)
		}
	}
	n := &Notifier{log: o.Log, publish: o.Publish, metrics: newMetrics(), wake: make(chan struct{}, 1)}
	n.correlator = alert.NewCorrelator(alert.Rules{
		Hold: o.Hold, Incident: o.Incident, MinimumUp: o.MinimumUp, MinimumDown: o.MinimumDown,
	}, n.notify)
	if err := n.addReceivers(o); err != nil {
		return nil, errors.Join(err, n.close())
	}
	if o.Dir != "" {
		n.file = filepath.Join(o.Dir, activeFile)
		n.restore(o.Forget)
	}
	return n, nil
}

func (n *Notifier) addReceivers(o Options) error {
	for _, w := range o.Webhooks {
		if slices.ContainsFunc(n.deliverers, func(d *deliverer) bool { return d.hook.Name == w.Name }) {
			return fmt.Errorf("webhook %q: expected a unique name", w.Name)
		}
		d, err := newDeliverer(w, o, n.metrics.of(w.Name))
		if err != nil {
			return err
		}
		n.deliverers = append(n.deliverers, d)
	}
	for _, u := range o.Alertmanager.URLs {
		if err := CheckAlertmanagerURL(u); err != nil {
			return fmt.Errorf("alertmanager: %w", err)
		}
		n.pushers = append(n.pushers, newPusher(o, u, n.metrics.of(AlertmanagerName)))
	}
	return nil
}

// restore takes up the active warnings of an earlier run. Without them the server
// can still run.
func (n *Notifier) restore(forget time.Duration) {
	list, err := readActive(n.file)
	if err != nil {
		n.log.Error("active warnings not restored", "err", err)
	}
	for _, x := range list {
		for _, p := range n.pushers {
			p.update(x)
		}
	}
	n.correlator.Restore(list, time.Now(), forget)
}

// Register adds the metrics to a registry.
func (n *Notifier) Register(r prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{n.metrics.warnings, n.metrics.sent, n.metrics.failed, n.metrics.undelivered, waitingCollector{n}} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// State takes a change of a session's state. It does not block.
func (n *Notifier) State(s alert.Session) { n.enqueue(func(c *alert.Correlator) { c.Change(s) }) }

// Reading takes the reading of a train. It does not block.
func (n *Notifier) Reading(s alert.Session, r alert.Reading) {
	n.enqueue(func(c *alert.Correlator) { c.Read(s, r) })
}

// Minima replaces the policy's minima, IP-layer bit/s; 0 means none. The next
// reading of a rate is the first that is compared with them. It does not block.
func (n *Notifier) Minima(up, down float64) {
	n.enqueue(func(c *alert.Correlator) { c.SetMinima(up, down) })
}

// enqueue hands an event to the loop. The queue needs no bound: the loop that
// empties it waits for the disk at most, never for a receiver.
func (n *Notifier) enqueue(f func(*alert.Correlator)) {
	n.inbox.Lock()
	n.events = append(n.events, f)
	n.inbox.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Run correlates events and delivers notices until ctx ends. Notices that are not
// delivered by then are in the queues of the next run.
func (n *Notifier) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, d := range n.deliverers {
		wg.Go(func() { d.run(ctx) }) // ends with ctx
	}
	for _, p := range n.pushers {
		wg.Go(func() { p.run(ctx) }) // ends with ctx
	}
	for ctx.Err() == nil {
		timer := time.NewTimer(n.process(time.Now()))
		select {
		case <-n.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	wg.Wait()
	n.process(time.Now())
	return n.close()
}

// process passes the events to the correlator and returns how long it has nothing
// to do.
func (n *Notifier) process(now time.Time) time.Duration {
	n.inbox.Lock()
	events := n.events
	n.events = nil
	n.inbox.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, f := range events {
		f(n.correlator)
	}
	n.correlator.Run(now)
	if n.unsaved && n.file != "" {
		if err := writeActive(n.file, n.correlator.Active()); err != nil {
			n.log.Error("active warnings not saved", "err", err)
		}
	}
	n.unsaved = false
	if at, ok := n.correlator.Next(); ok {
		return max(at.Sub(now), 0)
	}
	return time.Hour
}

// notify hands a notice to its receivers. The correlator calls it.
func (n *Notifier) notify(x alert.Notice) {
	n.unsaved = true
	n.metrics.count(x)
	n.log.Info("notice", "kind", x.Kind, "state", x.State, "exam", x.Exam, "session", x.Session, "warning", x.Warning)
	if e, ok := eventOf(x); ok && n.publish != nil {
		n.publish(e)
	}
	for _, d := range n.deliverers {
		if d.hook.wants(x) {
			d.add(x, time.Now())
		}
	}
	for _, p := range n.pushers {
		p.update(x)
	}
}

// Active returns the latest notice of each active warning and incident, the oldest
// warning first.
func (n *Notifier) Active() []alert.Notice {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.correlator.Active()
}

// Rates returns the latest readings of a session, nil where there is none: the
// upload that the server measured and the download that the client claims.
func (n *Notifier) Rates(session string) (up, down *alert.Rate) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.correlator.Rates(session)
}

// Undelivered lists the notices that were given up, by receiver, the latest last.
func (n *Notifier) Undelivered() []Undelivered {
	out := []Undelivered{}
	for _, d := range n.deliverers {
		out = append(out, d.queue.undelivered()...)
	}
	return out
}

// waiting counts the notices still to be delivered, by receiver.
func (n *Notifier) waiting() map[string]int {
	out := map[string]int{}
	for _, d := range n.deliverers {
		out[d.hook.Name] = d.queue.count()
	}
	for _, p := range n.pushers {
		out[AlertmanagerName] += p.waiting()
	}
	return out
}

func (n *Notifier) close() error {
	var errs []error
	for _, d := range n.deliverers {
		errs = append(errs, d.queue.close())
	}
	return errors.Join(errs...)
}
