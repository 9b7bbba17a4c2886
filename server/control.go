package server

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/train"
	"examlink/probe/wire"
	"examlink/server/exam"
)

// Chosen by us.
const (
	writeTimeout = 10 * time.Second
	// grantBurst is how many seconds of its probe rate a session may send at once.
	grantBurst = 2
)

// control writes to a control stream from several goroutines.
type control struct {
	mu     sync.Mutex
	stream link.Stream
}

func (c *control) send(m wire.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.stream.SetWriteDeadline(time.Now().Add(writeTimeout))
	return wire.WriteMessage(c.stream, m)
}

// refusal is an error that is told to the client.
type refusal struct {
	reason wire.Refusal
	detail string
}

func (r *refusal) Error() string { return string(r.reason) + ": " + r.detail }

// serve runs one connection until it ends.
func (s *Server) serve(ctx context.Context, conn *link.Conn) {
	if conn.Transport() != link.UDP { // it has a read loop of its own
		r := &reflector{socket: conn.Socket()}
		r.init(1)
		conn.Socket().Handle(func(batch []link.Datagram) { s.probes(r, batch) })
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer func() { cancel(); wg.Wait() }() // its trains end with the connection
	defer conn.Close("bye")
	stop := context.AfterFunc(ctx, func() { conn.Close("server is shutting down") })
	defer stop()

	hello, cancelHello := context.WithTimeout(ctx, helloTimeout)
	defer cancelHello()
	stream, err := conn.Accept(hello)
	if err != nil {
		return
	}
	c := &control{stream: stream}
	_ = stream.SetReadDeadline(time.Now().Add(helloTimeout))
	m, err := wire.ReadMessage(stream)
	if err != nil || m.Type != wire.TypeHello {
		s.refuse(c, m.ID, &refusal{wire.RefusedVersion, fmt.Sprintf("expected a hello of version %d", wire.ControlVersion)})
		drain(conn)
		return
	}
	ss, welcome, err := s.admit(conn, c, *m.Hello)
	if err != nil {
		s.refuse(c, m.ID, err)
		drain(conn)
		return
	}
	_ = stream.SetReadDeadline(time.Time{})
	if c.send(wire.Message{Type: wire.TypeWelcome, ID: m.ID, Welcome: &welcome}) != nil {
		return
	}
	for {
		m, err := wire.ReadMessage(stream)
		if err != nil {
			return
		}
		switch m.Type {
		case wire.TypeTrainRequest:
			if err := s.startTrain(ctx, &wg, ss, conn, c, m); err != nil {
				s.refuse(c, m.ID, err)
			}
		case wire.TypeTrainReport:
			if s.claimRate(ss, *m.TrainReport) && s.o.OnClaim != nil && m.TrainReport.Direction == wire.Down && train.ValidateReport(*m.TrainReport) == nil {
				s.o.OnClaim(ss.info(s.o.Clock.Now()), *m.TrainReport)
			}
		case wire.TypeCount:
			n := ss.count()
			if c.send(wire.Message{Type: wire.TypeCount, ID: m.ID, Count: &n}) != nil {
				return
			}
		case wire.TypeGoodput:
			if err := s.startGoodput(ctx, &wg, ss, conn, c, m); err != nil {
				s.refuse(c, m.ID, err)
			}
		case wire.TypeReport:
			if m.ID == 0 { // nobody waits for an answer
				continue
			}
			if err := s.takeReport(ss, *m.Report); err != nil {
				s.refuse(c, m.ID, err)
			} else if c.send(wire.Message{Type: wire.TypeReported, ID: m.ID, Reported: &wire.Reported{Number: m.Report.Number}}) != nil {
				return
			}
		case wire.TypeBye:
			if from, ok := ss.end(conn, EndGoodbye); ok {
				s.stateChanged(ss, from, StateEnded)
			}
			return
		default:
			s.refuse(c, m.ID, &refusal{wire.RefusedRequest, fmt.Sprintf("message type %q is not for a server", m.Type)})
		}
	}
}

// drain gives a refused client a moment to read why.
func drain(conn *link.Conn) {
	select {
	case <-conn.Done():
	case <-time.After(time.Second):
	}
}

func (s *Server) refuse(c *control, id uint64, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{wire.RefusedRequest, err.Error()}
	}
	s.metrics.refused.WithLabelValues(string(r.reason)).Inc()
	_ = c.send(wire.Message{Type: wire.TypeRefused, ID: id, Refused: &wire.Refused{Reason: r.reason, Detail: r.detail}})
}

