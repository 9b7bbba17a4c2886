package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
)

func (s *Session) readControl() {
	for {
		m, err := wire.ReadMessage(s.control)
		if err != nil {
			s.finish(s.Conn.Broken(err))
			return
		}
		if m.Type == wire.TypeBye {
			s.finish(&link.Error{Reason: link.ReasonClosed, Server: s.Config.Server, Err: errors.New(m.Bye.Reason)})
			return
		}
		s.mu.Lock()
		ch := s.waiting[m.ID]
		s.mu.Unlock()
		if ch != nil {
			select {
			case ch <- m:
			default: // an unsolicited second answer
			}
		}
	}
}

// request sends a message and returns the channel of its answers. The caller must
// call the returned function when it expects no more.
func (s *Session) request(m wire.Message) (<-chan wire.Message, func(), error) {
	s.mu.Lock()
	s.nextID++
	m.ID = s.nextID
	ch := make(chan wire.Message, 4)
	s.waiting[m.ID] = ch
	s.mu.Unlock()
	release := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting, m.ID)
	}
	if err := s.send(m); err != nil {
		release()
		return nil, nil, err
	}
	return ch, release, nil
}

func (s *Session) send(m wire.Message) error {
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	_ = s.control.SetWriteDeadline(time.Now().Add(answerTimeout))
	if err := wire.WriteMessage(s.control, m); err != nil {
		return s.Conn.Broken(err)
	}
	return nil
}

// answer waits for the next answer.
func (s *Session) answer(ctx context.Context, ch <-chan wire.Message, d time.Duration) (wire.Message, error) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case m := <-ch:
		if m.Type == wire.TypeRefused {
			return m, &RefusedError{Server: s.Config.Server, Refused: *m.Refused}
		}
		return m, nil
	case <-s.done:
		return wire.Message{}, s.Err()
	case <-ctx.Done():
		return wire.Message{}, ctx.Err()
	case <-t.C:
		return wire.Message{}, &link.Error{Reason: link.ReasonSilent, Server: s.Config.Server, Err: fmt.Errorf("no answer within %v", d)}
	}
}

// Count asks the server for its exact account of the monitor stream.
func (s *Session) Count(ctx context.Context) (wire.Count, error) {
	ch, release, err := s.request(wire.Message{Type: wire.TypeCount})
	if err != nil {
		return wire.Count{}, err
	}
	defer release()
	m, err := s.answer(ctx, ch, answerTimeout)
	if err != nil {
		return wire.Count{}, err
	}
	if m.Count == nil {
		return wire.Count{}, &link.Error{Reason: link.ReasonProtocol, Server: s.Config.Server, Err: errors.New("a count without numbers")}
	}
	return *m.Count, nil
}
