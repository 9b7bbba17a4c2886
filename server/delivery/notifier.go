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
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/server/alert"
	"examlink/server/event"
)

// Notifier turns events into notices and delivers them. It is safe for concurrent
// use.
type Notifier struct {
	log     *slog.Logger
	metrics *metrics
	file    string // of active warnings; "": none
	publish func(event.Event)

	reloading sync.Mutex                                   // before mu
	launch    func(run func(context.Context)) (end func()) // starts a goroutine; nil: Run does not run
	ended     bool

	batch  sync.Mutex // held while events that belong together arrive; before mu
	inbox  sync.Mutex
	events []input
	wake   chan struct{}
	stale  chan struct{} // the queues are to be compared with the store

	mu         sync.Mutex
	o          Options   // in force
	receivers  receivers // changed with reloading held, too
	correlator *alert.Correlator
	active     activeFileState
	role       role
	rejudge    bool                    // the correlator begins anew before the next event
	from       uint64                  // it has taken the events up to this number
	said       map[string]alert.Notice // what is active, by warning, whoever said it; nil: there are no other servers
}

// input is something that has happened.
type input struct {
	number uint64                  // of the event; 0: none
	judge  func(*alert.Correlator) // called with mu held
	said   *alert.Notice           // by another server
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
	n := &Notifier{log: o.Log, publish: o.Publish, metrics: newMetrics(), wake: make(chan struct{}, 1), stale: make(chan struct{}, 1)}
	n.correlator = alert.NewCorrelator(alert.Rules{
		Hold: o.Hold, Incident: o.Incident, MinimumUp: o.MinimumUp, MinimumDown: o.MinimumDown,
	}, n.notify)
	c, err := n.prepare(o)
	if err != nil {
		return nil, err
	}
	n.put(c, o)
	switch {
	case o.Shared != nil:
		n.said, n.role = map[string]alert.Notice{}, follows
	case o.Dir != "":
		n.file = filepath.Join(o.Dir, activeFile)
		n.restore(o.Forget)
		n.saveAll()
	}
	return n, nil
}

// restore takes up the active warnings of an earlier run. Without them the server
// can still run.
func (n *Notifier) restore(forget time.Duration) {
	list, err := readActive(n.file)
	if err != nil {
		n.log.Error("active warnings not restored", "err", err)
	}
	for _, x := range list {
		for _, p := range n.receivers.pushers {
			p.update(x)
		}
	}
	n.correlator.Restore(list, time.Now(), forget)
}

// Register adds the metrics to a registry.
func (n *Notifier) Register(r prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{n.metrics.warnings, n.metrics.sent, n.metrics.failed, n.metrics.undelivered, n.metrics.queues, n.metrics.saved, waitingCollector{n}} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// Writes returns the writes of what the notifier keeps.
func (n *Notifier) Writes() []*Writes { return []*Writes{n.metrics.queues, n.metrics.saved} }

// State takes a change of a session's state. It does not block.
func (n *Notifier) State(s alert.Session) {
	n.enqueue(input{judge: func(c *alert.Correlator) { c.Change(s) }})
}

// Reading takes the reading of a train. It does not block.
func (n *Notifier) Reading(s alert.Session, r alert.Reading) {
	n.enqueue(input{judge: func(c *alert.Correlator) { c.Read(s, r) }})
}

// Minima replaces the policy's minima, IP-layer bit/s; 0 means none. The next
// reading of a rate is the first that is compared with them. It does not block.
func (n *Notifier) Minima(up, down float64) {
	n.enqueue(input{judge: func(c *alert.Correlator) {
		n.o.MinimumUp, n.o.MinimumDown = up, down
		c.SetMinima(up, down)
	}})
}

// enqueue hands an event to the loop. The queue needs no bound: the loop that
// empties it waits for the disk at most, never for a receiver.
func (n *Notifier) enqueue(e input) {
	n.inbox.Lock()
	n.events = append(n.events, e)
	n.inbox.Unlock()
	n.rouse()
}

// rouse makes the loop look again.
func (n *Notifier) rouse() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Run correlates events and delivers notices until ctx ends. Notices that are not
// delivered by then are in the queues of the next run.
func (n *Notifier) Run(ctx context.Context) error {
	n.reloading.Lock()
	n.launch = func(run func(context.Context)) (end func()) {
		inner, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() { defer close(done); run(inner) }() // ends with ctx, or with end
		return func() { cancel(); <-done }
	}
	n.startLoops()
	n.reloading.Unlock()
	if n.said != nil {
		go n.refreshQueues(ctx) // ends with ctx
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
	n.reloading.Lock()
	defer n.reloading.Unlock()
	n.launch, n.ended = nil, true
	for _, l := range n.receivers.loops() {
		l.stop()
	}
	n.process(time.Now())
	n.saveAll()
	return n.receivers.close()
}

// process passes the events to the correlator and returns how long it has nothing
// to do.
func (n *Notifier) process(now time.Time) time.Duration {
	n.batch.Lock()
	defer n.batch.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.inbox.Lock()
	events := n.events
	n.events = nil
	n.inbox.Unlock()
	for _, e := range events {
		if e.said != nil {
			n.heard(*e.said)
		}
	}
	if n.rejudge {
		n.rejudge = false
		n.judgeAnew(now)
	}
	for _, e := range events {
		if e.judge != nil && (e.number == 0 || e.number > n.from) {
			e.judge(n.correlator)
		}
	}
	n.correlator.Run(now)
	pause := time.Hour
	if n.file != "" {
		n.save(now)
		pause = n.active.every()
	}
	if at, ok := n.correlator.Next(); ok {
		pause = min(pause, max(at.Sub(now), 0))
	}
	return pause
}

// notify hands a notice to its receivers. The correlator calls it, with mu held.
func (n *Notifier) notify(x alert.Notice) {
	if n.role == follows {
		return // another server says it
	}
	n.active.changed = true
	n.remember(x)
	n.metrics.count(x)
	n.log.Info("notice", "kind", x.Kind, "state", x.State, "exam", x.Exam, "session", x.Session, "warning", x.Warning)
	if e, ok := eventOf(x); ok && n.publish != nil {
		n.publish(e)
	}
	for _, d := range n.receivers.wantedBy(x) {
		d.add(x, time.Now())
	}
	for _, p := range n.receivers.pushers {
		p.update(x)
	}
}

// Active returns the latest notice of each active warning and incident, the oldest
// warning first.
func (n *Notifier) Active() []alert.Notice {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.said != nil {
		return alert.Oldest(n.said)
	}
	return n.correlator.Active()
}

// Undelivered lists the notices that were given up, by receiver, the latest last.
func (n *Notifier) Undelivered() []Undelivered {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := []Undelivered{}
	for _, d := range n.receivers.deliverers {
		out = append(out, d.queue.undelivered()...)
	}
	return out
}

// waiting counts the notices still to be delivered, by receiver.
func (n *Notifier) waiting() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := map[string]int{}
	if n.role == follows { // another server delivers them
		return out
	}
	for _, d := range n.receivers.deliverers {
		out[d.hook.Name] = d.queue.count()
	}
	for _, p := range n.receivers.pushers {
		out[AlertmanagerName] += p.waiting()
	}
	return out
}
