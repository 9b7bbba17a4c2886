package session

import (
	"time"

	"examlink/probe/link"
)

// Sample holds the values of a session's metrics.
type Sample struct {
	ID, Exam  string
	Purpose   string // check, watch
	State     State
	Opened    time.Time
	Last      time.Time // last authentic packet; zero: none yet
	Probes    uint64    // over all connections
	WebSocket bool      // carried by WebSocket
	Up, Down  Rate
	Figures   Figures
	Warnings  *int // active, as claimed by the client; nil: no report yet
}

// Sample returns the session's sample at now, wall on the server's clock; false
// if the session has ended.
func (s *Session) Sample(now time.Duration, wall time.Time) (Sample, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Ended {
		return Sample{}, false
	}
	out := Sample{
		ID: s.ID, Exam: s.Exam, Purpose: s.Purpose, State: s.state, Opened: s.opened, Probes: s.earlier + s.probes(),
		WebSocket: s.conn != nil && s.conn.Transport() == link.WebSocket,
		Up:        s.rateUp, Down: s.rateDown, Figures: s.reports.figures,
	}
	if s.heard {
		out.Last = wall.Add(s.lastSeen - now)
	}
	if s.reports.Reports > 0 {
		n := 0
		for _, w := range s.reports.Warnings {
			if w.Active() {
				n++
			}
		}
		out.Warnings = &n
	}
	return out, true
}
