package server

import (
	"context"
	"time"

	"examlink/server/store"
)

// Chosen by us.
const (
	expireEvery   = time.Hour
	expireTimeout = 10 * time.Minute
)

// expire removes what is older than its retention, at once and then every hour,
// until ctx ends.
func (s *Server) expire(ctx context.Context) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		s.expireOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Server) expireOnce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, expireTimeout)
	defer cancel()
	removed, err := s.o.Store.Expire(ctx, s.o.Clock.Wall(), s.settings.Load().Retention)
	if err != nil && ctx.Err() == nil {
		s.o.Log.Error("expired data not removed", "err", err)
	}
	if removed != (store.Removed{}) {
		s.o.Log.Info("expired data removed", "students", removed.Students, "receipts", removed.Receipts,
			"records", removed.Records, "sessions", removed.Sessions, "messages", removed.Messages, "events", removed.Events)
	}
}
