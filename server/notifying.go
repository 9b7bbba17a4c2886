package server

import "context"

// runNotifier starts the notifier. It outlives the sessions, so that events up
// to their end still generate notifications. The returned function stops it.
func (s *Server) runNotifier(ctx context.Context) (stop func() error) {
	if s.notifier == nil {
		return func() error { return nil }
	}
	notifying, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- s.notifier.Run(notifying) }() // ends with stop
	return func() error { cancel(); return <-done }
}
