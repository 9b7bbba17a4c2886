package server

import (
	"context"
	"time"

	"examlink/server/cluster"
	"examlink/server/event"
	"examlink/server/exam"
	"examlink/server/session"
	"examlink/server/store"
)

// joinTimeout bounds how long a server waits at its start for the others.
const joinTimeout = 10 * time.Second

// newCluster makes the server one of those that share its store.
func (s *Server) newCluster() *cluster.Cluster {
	var hold func() func()
	if s.notifier != nil {
		hold = s.notifier.Hold
	}
	return cluster.New(exam.NewID(), cluster.Options{
		Store: s.o.Store, Events: s.events, Name: s.o.Cluster, Version: s.o.Version, Log: s.o.Log,
		Role: s.assume, Heard: s.heard, Hold: hold,
		Adopt: func(list []store.LiveSession) {
			ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
			defer cancel()
			s.takeUp(ctx, list)
		},
	})
}

// assume takes the role among the servers that share the store.
func (s *Server) assume(r cluster.Role) {
	s.sessions.Blind(r == cluster.Alone, resumeTime)
	switch n := s.notifier; {
	case n == nil:
	case r == cluster.Follows:
		n.Follow()
	default:
		n.Lead(r == cluster.Leads)
	}
}

// heard takes what another server has published.
func (s *Server) heard(e event.Event) {
	switch p := e.Payload.(type) {
	case event.Admitted:
		if e.Session.Purpose == session.PurposeWatch {
			s.sessions.Succeeded(e.Session.Token)
		}
	case event.Resumed:
		s.sessions.Moved(e.Session.ID)
	case event.Restored:
		s.sessions.Reclaim(e.Session.ID)
	case event.Revoked:
		s.revoked.add(p.Tokens)
		s.sessions.EndTokens(p.Tokens)
	}
}

// joinOthers takes up what is known of the other servers' sessions or, without others,
// those of the earlier run. The returned function leaves them: it writes what was
// published until then.
func (s *Server) joinOthers(ctx context.Context) (leave func()) {
	if s.cluster == nil {
		s.restoreSessions(ctx)
		return func() {}
	}
	joining, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	if err := s.cluster.Join(joining); err != nil {
		s.o.Log.Error("goes on without the other servers until the store answers", "err", err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() { defer close(done); s.cluster.Run(running) }() // ends with leave
	return func() { stop(); <-done }
}

// continues reports whether a student goes on in a watch that was opened on another
// server within a time.
func (s *Server) continues(token string, within time.Duration) bool {
	return s.cluster != nil && s.cluster.Continues(token, session.PurposeWatch, within)
}

// clusterID is this run's identifier among the servers that share the store; empty
// without others.
func (s *Server) clusterID() string {
	if s.cluster == nil {
		return ""
	}
	return s.cluster.ID()
}

// Elsewhere returns the sessions of the other servers that share the store.
func (s *Server) Elsewhere() []cluster.Session {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Sessions()
}

// ownEvents has f called with the events of this server only.
func ownEvents(f func(event.Event)) func(event.Event) {
	return func(e event.Event) {
		if e.Server == "" {
			f(e)
		}
	}
}

// tokensElsewhere returns the join tokens of a student's sessions with other servers.
func (s *Server) tokensElsewhere(exam, student string) (tokens []string) {
	for _, x := range s.Elsewhere() {
		if x.Exam == exam && x.Student == student {
			tokens = append(tokens, x.Token)
		}
	}
	return tokens
}
