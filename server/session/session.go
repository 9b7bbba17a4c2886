// Package session manages the students' sessions: who may open one, its state
// by the server's own timers, and its client's reports.
//
// It does not handle packets: server/reflect and server/trains report their
// arrival.
package session

import (
	"cmp"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"examlink/probe/link"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server/event"
)

// The purposes of sessions. A check ends by itself; its silence says nothing about
// an exam.
const (
	PurposeCheck = wire.PurposeCheck
	PurposeWatch = wire.PurposeWatch
)

// Purposes lists the purposes.
func Purposes() []string { return []string{PurposeCheck, PurposeWatch} }

// Info is a snapshot of a session.
type Info struct {
	Session string `json:"session"`
	Exam    string `json:"exam"`
	Student string `json:"student"`
	Purpose string `json:"purpose"`
	// Transport carries the session now, or carried it last.
	Transport link.Transport    `json:"transport"`
	State     State             `json:"state"`
	Since     time.Time         `json:"since"`         // the server's clock when the state began
	End       End               `json:"end,omitempty"` // why the session ended
	Silent    time.Duration     `json:"-"`             // since the last authentic packet
	Probes    uint64            `json:"probes"`
	Up        *wire.TrainReport `json:"up,omitempty"`     // measured by the server
	Down      *wire.TrainReport `json:"down,omitempty"`   // claimed by the client
	Claims    *Claims           `json:"claims,omitempty"` // reported by the client; nil: nothing yet
	// Judged is the server's own view of the client's check; nil: none yet.
	Judged *verdict.Summary `json:"judged,omitempty"`
}

// Session is one student's session. It outlives its connections. It is safe for
// concurrent use.
type Session struct {
	ID, Exam, Student, Token, Purpose string
	Policy                            string // its name, as the join token gives it
	Movable                           bool   // the join token names other servers

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
	patience *time.Duration // silence counts from here at the earliest; nil: at once
	last     link.Transport // of an earlier run's connection, before there is another
	heard    bool           // an authentic packet arrived
	// firstSeen is when the first one arrived in this run; nil: none yet.
	firstSeen *time.Duration
	heads     *rate.Limiter // of the client's record; nil: none came
	probing   bool
	earlier   uint64 // probes received by earlier flows

	up, down         *wire.TrainReport
	rateUp, rateDown Rate
	uploads          uploads

	reports clientReports
}

// Seen records an authentic packet and its source address.
func (s *Session) Seen(at time.Duration, from netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen(at, from)
}

// SeenProbe records an authentic probe.
func (s *Session) SeenProbe(at time.Duration, from netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen(at, from)
	s.probing = true
}

func (s *Session) seen(at time.Duration, from netip.AddrPort) {
	s.lastSeen, s.heard = max(s.lastSeen, at), true
	if s.firstSeen == nil {
		first := at // on the heap only here: this is the path of every packet
		s.firstSeen = &first
	}
	s.ipv6 = from.Addr().Is6()
}

// IPv6 reports whether the session's packets arrive over IPv6.
func (s *Session) IPv6() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ipv6
}

// Conn returns the connection in use.
func (s *Session) Conn() *link.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn
}

// FlowID returns the probe flow in use; false if there is none yet.
func (s *Session) FlowID() (wire.FlowID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flow == nil {
		return 0, false
	}
	return s.flow.ID, true
}

// attach switches the session to a connection, its flow and its control stream,
// and returns the previous flow and connection, if any; false if the session has
// ended.
func (s *Session) attach(conn *link.Conn, flow *link.Flow, c *Control) (old *link.Conn, oldFlow *link.Flow, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Ended {
		return nil, nil, false
	}
	old, oldFlow = s.conn, s.flow
	if oldFlow != nil {
		w := oldFlow.Received(wire.KindProbe)
		s.earlier += w.Count()
	}
	s.flow, s.conn, s.control = flow, conn, c
	s.ipv6 = conn.Remote().Addr().Is6()
	return old, oldFlow, true
}

// judge updates the state from the silence at now; wall is the same moment on
// the server's clock.
func (s *Session) judge(now time.Duration, wall time.Time, limits Silence) (from, to State, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from = s.state
	if from == Ended {
		return from, from, false
	}
	silent := now - s.lastSeen
	if s.patience != nil {
		silent = min(silent, now-*s.patience)
	}
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

// Over reports whether the session has ended.
func (s *Session) Over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == Ended
}

// end ends the session on purpose; it returns false if the session had already
// ended or moved to another connection. A nil conn ends it on any connection.
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

// Opened returns when the session was opened, by the clock that nobody sets.
func (s *Session) Opened() time.Duration { return s.openedAt }

// Info returns a snapshot at now.
func (s *Session) Info(now time.Duration) Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Info{
		Transport: s.transport(), Session: s.ID, Exam: s.Exam, Student: s.Student, Purpose: s.Purpose,
		State: s.state, Since: s.since, End: s.ended, Silent: now - s.lastSeen, Probes: s.probes(), Up: s.up, Down: s.down, Claims: s.claimed(), Judged: s.reports.judged,
	}
}

// describe returns the session in the form events carry.
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

// transport returns the transport that carries the session. Called locked.
func (s *Session) transport() link.Transport {
	if s.conn == nil {
		return cmp.Or(s.last, link.UDP)
	}
	return s.conn.Transport()
}

// probes returns the number of probes received by the flow in use. Called
// locked.
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

// quiet reports whether the session is silent but has not ended.
func (s *Session) quiet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == Suspect || s.state == Dropped || s.state == ExamRelevant
}

// replaces reports whether the student continued in this session after the
// silent one: a watch of the same join token, opened after the last packet of
// the other, as when a program was killed and restarted.
func (s *Session) replaces(silent *Session) bool {
	if s == silent || s.Token != silent.Token || s.Purpose != silent.Purpose || s.Purpose == PurposeCheck || !s.alive() {
		return false
	}
	silent.mu.Lock()
	defer silent.mu.Unlock()
	return silent.probing && s.openedAt > silent.lastSeen
}

// SayBye notifies the client that the server ends the session. The deadline is
// by the system clock.
func (s *Session) SayBye(deadline time.Time, why string) {
	s.mu.Lock()
	c := s.control
	s.mu.Unlock()
	if c != nil {
		c.bye(deadline, why)
	}
}
