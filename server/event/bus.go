package event

import (
	"context"
	"errors"
	"sync"
)

// Chosen by us.
const (
	// DefaultKept is how many events a bus keeps for subscribers that come back.
	DefaultKept = 4096
	// DefaultPending is how many events may wait for a subscriber.
	DefaultPending = 4096
)

// ErrSlow ends a subscription whose subscriber has let too many events wait. It
// may subscribe again from the last number it has seen.
var ErrSlow = errors.New("event: the subscriber was too slow and has been cut off")

// Bus hands each published event to every handler and subscriber, in the order
// of their numbers. It is safe for concurrent use.
type Bus struct {
	mu       sync.Mutex
	last     uint64
	kept     []Event // the latest, in order
	most     int
	active   *Active
	handlers []func(Event)
	subs     map[*Subscription]struct{}
}

// NewBus makes a bus that keeps so many events; 0 is DefaultKept.
func NewBus(kept int) *Bus {
	if kept <= 0 {
		kept = DefaultKept
	}
	return &Bus{most: kept, active: NewActive(), subs: map[*Subscription]struct{}{}}
}

// Handle has f called with every event from now on, one at a time, before
// Publish returns. f must neither block nor publish. It is for what belongs to
// the server itself and must not miss anything, as metrics; everybody else
// subscribes.
func (b *Bus) Handle(f func(Event)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.handlers = append(b.handlers, f)
}

// Publish numbers an event and hands it on. It does not block.
func (b *Bus) Publish(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	e.Number = b.last
	if len(b.kept) >= 2*b.most { // moved seldom, so that publishing stays cheap
		b.kept = append(b.kept[:0], b.kept[len(b.kept)-b.most:]...)
	}
	b.kept = append(b.kept, e)
	b.active.Apply(e)
	for _, f := range b.handlers {
		f(e)
	}
	for s := range b.subs {
		s.push(e)
	}
}

// Last is the number of the latest event; 0 before there was one.
func (b *Bus) Last() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// Snapshot returns, of each session that has not ended, the events that made it what it
// is, and what is active, in the order of their numbers, with the number of the latest
// event.
func (b *Bus) Snapshot() (events []Event, last uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.active.Events(), b.last
}

// Subscribe begins a subscription with event number from. When that is still
// kept, the subscription carries it and all that followed. When it is 0, or no
// longer kept, it begins with a snapshot: of each session that has not ended the
// events that made it what it is, with their old numbers, and what is active;
// Snapshot says so. After either, each new event follows, none missing and none
// twice. pending is how many events may wait before the subscriber is cut off; 0
// is DefaultPending.
func (b *Bus) Subscribe(from uint64, pending int) *Subscription {
	if pending <= 0 {
		pending = DefaultPending
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &Subscription{bus: b, wake: make(chan struct{}, 1)}
	kept := b.kept[max(len(b.kept)-b.most, 0):]
	switch {
	case from > b.last:
	case from > 0 && len(kept) > 0 && from >= kept[0].Number:
		s.queue = append(s.queue, kept[from-kept[0].Number:]...)
	default:
		s.Snapshot = true
		s.queue = b.active.Events()
	}
	s.most = len(s.queue) + pending // what it begins with is no sign of slowness
	b.subs[s] = struct{}{}
	return s
}

// Subscription is one subscriber's stream of events.
type Subscription struct {
	// Snapshot says that the stream begins with a snapshot instead of the event
	// that was asked for.
	Snapshot bool

	bus  *Bus
	most int
	wake chan struct{}

	mu    sync.Mutex
	queue []Event
	slow  bool
}

// push adds an event. Called with the bus locked.
func (s *Subscription) push(e Event) {
	s.mu.Lock()
	if len(s.queue) >= s.most {
		s.slow = true
		delete(s.bus.subs, s)
	} else {
		s.queue = append(s.queue, e)
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Next returns the next event and waits for it. The error is ErrSlow, after the
// events that had been waiting, or that of ctx.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	for {
		s.mu.Lock()
		if len(s.queue) > 0 {
			e := s.queue[0]
			s.queue = s.queue[1:]
			s.mu.Unlock()
			return e, nil
		}
		slow := s.slow
		s.mu.Unlock()
		if slow {
			return Event{}, ErrSlow
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	delete(s.bus.subs, s)
}
