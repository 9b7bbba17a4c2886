package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"examlink/server/delivery"
	"examlink/server/event"
	"examlink/server/store"
)

// storeTimeout bounds one access to the store: chosen by us.
const storeTimeout = 5 * time.Second

// liveSessions keeps the store's table of live sessions up to date, so that a
// later run can detect sessions that did not come back. Sessions of an earlier
// run stay in the table.
type liveSessions struct {
	table   store.Sessions
	events  *event.Bus
	now     func() map[string]bool // returns the current sessions
	log     *slog.Logger
	writes  *delivery.Writes
	failing bool            // the latest access failed
	put     map[string]bool // sessions of this run in the table
}

// run handles events until ctx ends, including those queued by then.
func (l *liveSessions) run(ctx context.Context, sub *event.Subscription) {
	var last uint64
	for {
		e, err := sub.Next(ctx)
		switch {
		case err == nil:
			last = e.Number
			l.take(e)
		case errors.Is(err, event.ErrSlow): // the store was too slow for the bus
			if sub = l.events.Subscribe(last+1, 0); sub.Snapshot {
				l.missed()
			}
		default:
			sub.Close()
			return
		}
	}
}

// take handles one event.
func (l *liveSessions) take(e event.Event) {
	x := e.Session
	switch e.Payload.(type) {
	case event.Admitted, event.Resumed, event.State:
		l.put[x.ID] = true
		l.access(func(ctx context.Context) error {
			return l.table.Put(ctx, store.LiveSession{
				ID: x.ID, Exam: x.Exam, Student: x.Student, Token: x.Token, Purpose: x.Purpose,
				Transport: x.Transport, State: x.State, LastPacket: x.LastPacket,
			})
		})
	case event.Ended:
		l.remove(x.ID)
	}
}

// missed removes the sessions whose end was among dropped events.
func (l *liveSessions) missed() {
	now := l.now()
	for id := range l.put {
		if !now[id] {
			l.remove(id)
		}
	}
}

func (l *liveSessions) remove(id string) {
	delete(l.put, id)
	l.access(func(ctx context.Context) error { return l.table.Remove(ctx, id) })
}

// access makes one access to the store. It logs only the first of consecutive
// errors.
func (l *liveSessions) access(f func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	err := f(ctx)
	l.writes.Done("", err)
	if err != nil && !l.failing {
		l.log.Error("live sessions not stored", "err", err)
	}
	l.failing = err != nil
}

// Store returns the store: live sessions, and those of an earlier run that have
// not come back.
func (s *Server) Store() store.Store { return s.o.Store }

// keepSessions starts updating the table of live sessions. The returned
// function stops it.
func (s *Server) keepSessions(ctx context.Context) (stop func()) {
	l := &liveSessions{table: s.o.Store.Sessions(), events: s.events, log: s.o.Log, writes: s.writes, put: map[string]bool{}, now: func() map[string]bool {
		now := map[string]bool{}
		for _, ss := range s.sessions.All() {
			now[ss.ID] = true
		}
		return now
	}}
	sub := s.events.Subscribe(0, 0) // before the first session
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() { defer close(done); l.run(inner, sub) }() // ends with stop
	return func() { cancel(); <-done }
}
