package session

import (
	"time"

	"examlink/server/event"
)

// Several servers that share a store hand sessions to one another: a client goes on with
// another server under the same identifier.

// Moved lets go of a session that another server has from now on. It has not ended:
// nothing is published.
func (r *Registry) Moved(id string) {
	r.mu.RLock()
	s := r.sessions[id]
	r.mu.RUnlock()
	if s == nil {
		return
	}
	if _, ok := s.end(nil, Moved, r.o.Clock.Wall()); ok {
		r.remove(s, "the session goes on with another server")
	}
}

// Blind says that the other servers cannot be heard of. Until that ends, and so long
// after it, the silence of sessions whose client has never been here counts for nothing:
// it may have gone on with another server.
func (r *Registry) Blind(on bool, patience time.Duration) {
	if on {
		r.blind.Store(true)
	}
	r.lookAway(patience)
	r.blind.Store(on) // after it: a scan in between would judge the time before
}

// lookAway gives such sessions more time, and never less: a scan that began while nobody
// was heard of may come after the end of that.
func (r *Registry) lookAway(patience time.Duration) {
	from := r.o.Clock.Now() + patience
	for _, s := range r.All() {
		s.mu.Lock()
		if s.conn == nil && s.patience != nil && *s.patience < from {
			s.patience = &from
		}
		s.mu.Unlock()
	}
}

// Reclaim says that a session is here although another server has taken it for lost. It
// returns false, and lets go of it, if its client is not here.
func (r *Registry) Reclaim(id string) bool {
	r.mu.RLock()
	s := r.sessions[id]
	r.mu.RUnlock()
	if s == nil {
		return false
	}
	if s.Conn() == nil || !s.alive() {
		r.Moved(id)
		return false
	}
	r.publish(s, event.Resumed{})
	return true
}

// Succeeded ends the silent watches of a join token whose student goes on in a new one
// with another server, as Attach does with those of this one.
func (r *Registry) Succeeded(token string) {
	for _, o := range r.ofToken(token) {
		if o.Purpose == PurposeWatch && o.quiet() {
			r.End(o, nil, Replaced)
		}
	}
}

// Leaving counts the sessions with a client, and of them the watches whose join token
// names no other server to go on with.
func (r *Registry) Leaving() (here, bound int) {
	for _, s := range r.All() {
		if s.Conn() == nil || s.Over() {
			continue
		}
		here++
		if s.Purpose == PurposeWatch && !s.Movable {
			bound++
		}
	}
	return here, bound
}

// Dismiss asks the clients of watches to go on with another server, and gives each so
// long before its silence counts. Checks go on: they last seconds.
func (r *Registry) Dismiss(why string, patience, timeout time.Duration) {
	from := r.o.Clock.Now() + patience
	for _, s := range r.All() {
		if s.Purpose != PurposeWatch || !s.Movable {
			continue
		}
		s.mu.Lock()
		s.patience = &from
		s.mu.Unlock()
		go s.SayBye(time.Now().Add(timeout), why) // ends by then
	}
}
