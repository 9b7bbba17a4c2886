package cluster

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"examlink/server/event"
	"examlink/server/store"
)

// Chosen by us.
const (
	batchMost   = 500     // events in one transaction
	pendingMost = 100_000 // events that wait for the store
	retryAfter  = 250 * time.Millisecond
)

// outbox has the events that are not in the log yet. It is safe for concurrent use.
type outbox struct {
	wake chan struct{}

	mu      sync.Mutex
	events  []store.LoggedEvent
	dropped uint64 // for want of room
	bad     uint64 // that the store did not take
}

// readings are the kinds that the next one of their session makes obsolete: an event has the
// warnings that the client claims, whatever it is about.
func readings() []string {
	return []string{string(event.KindReading), string(event.KindClaim), string(event.KindReport)}
}

// add adds an event. Beyond the bound it drops readings first.
func (o *outbox) add(e store.LoggedEvent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events = append(o.events, e)
	if n := len(o.events); n > pendingMost {
		some := n / 10 // seldom, since it looks at all of them
		o.events = slices.DeleteFunc(o.events, func(e store.LoggedEvent) bool {
			gone := some > 0 && slices.Contains(readings(), e.Kind)
			if gone {
				some--
			}
			return gone
		})
		o.events = o.events[max(len(o.events)-pendingMost, 0):]
		o.dropped += uint64(n - len(o.events)) //nolint:gosec // what was dropped
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// some returns the first events that wait.
func (o *outbox) some() []store.LoggedEvent {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.events[:min(len(o.events), batchMost)])
}

// written removes the first n events, unless others had to be dropped meanwhile: then
// some are written twice, which changes nothing.
func (o *outbox) written(n int, dropped uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dropped == dropped {
		o.events = o.events[n:]
	}
	if len(o.events) == 0 {
		o.events = nil
	}
}

func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.events)
}

// overflown is how many events were dropped for want of room.
func (o *outbox) overflown() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.dropped
}

// refused counts an event that the store does not take.
func (o *outbox) refused() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bad++
}

// lost is how many events nobody will hear of.
func (o *outbox) lost() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.dropped + o.bad
}

// note takes an event of this server's bus. Glances, repeated reports and refusals are
// nobody else's business.
func (c *Cluster) note(e event.Event) {
	if e.Server != "" {
		return
	}
	switch p := e.Payload.(type) {
	case event.Refused:
		return
	case event.Report:
		if p.Repeated {
			return
		}
	case event.Reading:
		if !p.Measures {
			return
		}
	}
	c.noteOwn(e)
	body, err := event.Encode(e)
	if err != nil {
		c.o.Log.Error("event not shared with the other servers", "err", err)
		return
	}
	c.out.add(store.LoggedEvent{
		Server: c.id, Kind: string(e.Payload.Kind()), Exam: e.Session.Exam, Student: e.Session.Student, At: e.At, Body: body,
	})
}

// write writes events into the log until ctx ends. While the store fails they wait.
func (c *Cluster) write(ctx context.Context) {
	for {
		var retry <-chan time.Time
		if err := c.flush(ctx); err != nil {
			retry = time.After(retryAfter)
		}
		select {
		case <-ctx.Done():
			return
		case <-retry:
		case <-c.wake(retry != nil):
		}
	}
}

// wake returns what says that there are new events; nothing while the store fails.
func (c *Cluster) wake(failing bool) <-chan struct{} {
	if failing {
		return nil
	}
	return c.out.wake
}

// flush writes all events that wait.
func (c *Cluster) flush(ctx context.Context) error {
	for {
		dropped, some := c.out.overflown(), c.out.some()
		if len(some) == 0 {
			return nil
		}
		if err := c.append(ctx, some); err != nil {
			return err
		}
		c.out.written(len(some), dropped)
	}
}

// append writes events in one transaction; if the store cannot keep one of them, each
// in its own, without that one.
func (c *Cluster) append(ctx context.Context, some []store.LoggedEvent) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := c.o.Store.Events().Append(ctx, some)
	if err == nil || !unacceptable(err) {
		return err
	}
	for i := range some {
		_, err := c.o.Store.Events().Append(ctx, some[i:i+1])
		switch {
		case err == nil:
		case unacceptable(err):
			c.out.refused()
			c.o.Log.Error("event not shared with the other servers", "kind", some[i].Kind, "err", err)
		default:
			return err // those before it are written twice, which changes nothing
		}
	}
	return nil
}

// unacceptable reports whether the store will never take an event.
func unacceptable(err error) bool {
	return errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrTooLarge)
}
