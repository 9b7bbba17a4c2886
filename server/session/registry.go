package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"examlink/probe/clock"
	"examlink/probe/link"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server/event"
	"examlink/server/exam"
)

// Chosen by us.
const (
	scanEvery  = 100 * time.Millisecond // for silence timers
	stallLimit = 400 * time.Millisecond // a scan this late means that the host was suspended
)

// Options configures a registry.
type Options struct {
	Clock clock.Clock
	// Secret authenticates resume tickets.
	Secret [32]byte
	// Limits and Silence return the values in force.
	Limits  func() Limits
	Silence func() Silence
	// Policy returns what the checks of an exam are judged by, by the name that the
	// join token gives.
	Policy func(name string) verdict.Policy
	// Publish receives the events of sessions.
	Publish func(event.Event)
	// Forgotten is called, without a lock, after a session left the registry.
	Forgotten func(*Session)
	// Elsewhere reports whether a watch of a join token goes on with another server that
	// was opened within a time; nil: there are no others.
	Elsewhere func(token string, within time.Duration) bool
}

// Registry holds the current sessions by ID and by join token. It is safe for
// concurrent use.
type Registry struct {
	o Options

	mu       sync.RWMutex // locked before a session's own lock, never after it
	sessions map[string]*Session
	byToken  map[string]map[*Session]struct{}

	reports reportDedup
	blind   atomic.Bool // see Blind
}

// NewRegistry makes an empty registry.
func NewRegistry(o Options) *Registry {
	r := &Registry{o: o, sessions: map[string]*Session{}, byToken: map[string]map[*Session]struct{}{}}
	r.Rebound()
	return r
}

// Rebound applies changed limits.
func (r *Registry) Rebound() { r.reports.bound(originsPerSession * r.o.Limits().Sessions) }

// Admission is a session that was opened or resumed.
type Admission struct {
	*Session
	Resumed bool
	Ticket  string // resumes the session
}

// Admit opens a session for a join token, or resumes the session named by the
// resume ticket. It has no connection until Attach. The error is a *Refusal.
func (r *Registry) Admit(token wire.JoinToken, purpose, resume string) (Admission, error) {
	if purpose != PurposeCheck {
		purpose = PurposeWatch
	}
	id, resuming := redeem(r.o.Secret, resume, token.ID)
	if !resuming {
		id = exam.NewID()
	}
	limits := r.o.Limits()
	if others := r.makeRoom(token.ID, id, limits.SessionsPerToken); others >= limits.SessionsPerToken {
		return Admission{}, &Refusal{wire.RefusedLimit, fmt.Sprintf("this join token has %d open sessions, expected at most %d", others, limits.SessionsPerToken)}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s, known := r.sessions[id]
	if !known || s.Over() {
		if len(r.sessions) >= limits.Sessions {
			return Admission{}, &Refusal{wire.RefusedFull, "the server is full"}
		}
		now := r.o.Clock.Now()
		s = &Session{
			ID: id, Exam: token.Exam, Student: token.Student, Token: token.ID, Purpose: purpose, Policy: token.Policy, Movable: len(token.Servers) > 1,
			state: Connected, opened: r.o.Clock.Wall(), openedAt: now, since: r.o.Clock.Wall(), lastSeen: now,
		}
		r.put(s)
	}
	return Admission{Session: s, Resumed: resuming, Ticket: ticket(r.o.Secret, id, token.ID)}, nil
}

// put adds a session. Called locked.
func (r *Registry) put(s *Session) {
	r.sessions[s.ID] = s
	of := r.byToken[s.Token]
	if of == nil {
		of = map[*Session]struct{}{}
		r.byToken[s.Token] = of
	}
	of[s] = struct{}{}
}

// ErrOver says that a session has ended since it was admitted.
var ErrOver = errors.New("the session has ended")

// Attach switches an admitted session to a connection. It returns the previous
// flow, if any. The error is ErrOver: admit the client again.
func (r *Registry) Attach(a Admission, conn *link.Conn, flow *link.Flow, c *Control) (oldFlow *link.Flow, err error) {
	old, oldFlow, ok := a.attach(conn, flow, c)
	if !ok {
		return nil, ErrOver
	}
	if old != nil {
		go old.Close(link.Superseded) // ends soon; its own goroutine waits for it
	}
	if a.Resumed {
		r.publish(a.Session, event.Resumed{})
		return oldFlow, nil
	}
	r.publish(a.Session, event.Admitted{})
	for _, o := range r.ofToken(a.Token) {
		if o.quiet() && a.replaces(o) {
			r.End(o, nil, Replaced)
		}
	}
	return oldFlow, nil
}

// publish stamps and publishes an event of a session.
func (r *Registry) publish(s *Session, p event.Payload) {
	now, wall := r.o.Clock.Now(), r.o.Clock.Wall()
	r.o.Publish(event.Event{At: wall, Session: s.describe(now, wall), Payload: p})
}

// Publish stamps and publishes an event of a session.
func (r *Registry) Publish(s *Session, p event.Payload) { r.publish(s, p) }

// All returns the current sessions in no particular order.
func (r *Registry) All() []*Session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Collect(maps.Values(r.sessions))
}

// Described returns the current sessions by identifier, in the form events carry.
func (r *Registry) Described() map[string]event.Session {
	now, wall, out := r.o.Clock.Now(), r.o.Clock.Wall(), map[string]event.Session{}
	for _, s := range r.All() {
		out[s.ID] = s.describe(now, wall)
	}
	return out
}

// ofToken returns the sessions of a join token.
func (r *Registry) ofToken(token string) []*Session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Collect(maps.Keys(r.byToken[token]))
}

// makeRoom counts a join token's sessions other than id that can still resume.
// It ends silent ones until a further session fits into most.
func (r *Registry) makeRoom(token, id string, most int) (others int) {
	var silent []*Session
	for _, o := range r.ofToken(token) {
		if o.ID == id || o.Over() {
			continue
		}
		others++
		if !o.alive() {
			silent = append(silent, o)
		}
	}
	for _, o := range silent {
		if others < most {
			break
		}
		r.End(o, nil, Replaced)
		others--
	}
	return others
}

// Run runs every session's silence timers until ctx ends.
func (r *Registry) Run(ctx context.Context) {
	tick := time.NewTicker(scanEvery)
	defer tick.Stop()
	last := r.o.Clock.Now()
	calm := last
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := r.o.Clock.Now()
		if now-last > scanEvery+stallLimit {
			calm = now + stallLimit*2 // the host was suspended: handle the queued packets first
		}
		last = now
		if now >= calm {
			r.scan(now)
		}
	}
}

// scan updates every session's state from its silence at now.
func (r *Registry) scan(now time.Duration) {
	silence, wall := r.o.Silence(), r.o.Clock.Wall()
	if r.blind.Load() {
		r.lookAway(scanEvery)
	}
	for _, s := range r.All() {
		from, to, changed := s.judge(now, wall, silence)
		switch {
		case !changed:
		case to == Ended:
			r.forget(s, from, Silent)
		case to.Severity() >= Suspect.Severity() && r.replaced(s):
		default:
			r.publish(s, event.State{From: string(from), Silent: s.silent(now)})
		}
	}
}

// silent returns the time since the last authentic packet.
func (s *Session) silent(now time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now - s.lastSeen
}