// admit opens or resumes a session.
func (s *Server) admit(conn *link.Conn, c *control, h wire.Hello) (*session, wire.Welcome, error) {
	token, err := exam.Verify(s.o.TokenKey, h.Token, s.o.Clock.Wall())
	if err != nil {
		return nil, wire.Welcome{}, &refusal{wire.RefusedToken, err.Error()}
	}
	if s.closing.Load() {
		return nil, wire.Welcome{}, &refusal{wire.RefusedShutdown, "the server is shutting down"}
	}
	purpose := "watch"
	if h.Purpose == "check" {
		purpose = "check"
	}
	id, resuming := s.redeem(h.Resume, token.ID)
	if !resuming {
		id = exam.NewID()
	}
	limits := s.limits()
	others := s.makeRoom(token.ID, id, limits.SessionsPerToken)
	if others >= limits.SessionsPerToken {
		return nil, wire.Welcome{}, &refusal{wire.RefusedLimit, fmt.Sprintf("this join token has %d sessions open, at most %d", others, limits.SessionsPerToken)}
	}

	s.mu.Lock()
	ss, known := s.sessions[id]
	if !known || ss.over() {
		if len(s.sessions) >= limits.Sessions {
			s.mu.Unlock()
			return nil, wire.Welcome{}, &refusal{wire.RefusedFull, "the server has no room for another session"}
		}
		ss = &session{
			id: id, exam: token.Exam, student: token.Student, token: token.ID, purpose: purpose,
			state: StateConnected, opened: s.o.Clock.Wall(), openedAt: s.o.Clock.Now(), since: time.Now(), lastSeen: s.o.Clock.Now(), calmFrom: s.o.Clock.Now(),
		}
		s.sessions[id] = ss
	}
	flowID := wire.FlowID(rand.Uint32())
	for flowID == 0 || s.flows[flowID] != nil {
		flowID = wire.FlowID(rand.Uint32())
	}
	s.mu.Unlock()

	flow, err := conn.NewFlow(flowID, link.Server)
	if err != nil {
		return nil, wire.Welcome{}, err
	}
	ss.mu.Lock()
	old, oldFlow := ss.conn, ss.flow
	if oldFlow != nil {
		w := oldFlow.Received(wire.KindProbe)
		ss.earlier += w.Count()
	}
	ss.flow, ss.conn, ss.socket, ss.control = flow, conn, conn.Socket(), c
	ss.addr, ss.ipv6 = conn.Remote(), conn.Remote().Addr().Is6()
	ss.grant = rate.NewLimiter(rate.Limit(limits.ProbeRate), int(limits.ProbeRate*grantBurst)+1)
	ss.echo = lastEcho{}
	ss.reorder, ss.overGrant, ss.noise = ippm.Reordering{}, 0, ippm.Variation{} // they belong to a flow
	ss.mu.Unlock()
	s.mu.Lock()
	if oldFlow != nil {
		delete(s.flows, oldFlow.ID)
	}
	s.flows[flowID] = ss
	s.sessions[id] = ss
	s.mu.Unlock()
	if old != nil {
		go old.Close(link.Superseded) // ends soon; its own goroutine waits for it
	}
	s.metrics.connections.WithLabelValues(string(conn.Transport())).Inc()
	if resuming {
		s.metrics.resumed.Inc()
	} else {
		s.metrics.started.Inc()
		s.replaceSilent(ss)
	}
	s.o.Log.Info("session open", "session", id, "exam", token.Exam, "purpose", purpose, "resumed", resuming, "transport", conn.Transport())
	return ss, wire.Welcome{
		Session: id, Resume: s.ticket(id, token.ID), Resumed: resuming, Server: s.o.Version,
		Time: s.o.Clock.Wall(), Exam: token.Exam, Flow: flowID,
		Grant: wire.Grant{ProbeRate: limits.ProbeRate, TrainBytes: limits.TrainBytes, TrainBitRate: limits.TrainBitRate},
	}, nil
}

func (ss *session) sendBye(deadline time.Time, why string) {
	ss.mu.Lock()
	c := ss.control
	ss.mu.Unlock()
	if c == nil {
		return
	}
	_ = c.stream.SetWriteDeadline(deadline) // also frees a write that is stuck
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.stream.SetWriteDeadline(deadline)
	_ = wire.WriteMessage(c.stream, wire.Message{Type: wire.TypeBye, Bye: &wire.Bye{Reason: why}})
}
