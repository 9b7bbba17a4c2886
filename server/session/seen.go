package session

import (
	"time"

	"golang.org/x/time/rate"

	"examlink/probe/wire"
)

// Chosen by us: a client reports the head of its record once a minute.
const (
	headEvery = 10 * time.Second // sustained
	headBurst = 6                // at once
)

// SessionSeen returns what the server saw of the session since it took it up, at now,
// wall on the server's clock. The version is left to the caller.
func (s *Session) SessionSeen(now time.Duration, wall time.Time) wire.Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := func(d time.Duration) time.Time { return wall.Add(d - now).UTC().Truncate(time.Millisecond) }
	out := wire.Seen{Transport: string(s.transport()), State: string(s.state), Probes: s.earlier + s.probes()}
	if s.firstSeen != nil {
		out.First, out.Last = at(*s.firstSeen), at(s.lastSeen)
	}
	return out
}

// AllowHead charges a head of the client's record; false: they come too often.
func (s *Session) AllowHead(now time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heads == nil {
		s.heads = rate.NewLimiter(rate.Every(headEvery), headBurst)
	}
	return s.heads.AllowN(time.Unix(0, int64(now)), 1)
}
