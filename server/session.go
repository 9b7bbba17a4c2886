package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/train"
	"examlink/probe/wire"
)

// State is what the server knows of a session from its own timers.
type State string

// The states.
const (
	StateConnected    State = "connected" // authenticated, no probe yet
	StateLive         State = "live"
	StateSuspect      State = "suspect"
	StateDropped      State = "dropped"
	StateExamRelevant State = "exam-relevant"
	StateEnded        State = "ended"
)

// End is why a session is over.
type End string

// Why sessions end.
const (
	EndGoodbye  End = "goodbye"  // the client said so
	EndSilent   End = "silent"   // it was silent for too long
	EndReplaced End = "replaced" // silent, and in the way of a new one of the same join token
)

func (s State) severity() int {
	switch s {
	case StateExamRelevant:
		return 4
	case StateDropped:
		return 3
	case StateSuspect:
		return 2
	case StateConnected:
		return 1
	default:
		return 0
	}
}

// SessionInfo is a copy of what is known of a session.
type SessionInfo struct {
	Session string `json:"session"`
	Exam    string `json:"exam"`
	Student string `json:"student"`
	Purpose string `json:"purpose"`
	// Transport is what carries the session now, or carried it last.
	Transport link.Transport    `json:"transport"`
	State     State             `json:"state"`
	Since     time.Time         `json:"since"`         // the server's clock when the state began
	End       End               `json:"end,omitempty"` // why it ended, if it did
	Silent    time.Duration     `json:"silent"`        // since the last authentic packet
	Probes    uint64            `json:"probes"`
	Up        *wire.TrainReport `json:"up,omitempty"`     // what the server measured
	Down      *wire.TrainReport `json:"down,omitempty"`   // what the client claims
	Claims    *Claims           `json:"claims,omitempty"` // what the client reports; nil: nothing yet
}

// session is one student's session. It outlives its connections.
type session struct {
	id, exam, student, token, purpose string

	mu      sync.Mutex
	flow    *link.Flow
	conn    *link.Conn
	socket  *link.Socket // the connection's: probe packets come and go by it
	control *control
	ipv6    bool
	addr    netip.AddrPort // the last authentic packet's

	state    State
	ended    End
	opened   time.Time // the server's clock
	openedAt time.Duration
	since    time.Time
	lastSeen time.Duration
	heard    bool // an authentic packet came
	probing  bool
	earlier  uint64 // probes received by flows before this one

	grant      *rate.Limiter
	overGrant  uint64
	reorder    ippm.Reordering
	noise      ippm.Variation
	calmFrom   time.Duration // before it, our own trains make the noise
	otherBytes int64         // IP-layer bytes of probes received

	spent     int64 // bytes of trains
	receiver  *train.Receiver
	rxDone    chan struct{} // signalled when the receiver saw the end
	echo      lastEcho
	reported  bool // the receiver has reported and lingers
	streaming bool // a stream of bytes is open
	sender    *train.Sender
	up, down  *wire.TrainReport

	rateUp, rateDown reading
	awaited          *wire.TrainRequest // went down, and the client has not told what it read

	claims claims
}

// claimed is a copy of what the client has reported. Called locked.
func (ss *session) claimed() *Claims {
	if ss.claims.Reports == 0 {
		return nil
	}
	c := ss.claims.Claims
	return &c
}

// judge moves the state on by the silence at now.
func (ss *session) judge(now time.Duration, limits Silence) (from, to State, changed bool) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	from = ss.state
	if from == StateEnded {
		return from, from, false
	}
	silent := now - ss.lastSeen
	switch {
	case silent >= limits.Forget:
		to = StateEnded
	case !ss.probing:
		to = from // connected, or ended by a bye
	case silent >= limits.ExamRelevant:
		to = StateExamRelevant
	case silent >= limits.Dropped:
		to = StateDropped
	case silent >= limits.Suspect:
		to = StateSuspect
	default:
		to = StateLive
	}
	if to == from {
		return from, to, false
	}
	ss.state, ss.since = to, time.Now()
	if to == StateEnded {
		ss.ended = EndSilent
	}
	return from, to, true
}

// over says whether the session has ended.
func (ss *session) over() bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.state == StateEnded
}

