package server

import (
	"context"
	"fmt"
	"time"

	"examlink/server/api"
	"examlink/server/store"
)

// byeWithin bounds how long asking a client to go on elsewhere may take. Chosen by us.
const byeWithin = 5 * time.Second

// Drain hands the sessions of this server over to the others that share its store: it
// takes no more, leaves judging to another one, and asks the clients to go on elsewhere.
// Nobody is warned of a client that does so in time. false ends that. The error is
// store.ErrConflict if no other server can take them.
func (s *Server) Drain(ctx context.Context, on bool) error {
	switch {
	case s.cluster == nil && !on:
		return nil
	case s.cluster == nil:
		return fmt.Errorf("this server shares its store with no other: %w", store.ErrConflict)
	}
	if on && len(s.cluster.Others()) == 0 {
		return fmt.Errorf("no other server that shares the store can take the sessions: %w", store.ErrConflict)
	}
	if err := s.cluster.Drain(ctx, on); err != nil {
		return fmt.Errorf("the other servers cannot be told: %w", err)
	}
	before := s.draining.Swap(on)
	if before != on {
		s.o.Log.Info("draining", "on", on)
	}
	if on {
		s.sessions.Dismiss("the server is being drained: go on with another one", resumeTime, byeWithin)
	}
	return nil
}

// Draining returns how far draining is.
func (s *Server) Draining() (d api.Drain) {
	d.Draining = s.draining.Load()
	d.Sessions, d.Bound = s.sessions.Leaving()
	if s.cluster != nil {
		for _, m := range s.cluster.Others() {
			d.Others = append(d.Others, m.Name)
		}
	}
	return d
}
