package session

import (
	"examlink/probe/link"
	"examlink/server/event"
)

// End ends a session on purpose: with a nil conn in any case, otherwise only if
// the session still uses that connection.
func (r *Registry) End(s *Session, conn *link.Conn, why End) {
	if from, ok := s.end(conn, why, r.o.Clock.Wall()); ok {
		r.forget(s, from, why)
	}
}

// forget removes an ended session from the registry and says so.
func (r *Registry) forget(s *Session, from State, why End) {
	reason := "session over"
	if why == Revoked {
		reason = "join token revoked"
	}
	r.remove(s, reason)
	r.publish(s, event.Ended{From: string(from), Why: string(why)})
}

// remove removes a session from the registry and closes its connection.
func (r *Registry) remove(s *Session, reason string) {
	r.mu.Lock()
	if r.sessions[s.ID] == s {
		delete(r.sessions, s.ID)
	}
	if of := r.byToken[s.Token]; of != nil {
		if delete(of, s); len(of) == 0 {
			delete(r.byToken, s.Token)
		}
	}
	r.mu.Unlock()
	if conn := s.Conn(); conn != nil {
		go conn.Close(reason) // ends at once; not under the lock
	}
	if r.o.Forgotten != nil {
		r.o.Forgotten(s)
	}
}

// EndTokens ends the sessions of join tokens that were revoked.
func (r *Registry) EndTokens(tokens []string) {
	for _, id := range tokens {
		for _, s := range r.ofToken(id) {
			r.End(s, nil, Revoked)
		}
	}
}

// EndStudent ends the sessions of a student and returns their join tokens.
func (r *Registry) EndStudent(exam, student string) (tokens []string) {
	for _, s := range r.All() {
		if s.Exam == exam && s.Student == student {
			tokens = append(tokens, s.Token)
			r.End(s, nil, Revoked)
		}
	}
	return tokens
}

// replaced ends a silent session if another has replaced it.
func (r *Registry) replaced(silent *Session) bool {
	for _, o := range r.ofToken(silent.Token) {
		if o.replaces(silent) {
			r.End(silent, nil, Replaced)
			return true
		}
	}
	if r.o.Elsewhere == nil || silent.Purpose == PurposeCheck || !r.o.Elsewhere(silent.Token, silent.silent(r.o.Clock.Now())) {
		return false
	}
	r.End(silent, nil, Replaced)
	return true
}
