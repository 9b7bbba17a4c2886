package server

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"examlink/server/event"
	"examlink/server/exam"
	"examlink/server/store"
)

// Chosen by us.
const (
	revokedTimeout = 500 * time.Millisecond // how long an admission waits for the store
	tokensPerEvent = 1000                   // so that an event fits into the store
)

var errRevoked = errors.New("the join token has been revoked: ask for a new one")

// revocations knows which join tokens were revoked. A token that the store does not
// know, or a store that does not answer, admits: the signature is good, and an exam
// must not wait for a database.
type revocations struct {
	table store.Tokens
	log   *slog.Logger

	mu      sync.Mutex
	ids     map[string]bool // found to be revoked by this process
	failing bool            // the latest look-up failed
}

func newRevocations(t store.Tokens, log *slog.Logger) *revocations {
	return &revocations{table: t, log: log, ids: map[string]bool{}}
}

// is reports whether a token was revoked.
func (r *revocations) is(id string) bool {
	if r.now(id) {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), revokedTimeout)
	defer cancel()
	t, err := r.table.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && !r.failing {
		r.log.Error("join tokens are admitted without looking them up", "err", err)
	}
	r.failing = err != nil
	if t.Revoked {
		r.ids[id] = true
	}
	return t.Revoked
}

// now reports whether this process knows that a token was revoked.
func (r *revocations) now(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[id]
}

func (r *revocations) add(ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		r.ids[id] = true
	}
}

// endRevoked admits nobody with these tokens any more, and ends their sessions.
func (s *Server) endRevoked(tokens []string) {
	s.revoked.add(tokens)
	s.sessions.EndTokens(tokens)
	if s.cluster == nil {
		return
	}
	for some := range slices.Chunk(tokens, tokensPerEvent) {
		s.events.Publish(event.Event{At: s.o.Clock.Wall(), Payload: event.Revoked{Tokens: some}})
	}
}

// Exams returns what manages the exams.
func (s *Server) Exams() *exam.Manager { return s.exams }

// policies returns the names of the policies that exams may have, the one in force
// first.
func (s *Server) policies() []string {
	n := s.settings.Load()
	names := []string{n.Policy.Name}
	for _, p := range n.Policies {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return names
}

// Addresses returns the addresses that join tokens are issued with.
func (s *Server) Addresses() []string { return s.issuer().Servers }

// issuer returns what issues join tokens; one that cannot if there is none.
func (s *Server) issuer() exam.Issuer {
	if i := s.settings.Load().Issuer; i != nil {
		return *i
	}
	return exam.Issuer{}
}
