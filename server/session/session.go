// Package session knows the students' sessions: who may open one, how each
// stands by the server's own timers, and what its client reports.
//
// It refuses to know packets: server/reflect and server/trains say when one came.
package session

import (
	"net/netip"
	"sync"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server/event"
)

// State is what the server knows of a session from its own timers.
type State string

// The states.
const (
	Connected    State = "connected" // authenticated, no probe yet
	Live         State = "live"
	Suspect      State = "suspect"
	Dropped      State = "dropped"
	ExamRelevant State = "exam-relevant"
	Ended        State = "ended"
)

// States lists those of sessions that have not ended, by their code in metrics.
func States() []State { return []State{Connected, Live, Suspect, Dropped, ExamRelevant} }

// Code is the index in States; -1 for Ended.
func (s State) Code() int {
	for i, x := range States() {
		if x == s {
			return i
		}
	}
	return -1
}

// Severity orders states: the higher, the worse.
func (s State) Severity() int {
	switch s {
	case ExamRelevant:
		return 4
	case Dropped:
		return 3
	case Suspect:
		return 2
	case Connected:
		return 1
	default:
		return 0
	}
}

// End is why a session is over.
type End string

// Why sessions end.
const (
	Goodbye  End = "goodbye"  // the client said so
	Silent   End = "silent"   // it was silent for too long
	Replaced End = "replaced" // silent, and in the way of a new one of the same join token
)

// PurposeCheck is the purpose of a session that makes one check; any other
// watches.
const PurposeCheck = "check"

// Info is a copy of what is known of a session.
type Info struct {
	Session string `json:"session"`
	Exam    string `json:"exam"`
	Student string `json:"student"`
	Purpose string `json:"purpose"`
	// Transport is what carries the session now, or carried it last.
	Transport link.Transport    `json:"transport"`
	State     State             `json:"state"`
	Since     time.Time         `json:"since"`         // the server's clock when the state began
	End       End               `json:"end,omitempty"` // why it ended, if it did
	Silent    time.Duration     `json:"-"`             // since the last authentic packet
	Probes    uint64            `json:"probes"`
	Up        *wire.TrainReport `json:"up,omitempty"`     // what the server measured
	Down      *wire.TrainReport `json:"down,omitempty"`   // what the client claims
	Claims    *Claims           `json:"claims,omitempty"` // what the client reports; nil: nothing yet
}

// Session is one student's session. It outlives its connections. It is safe for
// concurrent use.
type Session struct {
	ID, Exam, Student, Token, Purpose string

	opened   time.Time // the server's clock
	openedAt time.Duration

	mu      sync.Mutex
	flow    *link.Flow
	conn    *link.Conn
	control *Control
	ipv6    bool

	state    State
	ended    End
	since    time.Time
	lastSeen time.Duration
	heard    bool // an authentic packet came
	probing  bool
	earlier  uint64 // probes received by flows before this one

	up, down         *wire.TrainReport
	rateUp, rateDown Rate

	reports clientReports
}

// Seen notes an authentic packet from an address.
func (s *Session) Seen(at time.Duration, from netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen(at, from)
}

// SeenProbe notes an authentic probe.
func (s *Session) SeenProbe(at time.Duration, from netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen(at, from)
	s.probing = true
}

func (s *Session) seen(at time.Duration, from netip.AddrPort) {
	s.lastSeen, s.heard = max(s.lastSeen, at), true
	s.ipv6 = from.Addr().Is6()
}

// IPv6 reports whether the session's packets come by IPv6.
func (s *Session) IPv6() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ipv6
}

// Conn is the connection in use.
func (s *Session) Conn() *link.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn
}

// FlowID is the probe flow in use; false before there is one.
func (s *Session) FlowID() (wire.FlowID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flow == nil {
		return 0, false
	}
	return s.flow.ID, true
}

