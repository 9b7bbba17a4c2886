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
			s.dismissed.Store(true)
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

// Chosen by us. QUIC takes a packet for lost, and sends it twice again, when its
// answer is not there after the smallest round trip and little more (the probe
// timeout of RFC 9002, section 6.2): some 65 ms on a good link. A report in one
// packet takes 110 ms on an uplink that has just fallen to 0.06 Mbit/s, so that
// repeats of repeats fill it for many seconds. Pieces, at a rate such an uplink
// can carry, are answered in time. Requests and reports of trains, which are awaited,
// are short enough to go whole.
const (
	wholeSize     = 512 // bytes
	pieceSize     = 192 // of what is longer
	pieceInterval = 40 * time.Millisecond
)

// send writes a message in pieces, one message at a time.
func (s *Session) send(m wire.Message) error {
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	_ = s.control.SetWriteDeadline(time.Now().Add(answerTimeout))
	if err := wire.WriteMessage(&pieces{s: s}, m); err != nil {
		return s.Conn.Broken(err)
	}
	return nil
}

// pieces writes to a session's control stream with a pause after each piece but
// the last. The end of the session ends a pause.
type pieces struct{ s *Session }

func (w *pieces) Write(b []byte) (int, error) {
	if len(b) <= wholeSize {
		return w.s.control.Write(b)
	}
	written := 0
	for {
		n := min(pieceSize, len(b)-written)
		n, err := w.s.control.Write(b[written : written+n])
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
		select {
		case <-w.s.done:
		case <-time.After(pieceInterval):
		}
	}
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