// end ends the session on purpose; false when it had ended before, or has moved
// to another connection. A nil conn ends it whatever its connection.
func (ss *session) end(conn *link.Conn, why End) (from State, ended bool) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.state == StateEnded || conn != nil && ss.conn != conn {
		return StateEnded, false
	}
	from = ss.state
	ss.state, ss.ended, ss.since, ss.probing = StateEnded, why, time.Now(), false
	return from, true
}

func (ss *session) info(now time.Duration) SessionInfo {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	var probes uint64
	if ss.flow != nil {
		w := ss.flow.Received(wire.KindProbe)
		probes = w.Count()
	}
	transport := link.UDP
	if ss.conn != nil {
		transport = ss.conn.Transport()
	}
	return SessionInfo{
		Transport: transport, Session: ss.id, Exam: ss.exam, Student: ss.student, Purpose: ss.purpose,
		State: ss.state, Since: ss.since, End: ss.ended, Silent: now - ss.lastSeen, Probes: probes, Up: ss.up, Down: ss.down, Claims: ss.claimed(),
	}
}

// alive says whether the session counts against its token's limit.
func (ss *session) alive() bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.state == StateLive || ss.state == StateConnected || ss.state == StateSuspect
}

// replaces says whether the session is where a silent one's student went on: a
// watch of the same join token that was opened after the last packet of the
// other, as when a program was killed and started again.
func (ss *session) replaces(silent *session) bool {
	if ss == silent || ss.token != silent.token || ss.purpose != silent.purpose || ss.purpose == "check" || !ss.alive() {
		return false
	}
	silent.mu.Lock()
	defer silent.mu.Unlock()
	return silent.probing && ss.openedAt > silent.lastSeen
}

// replaced ends a session that has fallen silent if another has taken its place.
func (s *Server) replaced(silent *session) bool {
	for _, o := range s.snapshot() {
		if o.replaces(silent) {
			if from, ok := silent.end(nil, EndReplaced); ok {
				s.stateChanged(silent, from, StateEnded)
			}
			return true
		}
	}
	return false
}

// replaceSilent ends the sessions whose place a new one takes.
func (s *Server) replaceSilent(fresh *session) {
	for _, o := range s.snapshot() {
		if o.quiet() && fresh.replaces(o) {
			if from, ok := o.end(nil, EndReplaced); ok {
				s.stateChanged(o, from, StateEnded)
			}
		}
	}
}

// quiet says whether the session has fallen silent and not ended.
func (ss *session) quiet() bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.state == StateSuspect || ss.state == StateDropped || ss.state == StateExamRelevant
}

// makeRoom counts a join token's sessions other than id that can still come
// back, and ends the silent ones of them while they are too many for one more
// among most.
func (s *Server) makeRoom(token, id string, most int) (others int) {
	var silent []*session
	for _, o := range s.snapshot() {
		if o.token != token || o.id == id || o.over() {
			continue
		}
		others++
		if !o.alive() {
			silent = append(silent, o)
		}
	}
	for _, o := range silent {
		if others < most {
			break
		}
		if from, ok := o.end(nil, EndReplaced); ok {
			s.stateChanged(o, from, StateEnded)
			others--
		}
	}
	return others
}

// count is the exact account of the monitor stream.
func (ss *session) count() wire.Count {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	w := ss.flow.Received(wire.KindProbe)
	return wire.Count{
		Received: w.Count(), Highest: w.Highest(), Duplicates: w.Duplicates(),
		Reordered: ss.reorder.Reordered(), Dropped: ss.overGrant,
	}
}

// derive makes a key for one purpose out of the server's secret.
func derive(secret [32]byte, purpose string) (key [32]byte) {
	m := hmac.New(sha256.New, secret[:])
	m.Write([]byte(purpose))
	return [32]byte(m.Sum(nil))
}

// ticket lets the holder of a join token resume a session, also on a server
// that restarted in between.
func (s *Server) ticket(session, token string) string {
	key := derive(s.o.Secret, "resume ticket")
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte(session + "\x00" + token))
	return session + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// redeem returns the session a ticket is for; false when it is not authentic
// or belongs to another join token.
func (s *Server) redeem(ticket, token string) (session string, ok bool) {
	session, _, found := strings.Cut(ticket, ".")
	if !found || session == "" || !hmac.Equal([]byte(ticket), []byte(s.ticket(session, token))) {
		return "", false
	}
	return session, true
}

// lastEcho is the latest echo of a session.
type lastEcho struct {
	seq  wire.Seq
	sent time.Duration // its stamp
	by   time.Duration // how much later it left; 0: not known
}