// attach makes a connection the one in use, with its flow and control stream, and
// returns the flow and the connection before it, if any.
func (s *Session) attach(conn *link.Conn, flow *link.Flow, c *Control) (old *link.Conn, oldFlow *link.Flow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, oldFlow = s.conn, s.flow
	if oldFlow != nil {
		w := oldFlow.Received(wire.KindProbe)
		s.earlier += w.Count()
	}
	s.flow, s.conn, s.control = flow, conn, c
	s.ipv6 = conn.Remote().Addr().Is6()
	return old, oldFlow
}

// judge moves the state on by the silence at now; wall is the same moment of the
// server's clock.
func (s *Session) judge(now time.Duration, wall time.Time, limits Silence) (from, to State, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from = s.state
	if from == Ended {
		return from, from, false
	}
	silent := now - s.lastSeen
	switch {
	case silent >= limits.Forget:
		to = Ended
	case !s.probing:
		to = from // connected, or ended by a bye
	case silent >= limits.ExamRelevant:
		to = ExamRelevant
	case silent >= limits.Dropped:
		to = Dropped
	case silent >= limits.Suspect:
		to = Suspect
	default:
		to = Live
	}
	if to == from {
		return from, to, false
	}
	s.state, s.since = to, wall
	if to == Ended {
		s.ended = Silent
	}
	return from, to, true
}

// over reports whether the session has ended.
func (s *Session) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == Ended
}

// end ends the session on purpose; false when it had ended before, or has moved
// to another connection. A nil conn ends it whatever its connection.
func (s *Session) end(conn *link.Conn, why End, wall time.Time) (from State, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Ended || conn != nil && s.conn != conn {
		return Ended, false
	}
	from = s.state
	s.state, s.ended, s.since, s.probing = Ended, why, wall, false
	return from, true
}

// Info copies what is known at now.
func (s *Session) Info(now time.Duration) Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Info{
		Transport: s.transport(), Session: s.ID, Exam: s.Exam, Student: s.Student, Purpose: s.Purpose,
		State: s.state, Since: s.since, End: s.ended, Silent: now - s.lastSeen, Probes: s.probes(), Up: s.up, Down: s.down, Claims: s.claimed(),
	}
}

// describe is the session as its events have it.
func (s *Session) describe(now time.Duration, wall time.Time) event.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := event.Session{
		ID: s.ID, Exam: s.Exam, Student: s.Student, Token: s.Token, Purpose: s.Purpose, Transport: string(s.transport()), State: string(s.state),
		LastPacket: wall.Add(s.lastSeen - now),
	}
	if s.reports.Reports > 0 {
		e.Claimed = s.reports.Active()
	}
	return e
}

// transport is what carries the session. Called locked.
func (s *Session) transport() link.Transport {
	if s.conn == nil {
		return link.UDP
	}
	return s.conn.Transport()
}

// probes counts those of the flow in use. Called locked.
func (s *Session) probes() uint64 {
	if s.flow == nil {
		return 0
	}
	w := s.flow.Received(wire.KindProbe)
	return w.Count()
}

// alive reports whether the session counts against its token's limit.
func (s *Session) alive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == Live || s.state == Connected || s.state == Suspect
}

// quiet reports whether the session has fallen silent and not ended.
func (s *Session) quiet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == Suspect || s.state == Dropped || s.state == ExamRelevant
}

// replaces reports whether the session is where a silent one's student went on: a
// watch of the same join token that was opened after the last packet of the
// other, as when a program was killed and started again.
func (s *Session) replaces(silent *Session) bool {
	if s == silent || s.Token != silent.Token || s.Purpose != silent.Purpose || s.Purpose == PurposeCheck || !s.alive() {
		return false
	}
	silent.mu.Lock()
	defer silent.mu.Unlock()
	return silent.probing && s.openedAt > silent.lastSeen
}

// SayBye tells the client that the server ends the session, by a deadline of the
// system's clock.
func (s *Session) SayBye(deadline time.Time, why string) {
	s.mu.Lock()
	c := s.control
	s.mu.Unlock()
	if c != nil {
		c.bye(deadline, why)
	}
}
