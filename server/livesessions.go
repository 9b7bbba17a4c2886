package server

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"examlink/server/delivery"
	"examlink/server/event"
	"examlink/server/session"
	"examlink/server/store"
)

// Chosen by us.
const (
	storeTimeout = 5 * time.Second // of one access to the store
	// refreshEvery is how often the last packets in the table are brought up to date: a
	// later run must know for how long a session has been silent.
	refreshEvery = 30 * time.Second
	retryEvery   = 5 * time.Second // while the store is away
	noSession    = "none"          // is no session's identifier
)

// liveSessions keeps the store's table of live sessions up to date, so that a
// later run can detect sessions that did not come back. Sessions of an earlier
// run stay in the table.
type liveSessions struct {
	table    store.Sessions
	tokens   store.Tokens      // it notes when they were first used
	attended store.Attendances // it notes when students were last connected
	events   *event.Bus
	current  func() map[string]event.Session // returns the current sessions
	log      *slog.Logger
	writes   *delivery.Writes
	failing  bool                     // the latest access failed
	behind   bool                     // an access failed since the table was brought up to date
	put      map[string]event.Session // sessions of this run in the table, as they were written last
	left     map[string]event.Session // sessions that have ended and could not be removed
	// unopened are the tokens whose first use could not be stored
	unopened map[string]time.Time
	server   string        // the run that has them, where several share the store
	handled  atomic.Uint64 // number of the latest event that has been handled
}

// run handles events until ctx ends, including those queued by then.
func (l *liveSessions) run(ctx context.Context, sub *event.Subscription) {
	var last uint64
	refresh := time.Now().Add(refreshEvery)
	for {
		if soon := time.Now().Add(retryEvery); l.behind && soon.Before(refresh) {
			refresh = soon
		}
		if !time.Now().Before(refresh) {
			l.refresh()
			refresh = time.Now().Add(refreshEvery)
		}
		e, err := l.next(ctx, sub, refresh)
		switch {
		case err == nil:
			last = e.Number
			l.take(e)
			l.handled.Store(last)
			if l.failing && ctx.Err() != nil { // the server ends without its store
				sub.Close()
				return
			}
		case errors.Is(err, context.DeadlineExceeded): // time to refresh
		case errors.Is(err, event.ErrSlow): // the store was too slow for the bus
			now := l.events.Last()
			if sub = l.events.Subscribe(last+1, 0); sub.Snapshot {
				l.missed()
				l.handled.Store(now)
			}
		default:
			sub.Close()
			return
		}
	}
}

// next waits for the next event; the error is context.DeadlineExceeded at a time.
func (l *liveSessions) next(ctx context.Context, sub *event.Subscription, until time.Time) (event.Event, error) {
	if ctx.Err() != nil { // events that are queued already
		return sub.Next(ctx)
	}
	short, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	e, err := sub.Next(short)
	if err != nil && ctx.Err() != nil {
		return sub.Next(ctx)
	}
	return e, err
}

// refresh brings the table up to date with the latest packets. It gives up at the first
// access that fails: a store that hangs holds each of them up.
func (l *liveSessions) refresh() {
	current := l.current()
	l.behind = false
	for id, x := range current {
		if _, ok := l.put[id]; ok && !l.store(x) {
			return
		}
	}
	for _, x := range l.left {
		if !l.remove(x) {
			return
		}
	}
	for token, at := range l.unopened {
		if !l.open(token, at) {
			return
		}
	}
	if len(current) == 0 { // a store that is away is noticed before the first session
		l.access(func(ctx context.Context) error { return l.table.Remove(ctx, noSession) })
	}
}

// open notes that a token was used. While the store fails, it is kept in mind.
func (l *liveSessions) open(token string, at time.Time) bool {
	if first, ok := l.unopened[token]; ok {
		at = first
	}
	if !l.access(func(ctx context.Context) error { return l.tokens.Open(ctx, token, at) }) {
		l.unopened[token] = at
		return false
	}
	delete(l.unopened, token)
	return true
}

// store writes one session.
func (l *liveSessions) store(x event.Session) bool {
	l.put[x.ID] = x
	return l.access(func(ctx context.Context) error {
		return l.table.Put(ctx, store.LiveSession{
			ID: x.ID, Exam: x.Exam, Student: x.Student, Token: x.Token, Purpose: x.Purpose,
			Transport: x.Transport, State: x.State, LastPacket: x.LastPacket, Server: l.server,
		})
	})
}

// take handles one event.
func (l *liveSessions) take(e event.Event) {
	x := e.Session
	if e.Server != "" {
		switch e.Payload.(type) {
		case event.Admitted, event.Resumed, event.Restored: // that server writes about it
			delete(l.put, x.ID)
			delete(l.left, x.ID)
		}
		return
	}
	if _, is := e.Payload.(event.Admitted); is {
		l.open(x.Token, e.At)
	}
	switch e.Payload.(type) {
	case event.Admitted, event.Resumed, event.Restored, event.State:
		l.store(x)
	case event.Ended:
		l.remove(x)
	}
}

// missed removes the sessions whose end was among dropped events.
func (l *liveSessions) missed() {
	current := l.current()
	for id, x := range l.put {
		if _, ok := current[id]; !ok {
			l.remove(x)
		}
	}
}

// remove removes a session that has ended, after noting that the student was connected
// until then. While the store fails, it is kept in mind.
func (l *liveSessions) remove(x event.Session) bool {
	delete(l.put, x.ID)
	done := l.access(func(ctx context.Context) error {
		if err := noteAttendance(ctx, l.attended, x.Purpose, x.Exam, x.Student, x.LastPacket); err != nil {
			return err
		}
		return l.table.Remove(ctx, x.ID)
	})
	if !done {
		l.left[x.ID] = x
		return false
	}
	delete(l.left, x.ID)
	return true
}

// noteAttendance notes that a student was connected with a session that leaves the
// table. Checks do not count.
func noteAttendance(ctx context.Context, t store.Attendances, purpose, exam, student string, last time.Time) error {
	if purpose == session.PurposeCheck {
		return nil
	}
	return t.Note(ctx, exam, last, student)
}

// access makes one access to the store, and reports whether it need not be made again. It
// logs only the first of consecutive errors.
func (l *liveSessions) access(f func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	err := f(ctx)
	l.writes.Done("", err)
	if err != nil && !l.failing {
		l.log.Error("live sessions not stored", "err", err)
	}
	l.failing = err != nil
	done := err == nil || permanent(err)
	l.behind = l.behind || !done
	return done
}

// Store returns the store: live sessions, and those of an earlier run that have
// not come back.
func (s *Server) Store() store.Store { return s.o.Store }

// keepSessions starts updating the table of live sessions. The returned
// function stops it.
func (s *Server) keepSessions(ctx context.Context) (stop func()) {
	l := &liveSessions{server: s.clusterID(), table: s.o.Store.Sessions(), tokens: s.o.Store.Tokens(), attended: s.o.Store.Attendances(), events: s.events, log: s.o.Log, writes: s.writes, put: map[string]event.Session{}, left: map[string]event.Session{}, unopened: map[string]time.Time{}, current: s.sessions.Described}
	sub := s.events.Subscribe(0, 0) // before the first session
	s.live.Store(l)
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() { defer close(done); l.run(inner, sub) }() // ends with stop
	return func() { cancel(); <-done }
}
