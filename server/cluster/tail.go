package cluster

import (
	"context"

	"examlink/server/event"
	"examlink/server/store"
)

// unreadMost is how many events are read before they are published. Chosen by us.
const unreadMost = 20_000

// after reads the next events of the log.
func (c *Cluster) after(ctx context.Context, number uint64) ([]store.LoggedEvent, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return c.o.Store.Events().After(ctx, number)
}

// decode returns a logged event as it is published here; false: a later version wrote
// what this one does not know.
func (c *Cluster) decode(l store.LoggedEvent) (event.Event, bool) {
	e, err := event.Decode(event.Kind(l.Kind), l.Body)
	if err != nil {
		c.o.Log.Warn("event of another server left out", "number", l.Number, "err", err)
		return e, false
	}
	e.At, e.Server = l.At, l.Server
	return e, true
}

// replay publishes what the log comes to so far. Called with reading held.
func (c *Cluster) replay(ctx context.Context) error {
	active, from := event.NewActive(), uint64(0)
	for {
		some, err := c.after(ctx, from)
		if err != nil {
			return err
		}
		if len(some) == 0 {
			break
		}
		for _, l := range some {
			from = l.Number
			if e, ok := c.decode(l); ok && c.current(e) {
				e.Number = l.Number
				active.Apply(e)
			}
		}
	}
	c.mu.Lock()
	c.read, c.joined = from, true
	c.mu.Unlock()
	var events []event.Event
	for _, e := range active.Events() {
		if e.Server != c.id {
			events = append(events, e)
		}
	}
	c.publish(events)
	return nil
}

// readLog publishes the events that the other servers have written since; the first
// time, what they come to.
func (c *Cluster) readLog(ctx context.Context) error {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.mu.Lock()
	joined := c.joined
	c.mu.Unlock()
	if !joined {
		return c.replay(ctx)
	}
	for {
		some, err := c.unread(ctx)
		if err != nil || len(some) == 0 {
			return err
		}
		var events []event.Event
		for _, l := range some {
			if l.Server == c.id {
				c.logged(l)
				continue
			}
			if e, ok := c.decode(l); ok && c.current(e) {
				events = append(events, e)
			}
		}
		c.publish(events)
		c.mu.Lock()
		c.read = some[len(some)-1].Number
		c.mu.Unlock()
	}
}

// unread returns what was written since, in the order of the log and not all of it at once
// if it is much.
func (c *Cluster) unread(ctx context.Context) (some []store.LoggedEvent, err error) {
	c.mu.Lock()
	from := c.read
	c.mu.Unlock()
	for len(some) < unreadMost {
		page, err := c.after(ctx, from)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		some, from = append(some, page...), page[len(page)-1].Number
	}
	return some, nil
}

// publish publishes events of other servers. Warnings come first: whoever judges must
// know what was said already, before it judges again.
func (c *Cluster) publish(events []event.Event) {
	if c.o.Hold != nil {
		defer c.o.Hold()()
	}
	for _, first := range []bool{true, false} {
		for _, e := range events {
			if notice(e) != first {
				continue
			}
			c.o.Events.Publish(e)
			c.o.Heard(e)
		}
	}
}

// notice reports whether an event is a warning or an incident.
func notice(e event.Event) bool {
	k := e.Payload.Kind()
	return k == event.KindWarning || k == event.KindIncident
}
