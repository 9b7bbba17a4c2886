package delivery

import (
	"context"
	"errors"

	"examlink/server/alert"
)

// receivers are the webhooks and the Alertmanagers of a configuration.
type receivers struct {
	deliverers []*deliverer
	pushers    []*pusher
}

// loop is the goroutine of a receiver.
type loop struct {
	run func(context.Context)
	end func() // ends it and waits; nil: it does not run
}

func (l *loop) stop() {
	if l.end != nil {
		l.end()
	}
	l.end = nil
}

// loops lists the loops of all receivers.
func (r *receivers) loops() (out []*loop) {
	for _, d := range r.deliverers {
		out = append(out, &d.loop)
	}
	for _, p := range r.pushers {
		out = append(out, &p.loop)
	}
	return out
}

// named returns the deliverer of a webhook; nil if there is none.
func (r *receivers) named(name string) *deliverer {
	for _, d := range r.deliverers {
		if d.hook.Name == name {
			return d
		}
	}
	return nil
}

func (r *receivers) close() error {
	var errs []error
	for _, d := range r.deliverers {
		errs = append(errs, d.queue.close())
	}
	return errors.Join(errs...)
}

// Options returns the options in force, with defaults filled in.
func (n *Notifier) Options() Options {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.o
}

// wantedBy returns the deliverers of the webhooks that want a notice.
func (r *receivers) wantedBy(x alert.Notice) (out []*deliverer) {
	for _, d := range r.deliverers {
		if d.hook.wants(x) {
			out = append(out, d)
		}
	}
	return out
}
