package delivery

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// change is the way from the receivers of one configuration to those of the next.
type change struct {
	next          receivers
	added, gone   receivers
	loops         []*loop  // of receivers that stay and change: they rest meanwhile
	apply         []func() // changes those
	names         []string // of those
	alertmanagers bool     // their settings changed, or the list of them
}

// prepare checks a configuration and opens the queues of its new webhooks. On an error
// it leaves nothing open, and in any case the receivers in force as they are.
func (n *Notifier) prepare(o Options) (c change, err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, d := range c.added.deliverers {
			n.metrics.forget(d.hook.Name)
		}
		err = errors.Join(err, c.added.close())
	}()
	for _, u := range o.Alertmanager.URLs {
		if err := CheckAlertmanagerURL(u); err != nil {
			return c, fmt.Errorf("alertmanager: %w", err)
		}
	}
	for _, w := range o.Webhooks {
		if c.next.named(w.Name) != nil {
			return c, fmt.Errorf("webhook %q: expected a unique name", w.Name)
		}
		t, err := newTarget(w, o)
		if err != nil {
			return c, err
		}
		d := n.receivers.named(w.Name)
		switch {
		case d == nil:
			if d, err = newDeliverer(t, o, n.metrics.of(w.Name), n.metrics.queues); err != nil {
				return c, err
			}
			c.added.deliverers = append(c.added.deliverers, d)
		case d.maxAge != t.maxAge || !reflect.DeepEqual(d.hook, t.hook):
			c.loops, c.names = append(c.loops, &d.loop), append(c.names, w.Name)
			c.apply = append(c.apply, func() { d.target = t })
		}
		c.next.deliverers = append(c.next.deliverers, d)
	}
	n.preparePushers(o, &c)
	for _, d := range n.receivers.deliverers {
		if c.next.named(d.hook.Name) == nil {
			c.gone.deliverers = append(c.gone.deliverers, d)
		}
	}
	return c, nil
}

// preparePushers finds the Alertmanagers that stay, by their addresses.
func (n *Notifier) preparePushers(o Options, c *change) {
	c.gone.pushers = slices.Clone(n.receivers.pushers)
	for _, u := range o.Alertmanager.URLs {
		i := slices.IndexFunc(c.gone.pushers, func(p *pusher) bool { return p.url == alertsURL(u) })
		if i < 0 {
			p := newPusher(o, u, n.metrics.of(AlertmanagerName))
			c.added.pushers, c.next.pushers = append(c.added.pushers, p), append(c.next.pushers, p)
			c.alertmanagers = true
			continue
		}
		p := c.gone.pushers[i]
		c.gone.pushers = slices.Delete(c.gone.pushers, i, i+1)
		c.next.pushers = append(c.next.pushers, p)
		if p.configured(o.Alertmanager) {
			continue
		}
		c.loops, c.alertmanagers = append(c.loops, &p.loop), true
		c.apply = append(c.apply, func() { p.configure(o) })
	}
	c.alertmanagers = c.alertmanagers || len(c.gone.pushers) > 0
}

// Reload puts other receivers, other bounds of their queues and other rules in force. On an error
// nothing changes. Receivers that stay keep what is queued for them and the alerts they
// have; an attempt that is under way to one that changes is made again. What is queued
// for a webhook that goes stays in its file until there is a webhook of that name again.
// A new Alertmanager gets the active alerts. Hold and Incident apply to what happens from
// now on, and no active warning is lost. The options that are no keys of a configuration
// stay as they are.
func (n *Notifier) Reload(o Options) error {
	n.reloading.Lock()
	defer n.reloading.Unlock()
	if n.ended {
		return errors.New("notifications have ended")
	}
	was := n.Options()
	o.Dir, o.Queues, o.Dial, o.Date, o.Log, o.Publish, o.Forget, o.Shared = was.Dir, was.Queues, was.Dial, was.Date, was.Log, was.Publish, was.Forget, was.Shared
	o.MinimumUp, o.MinimumDown = was.MinimumUp, was.MinimumDown
	o.fill()
	c, err := n.prepare(o)
	if err != nil {
		return err
	}
	for _, l := range append(c.loops, c.gone.loops()...) {
		l.stop()
	}
	n.put(c, o)
	n.startLoops()
	n.dropped(c.gone)
	if len(c.names)+len(c.added.deliverers)+len(c.gone.deliverers) > 0 || c.alertmanagers {
		n.log.Info("receivers changed", "added", namesOf(c.added), "changed", strings.Join(c.names, ","), "removed", namesOf(c.gone), "alertmanagers", len(o.Alertmanager.URLs))
	}
	return c.gone.close()
}

// put puts prepared receivers in force, whose loops rest.
func (n *Notifier) put(c change, o Options) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, f := range c.apply {
		f()
	}
	for _, p := range c.added.pushers {
		for _, x := range n.correlator.Active() {
			p.update(x)
		}
	}
	for _, d := range c.next.deliverers {
		d.queue.bound(o.QueueMax)
	}
	n.correlator.SetRules(o.Hold, o.Incident)
	n.receivers, n.o = c.next, o
}

// dropped ends the series of receivers that are gone, and says what waits for them.
func (n *Notifier) dropped(gone receivers) {
	for _, d := range gone.deliverers {
		n.metrics.forget(d.hook.Name)
		if waiting := d.queue.count(); waiting > 0 {
			n.log.Warn("webhook removed; its notifications wait until there is one of its name again", "receiver", d.hook.Name, "waiting", waiting)
		}
	}
	if len(gone.pushers) > 0 && len(n.receivers.pushers) == 0 {
		n.metrics.forget(AlertmanagerName)
	}
}

// startLoops starts the loops that do not run, if the notifier runs. Called with
// reloading held.
func (n *Notifier) startLoops() {
	if n.launch == nil || n.role == follows {
		return
	}
	for _, l := range n.receivers.loops() {
		if l.end == nil {
			l.end = n.launch(l.run)
		}
	}
}

func namesOf(r receivers) string {
	var names []string
	for _, d := range r.deliverers {
		names = append(names, d.hook.Name)
	}
	return strings.Join(names, ",")
}
