package delivery

import (
	"context"
	"time"

	"examlink/server/alert"
	"examlink/server/event"
)

// refreshEvery is how often the queues are compared with the store, which other servers
// change too. Chosen by us.
const refreshEvery = 5 * time.Second

// role is what a notifier does for the servers that share a store.
type role int

const (
	leads   role = iota // it delivers notices about all sessions; so does one without others
	alone               // about those of its own server
	follows             // another one delivers
)

// Lead makes the notifier judge and deliver, for the sessions of all servers or, while it
// cannot hear of the others, for those of its own. What was said before goes on.
func (n *Notifier) Lead(all bool) {
	if all {
		n.become(leads)
	} else {
		n.become(alone)
	}
}

// Follow makes the notifier leave judging and delivering to another server. What waits
// for delivery goes into the store, for that one to deliver.
func (n *Notifier) Follow() { n.become(follows) }

func (n *Notifier) become(r role) {
	n.reloading.Lock()
	defer n.reloading.Unlock()
	if n.ended || n.said == nil {
		return
	}
	if r == follows {
		for _, l := range n.receivers.loops() {
			l.stop()
		}
	}
	n.mu.Lock()
	n.role, n.rejudge = r, true
	n.mu.Unlock()
	select {
	case n.stale <- struct{}{}: // what others have queued
	default:
	}
	n.startLoops()
	n.enqueue(input{}) // wakes the loop
}

// judgeAnew begins with what was said by anybody and with what the sessions are now.
// Called locked.
func (n *Notifier) judgeAnew(now time.Time) {
	o := n.o
	n.correlator = alert.NewCorrelator(alert.Rules{
		Hold: o.Hold, Incident: o.Incident, MinimumUp: o.MinimumUp, MinimumDown: o.MinimumDown,
	}, n.notify)
	events, last := o.Shared()
	n.from = last
	n.rememberWaiting()
	own := func(event.Event) bool { return true }
	if n.role == alone {
		own = func(e event.Event) bool { return e.Server == "" }
	}
	mine := map[string]bool{}
	for _, e := range events {
		mine[e.Session.ID] = mine[e.Session.ID] || e.Session.ID != "" && own(e)
	}
	var active []alert.Notice
	for _, x := range alert.Oldest(n.said) {
		if n.role == leads || mine[x.Session] {
			active = append(active, x)
		}
	}
	if n.role != follows {
		n.show(active)
		n.correlator.Restore(active, now, o.Forget)
	} else {
		n.hide()
	}
	for _, e := range events {
		if f := judgementOf(e); f != nil && own(e) {
			f(n.correlator)
		}
	}
}

// rememberWaiting keeps what others have said that is still in the inbox: the sessions'
// states may be newer than what was taken from there. Called locked.
func (n *Notifier) rememberWaiting() {
	n.inbox.Lock()
	defer n.inbox.Unlock()
	for _, e := range n.events {
		if e.said != nil {
			n.remember(*e.said)
		}
	}
}

// show has the Alertmanagers know what is active.
func (n *Notifier) show(active []alert.Notice) {
	for _, p := range n.receivers.pushers {
		for _, x := range active {
			p.update(x)
		}
	}
}

// hide forgets what the Alertmanagers know: another server keeps them up to date. The
// loops rest.
func (n *Notifier) hide() {
	for _, p := range n.receivers.pushers {
		p.mu.Lock()
		clear(p.alerts)
		p.mu.Unlock()
	}
}

// heard takes a notice that another server has delivered. Called locked.
func (n *Notifier) heard(x alert.Notice) {
	n.remember(x)
	if n.role == follows {
		return
	}
	n.rejudge = true // it said so while this one did not lead
	for _, p := range n.receivers.pushers {
		p.update(x)
	}
}

// remember keeps what is active. Called locked.
func (n *Notifier) remember(x alert.Notice) {
	switch {
	case n.said == nil:
	case x.State == alert.Cleared:
		delete(n.said, x.Warning)
	case x.Kind != alert.Ended:
		n.said[x.Warning] = x
	}
}

// refreshQueues brings the queues up to date with the store again and again until ctx
// ends.
func (n *Notifier) refreshQueues(ctx context.Context) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-n.stale:
		}
		n.refresh()
	}
}

// refresh brings the queues up to date with the store. While it fails they stay as they
// are, until the next time.
func (n *Notifier) refresh() {
	n.mu.Lock()
	deliverers := append([]*deliverer{}, n.receivers.deliverers...)
	n.mu.Unlock()
	for _, d := range deliverers {
		d.queue.logRefresh(n.log, d.queue.refresh())
	}
}

// Hold has the notifier judge nothing until release is called, once and soon: events that
// arrive meanwhile are taken together.
func (n *Notifier) Hold() (release func()) {
	n.batch.Lock()
	return n.batch.Unlock
}
