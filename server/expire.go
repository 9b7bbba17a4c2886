package server

import (
	"context"
	"time"

	"examlink/probe/clock"
	"examlink/server/store"
)

// Chosen by us.
const (
	// expireFirst gives a computer that has just started time to set its clock, and
	// students to say what theirs show.
	expireFirst   = 10 * time.Minute
	expireEvery   = time.Hour
	expireTimeout = 10 * time.Minute
)

// expire removes what is older than its retention, a while after the start and then every
// hour, until ctx ends.
func (s *Server) expire(ctx context.Context) {
	age := newAgeClock(s.o.Clock)
	for pause := expireFirst; ; pause = expireEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if s.clocks.isWrong() { // and has been logged
			continue
		}
		s.expireOnce(ctx, age.now())
	}
}

// ageClock is the time by which data are old. A clock that is set ahead makes nothing old:
// it shows the earlier of what the wall clock shows and what it would show had nobody set
// it since the start.
type ageClock struct {
	clock clock.Clock
	wall  time.Time
	at    time.Duration
}

func newAgeClock(c clock.Clock) ageClock { return ageClock{c, c.Wall(), c.Now()} }

func (a ageClock) now() time.Time {
	wall, unset := a.clock.Wall(), a.wall.Add(a.clock.Now()-a.at)
	if unset.Before(wall) {
		return unset
	}
	return wall
}

func (s *Server) expireOnce(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, expireTimeout)
	defer cancel()
	removed, err := s.o.Store.Expire(ctx, now, s.settings.Load().Retention)
	if err != nil && ctx.Err() == nil {
		s.o.Log.Error("expired data not removed", "err", err)
	}
	if removed != (store.Removed{}) {
		s.o.Log.Info("expired data removed", "students", removed.Students, "receipts", removed.Receipts,
			"records", removed.Records, "sessions", removed.Sessions, "messages", removed.Messages, "events", removed.Events, "audit", removed.Audit)
	}
}
