package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server/event"
	"examlink/server/reflect"
	"examlink/server/session"
	"examlink/server/trains"
)

// helloTimeout bounds the time from handshake to hello. Chosen by us.
const helloTimeout = 5 * time.Second

// conversation is one connection's control stream.
type conversation struct {
	s       *Server
	conn    *link.Conn
	stream  link.Stream
	control *session.Control
	session *session.Session
	flow    *reflect.Flow
	trains  *trains.Trains
	token   wire.JoinToken
	hello   wire.Hello
	heading atomic.Bool    // the head of a record is under way to the store
	wg      sync.WaitGroup // trains, receipts and heads end with the connection
	// receipting says that a receipt is being stored
	receipting atomic.Bool
	judging    bool // it has a place among the judgings
}

// serve runs one connection until it ends.
func (s *Server) serve(ctx context.Context, conn *link.Conn) {
	if conn.Transport() != link.UDP { // a WebSocket has its own read loop
		s.flows.Serve(conn.Socket(), false)
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &conversation{s: s, conn: conn}
	defer func() { cancel(); c.wg.Wait() }()
	defer conn.Close("bye")
	defer func() {
		if c.judging {
			s.judgings.end(c.token.ID)
		}
	}()
	stop := context.AfterFunc(ctx, func() { conn.Close("server is shutting down") })
	defer stop()
	welcome, ok := c.greet(ctx)
	if !ok {
		return
	}
	switch {
	case c.judging:
		c.judge(ctx)
		return
	case c.hello.Led:
		c.lead(ctx, welcome)
		return
	}
	for {
		m, err := wire.ReadMessage(c.stream)
		if err != nil || !c.answer(ctx, m) {
			return
		}
	}
}

// greet reads the hello and replies; ok is false when the connection is over, such as after
// a rehearsal, which is no session.
func (c *conversation) greet(ctx context.Context) (welcome wire.Welcome, ok bool) {
	hello, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	stream, err := c.conn.Accept(hello)
	if err != nil {
		return welcome, false
	}
	c.stream, c.control = stream, session.NewControl(stream)
	_ = stream.SetReadDeadline(time.Now().Add(helloTimeout))
	m, err := wire.ReadMessage(stream)
	if err == nil && m.Type == wire.TypeRehearse {
		_ = stream.SetReadDeadline(time.Time{})
		c.rehearse(ctx, m.ID, *m.Rehearse)
		return welcome, false
	}
	if err != nil || m.Type != wire.TypeHello {
		err = &session.Refusal{Reason: wire.RefusedVersion, Detail: fmt.Sprintf("expected a hello of version %d", wire.ControlVersion)}
		c.refuse(m.ID, err)
		drain(c.conn)
		return welcome, false
	}
	welcome, err = c.admit(*m.Hello)
	if err != nil {
		c.refuse(m.ID, err)
		drain(c.conn)
		return welcome, false
	}
	_ = stream.SetReadDeadline(time.Time{})
	return welcome, c.control.Send(wire.Message{Type: wire.TypeWelcome, ID: m.ID, Welcome: &welcome}) == nil
}

// admit opens or resumes a session.
func (c *conversation) admit(h wire.Hello) (wire.Welcome, error) {
	s := c.s
	token, err := s.authenticate(h.Token, h.Time)
	if err != nil {
		return wire.Welcome{}, err
	}
	if h.Led && h.Purpose == wire.PurposeEquipment {
		c.token, c.hello = token, h
		return c.admitJudging()
	}
	if err := s.refuseDrained(); err != nil {
		return wire.Welcome{}, err
	}
	if h.Led && h.Purpose != session.PurposeCheck && h.Purpose != session.PurposeWatch {
		return wire.Welcome{}, &session.Refusal{Reason: wire.RefusedRequest, Detail: fmt.Sprintf("a page for %q, expected %q or %q", h.Purpose, session.PurposeCheck, session.PurposeWatch)}
	}
	limits := s.limits()
	var keys *wire.ProbeKeys
	if h.NoExporter || h.Led {
		keys = drawKeys()
	}
	c.token, c.hello = token, h
	a, err := c.open(keys, limits.ProbeRate)
	for errors.Is(err, session.ErrOver) { // in this very moment: the next one is another session
		a, err = c.open(keys, limits.ProbeRate)
	}
	if err != nil {
		return wire.Welcome{}, err
	}
	if s.revoked.now(token.ID) { // since it was looked up
		s.sessions.EndTokens([]string{token.ID})
		return wire.Welcome{}, &session.Refusal{Reason: wire.RefusedToken, Detail: errRevoked.Error()}
	}
	policy := s.settings.Load().policy(token.Policy)
	return wire.Welcome{
		Policy: &policy, Session: a.ID, Resume: a.Ticket, Resumed: a.Resumed, Server: s.o.Version,
		Time: s.o.Clock.Wall(), Exam: token.Exam, Flow: c.flow.Link.ID, Keys: keys, HeadKey: s.headKey(),
		Grant: wire.Grant{ProbeRate: limits.ProbeRate, TrainBytes: limits.TrainBytes, TrainBitRate: limits.TrainBitRate},
	}, nil
}

// open opens or resumes a session on the connection. The error is session.ErrOver if the
// session has ended meanwhile.
func (c *conversation) open(keys *wire.ProbeKeys, rate float64) (session.Admission, error) {
	s := c.s
	a, err := s.sessions.Admit(c.token, c.hello.Purpose, c.hello.Resume)
	if err != nil {
		return a, err
	}
	c.session, c.trains = a.Session, s.trains.Of(a.Session)
	if c.flow, err = s.flows.Open(c.conn, a.Session, keys, rate, c.trains); err != nil {
		return a, err
	}
	old, err := s.sessions.Attach(a, c.conn, c.flow.Link, c.control)
	if err != nil {
		s.trains.Forget(a.Session)
		return a, err
	}
	s.flows.Add(c.flow, old)
	if a.Over() { // its end may not have found the flow
		s.forgotten(a.Session)
	}
	return a, nil
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// drawKeys generates keys for a client that cannot export its connection's.
func drawKeys() *wire.ProbeKeys {
	b := make([]byte, 2*wire.KeySize)
	_, _ = rand.Read(b) // crypto/rand never fails
	return &wire.ProbeKeys{Student: b[:wire.KeySize], Server: b[wire.KeySize:]}
}

// answer handles one message; it returns false when the connection is over.
func (c *conversation) answer(ctx context.Context, m wire.Message) bool {
	var err error
	switch m.Type {
	case wire.TypeTrainRequest:
		err = c.trains.Start(ctx, &c.wg, c.flow, c.control, m)
	case wire.TypeTrainReport:
		c.trains.Claim(*m.TrainReport)
	case wire.TypeCount:
		n := c.flow.Count()
		return c.control.Send(wire.Message{Type: wire.TypeCount, ID: m.ID, Count: &n}) == nil
	case wire.TypeGoodput:
		err = c.trains.StartGoodput(ctx, &c.wg, c.conn, c.control, m)
	case wire.TypeReport:
		if m.ID == 0 { // the client expects no answer
			return true
		}
		err = c.accept(ctx, m)
	case wire.TypeBye:
		c.s.sessions.End(c.session, c.conn, session.Goodbye)
		return false
	default:
		err = &session.Refusal{Reason: wire.RefusedRequest, Detail: fmt.Sprintf("unexpected message type %q", m.Type)}
	}
	if err != nil {
		c.refuse(m.ID, err)
	}
	return true
}

// drain gives a refused client a moment to read the reason.
func drain(conn *link.Conn) {
	select {
	case <-conn.Done():
	case <-time.After(time.Second):
	}
}

// refuse sends a refusal to the client and publishes it as an event.
func (c *conversation) refuse(id uint64, err error) {
	r := refusalOf(err)
	p := event.Refused{Reason: r.Reason, Detail: r.Detail}
	if c.session != nil {
		c.s.sessions.Publish(c.session, p)
	} else {
		c.s.events.Publish(event.Event{At: c.s.o.Clock.Wall(), Payload: p})
	}
	_ = c.control.Send(refused(id, r))
}

// refusalOf returns the refusal that an error is, or makes one of it.
func refusalOf(err error) *session.Refusal {
	var r *session.Refusal
	if !errors.As(err, &r) {
		r = &session.Refusal{Reason: wire.RefusedRequest, Detail: err.Error()}
	}
	return r
}

func refused(id uint64, r *session.Refusal) wire.Message {
	return wire.Message{Type: wire.TypeRefused, ID: id, Refused: &wire.Refused{Reason: r.Reason, Detail: r.Detail}}
}
