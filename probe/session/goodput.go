package session

import (
	"context"
	"errors"
	"time"

	"examlink/probe/wire"
)

// Stream sends or fetches one stream of bytes and returns its receiver's count. It
// implements ratetest.Streamer.
func (s *Session) Stream(ctx context.Context, q wire.Goodput) (got wire.Goodput, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	ch, release, err := s.request(wire.Message{Type: wire.TypeGoodput, Goodput: &q})
	if err != nil {
		return got, err
	}
	defer release()
	stream, err := s.Conn.Open(ctx)
	if err != nil {
		return got, err
	}
	defer stream.Close()
	// The first message opens the stream at the other end.
	if err := wire.WriteMessage(stream, wire.Message{Type: wire.TypeGoodput, Goodput: &q}); err != nil {
		return got, err
	}
	if q.Direction == wire.Down {
		_ = stream.SetReadDeadline(time.Now().Add(q.Duration + answerTimeout/2))
		return wire.CountGoodput(stream, q, s.Config.Clock.Now), nil
	}
	_ = stream.SetWriteDeadline(time.Now().Add(q.Duration))
	wire.FillGoodput(stream, q)
	m, err := s.answer(ctx, ch, answerTimeout)
	switch {
	case err != nil:
		return got, err
	case m.Goodput == nil:
		return got, errors.New("an answer without numbers")
	}
	return *m.Goodput, nil
}
