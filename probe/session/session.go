// Package session is one connection of a student's program to a server: control
// stream, probe flow, monitor stream, trains and reports.
//
// It does not judge its measurements, and it does not decide when to measure or to
// reconnect.
package session

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"examlink/probe/link"
	"examlink/probe/monitor"
	"examlink/probe/train"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	answerTimeout = 6 * time.Second // for an answer on the control stream
	trainTimeout  = 30 * time.Second
	trainSilence  = 3 * time.Second // for a downward train to begin
	pollTrain     = 10 * time.Millisecond
	calmAfter     = time.Second           // for queues to drain after a train
	busyPause     = 20 * time.Millisecond // before a train refused as busy is requested again; doubles
	busyMost      = 2 * time.Second
)

// RefusedError is returned for a request that the server refused.
type RefusedError struct {
	Server string
	wire.Refused
}

func (e *RefusedError) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("server %s refused: %s", e.Server, e.Reason)
	}
	return fmt.Sprintf("server %s refused: %s", e.Server, e.Detail)
}

// Session is one connection to a server: its control stream, its probe flow
// and its monitor stream.
type Session struct {
	Config  *Config
	Conn    *link.Conn
	control link.Stream
	flow    *link.Flow
	Remote  netip.AddrPort
	Welcome wire.Welcome
	Monitor *monitor.Stream
	Foreign *Foreign
	Blocked link.Reason // why a session over WebSocket is not one over UDP; empty if UDP was not tried
	ipv6    bool

	interval atomic.Int64 // of the monitor stream, nanoseconds
	stalled  atomic.Int64 // longest lateness of the sender since last read, nanoseconds

	writing chan struct{} // held by who writes to control

	mu       sync.Mutex
	nextID   uint64
	waiting  map[uint64]chan wire.Message
	train    uint32
	receiver *train.Receiver
	sender   *train.Sender
	sizing   map[wire.Seq]chan<- struct{} // the packet of sizePasses that awaits its answer
	spentUp  int64
	spentDn  int64
	ended    error // why the control stream ended

	cancel context.CancelFunc
	wg     sync.WaitGroup
	done   chan struct{} // the control stream ended

	dismissed atomic.Bool
}

// Earlier is what a new connection takes over from the previous one; zero: there was
// none.
type Earlier struct {
	Ticket string     // resumes the previous session
	Server netip.Addr // the server's previous address
}

// Open connects by one transport, authenticates and starts the monitor stream.
func Open(ctx context.Context, o *Config, token wire.JoinToken, via link.Transport, purpose string, before Earlier) (*Session, error) {
	pin, err := token.Pin()
	if err != nil {
		return nil, err
	}
	dial := link.Dial
	if via == link.WebSocket {
		dial = link.DialWebSocket
	}
	conn, err := dial(ctx, link.DialOptions{
		Server: o.Server, Fingerprint: pin, Known: before.Server,
		Clock: o.Clock, Resolver: o.Resolver, Socket: o.Socket, TCP: o.TCP,
	})
	if err != nil {
		return nil, err
	}
	s := &Session{
		Config: o, Conn: conn, Remote: conn.Remote(), waiting: map[uint64]chan wire.Message{},
		done: make(chan struct{}), writing: make(chan struct{}, 1), ipv6: conn.Remote().Addr().Is6(),
	}
	if err := s.hello(ctx, purpose, before.Ticket); err != nil {
		conn.Close("no session")
		return nil, err
	}
	s.Monitor = monitor.NewStream(o.LossAfter, o.Clock.Now())
	if purpose != wire.PurposeCheck || !s.Traits().HidesLoss { // TCP and TLS overhead of our own bytes is an estimate: no verdict uses the remainder
		s.Foreign = &Foreign{read: o.Traffic, own: s.OwnBytes}
	}
	s.Monitor.HidesLoss = s.Traits().HidesLoss
	conn.Socket().Handle(s.probes)
	conn.Socket().HandleSent(s.departed)
	waiter, err := o.NewWaiter(o.Clock)
	if err != nil {
		conn.Close("no timer")
		return nil, err
	}
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	s.wg.Go(func() { // ends with the control stream
		defer close(s.done)
		s.readControl()
	})
	s.wg.Go(func() { // ends with inner
		defer waiter.Close()
		s.sendProbes(inner, waiter)
	})
	return s, nil
}

func (s *Session) hello(ctx context.Context, purpose, resume string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	control, err := s.Conn.Open(ctx)
	if err != nil {
		return err
	}
	s.control = control
	stop := context.AfterFunc(ctx, func() { _ = control.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	system := s.Config.System
	if system == "" {
		system = runtime.GOOS + "/" + runtime.GOARCH
	}
	hello := wire.Hello{Token: s.Config.Token, Client: s.Config.Version, System: system, Purpose: purpose, Resume: resume, Time: s.Config.Clock.Wall()}
	if err := wire.WriteMessage(control, wire.Message{Type: wire.TypeHello, ID: 1, Hello: &hello}); err != nil {
		return s.Conn.Broken(err)
	}
	m, err := wire.ReadMessage(control)
	switch {
	case err != nil:
		return s.Conn.Broken(err)
	case m.Type == wire.TypeRefused:
		return &RefusedError{Server: s.Config.Server, Refused: *m.Refused}
	case m.Type != wire.TypeWelcome:
		return &link.Error{Reason: link.ReasonProtocol, Server: s.Config.Server, Err: fmt.Errorf("answered hello with %q", m.Type)}
	}
	s.nextID = 1
	s.Welcome = *m.Welcome
	s.SetInterval(s.Config.Interval)
	s.flow, err = s.Conn.NewFlow(m.Welcome.Flow, link.Student)
	return err
}

// Close ends the session; a polite close tells the server that it is intended.
func (s *Session) Close(polite bool) {
	if polite {
		s.writing <- struct{}{}
		_ = s.control.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		if wire.WriteMessage(s.control, wire.Message{Type: wire.TypeBye, Bye: &wire.Bye{Reason: "done"}}) == nil {
			select { // the server closes after reading it
			case <-s.done:
			case <-time.After(500 * time.Millisecond):
			}
		}
		<-s.writing
	}
	s.cancel()
	s.Conn.Close("bye")
	s.wg.Wait()
}

func (s *Session) finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = err
	}
}

// Err returns why the control stream ended; nil while it is open.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// Dismissed reports whether the server has said goodbye: it ends, or hands over its
// sessions, and another server should be tried first.
func (s *Session) Dismissed() bool { return s.dismissed.Load() }

// Sleep waits for d. It returns early when ctx or the session ends, with its error.
func (s *Session) Sleep(ctx context.Context, d time.Duration) error {
	return SleepUntil(ctx, d, s.done, s.Err)
}

// SleepUntil waits for d. It returns early when ctx ends, with its error, or when done is
// closed, with why's.
func SleepUntil(ctx context.Context, d time.Duration, done <-chan struct{}, why func() error) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-done:
		return why()
	}
}
