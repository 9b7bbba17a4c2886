package trains

import (
	"log/slog"
	"sync"

	"examlink/probe/clock"
	"examlink/server/event"
	"examlink/server/session"
)

// Options configures a manager.
type Options struct {
	Clock     clock.Clock
	NewWaiter func(clock.Clock) (clock.Waiter, error)
	Limits    func() session.Limits
	// Publish receives the readings of a session's trains.
	Publish func(*session.Session, event.Payload)
	Log     *slog.Logger
}

// Manager runs the trains of all sessions. It is safe for concurrent use.
type Manager struct {
	o       Options
	metrics *metrics

	mu       sync.Mutex
	planned  float64            // bit/s of the running trains
	byToken  map[string]float64 // of these, by join token
	sessions map[*session.Session]*Trains
}

// NewManager makes a manager with no trains.
func NewManager(o Options) *Manager {
	return &Manager{o: o, metrics: newMetrics(), byToken: map[string]float64{}, sessions: map[*session.Session]*Trains{}}
}

// Of returns the trains of a session.
func (m *Manager) Of(s *session.Session) *Trains {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.sessions[s]
	if t == nil {
		t = &Trains{manager: m, session: s}
		m.sessions[s] = t
	}
	return t
}

// Forget drops the trains of an ended session.
func (m *Manager) Forget(s *session.Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, s)
}

// Reserve takes a rate, bit/s, from the total that all trains share, for a train of a
// join token that this package does not run. ok is false if others use all of it.
func (m *Manager) Reserve(token string, rate float64) (release func(), ok bool) {
	if !m.reserve(token, rate, m.o.Limits().TotalBitRate) {
		return nil, false
	}
	return func() { m.release(token, rate) }, true
}

// reserve takes a rate from the total that all trains share. The trains of one join
// token get at most tokenShare of it, or one train.
func (m *Manager) reserve(token string, rate, total float64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	theirs := m.byToken[token]
	if m.planned+rate > total || theirs > 0 && theirs+rate > tokenShare*total {
		return false
	}
	m.planned += rate
	if rate > 0 {
		m.byToken[token] = theirs + rate
	}
	return true
}

func (m *Manager) release(token string, rate float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.planned = max(m.planned-rate, 0)
	if left := m.byToken[token] - rate; left > 0 {
		m.byToken[token] = left
	} else {
		delete(m.byToken, token)
	}
}
