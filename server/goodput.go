package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
)

// Bounds of one stream of bytes, as PROTOCOL.md says.
const (
	goodputBytes = 16e6
	goodputTime  = 10 * time.Second
	// goodputOpen is how long the student may take to open the stream.
	goodputOpen = 5 * time.Second
)

// startGoodput checks a request against the grants and serves its stream.
func (s *Server) startGoodput(ctx context.Context, wg *sync.WaitGroup, ss *session, conn *link.Conn, c *control, m wire.Message) error {
	q := *m.Goodput
	switch {
	case q.Direction != wire.Up && q.Direction != wire.Down:
		return &refusal{wire.RefusedRequest, fmt.Sprintf("direction: %q, expected %q or %q", q.Direction, wire.Up, wire.Down)}
	case q.Bytes <= 0 || q.Bytes > goodputBytes:
		return &refusal{wire.RefusedLimit, fmt.Sprintf("bytes: %d, expected 1 to %.0f", q.Bytes, goodputBytes)}
	case q.Duration <= 0 || q.Duration > goodputTime:
		return &refusal{wire.RefusedLimit, fmt.Sprintf("duration: %v, expected above 0 and at most %v", q.Duration, goodputTime)}
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	switch {
	case ss.conn != conn:
		return &refusal{wire.RefusedRequest, "the session has moved to another connection"}
	case conn.Transport() != link.UDP:
		return &refusal{wire.RefusedRequest, "this transport carries one stream only"}
	case ss.streaming:
		return &refusal{wire.RefusedBusy, "a stream of this session is open"}
	case ss.spent+q.Bytes > s.limits().TrainBytes:
		return &refusal{wire.RefusedBudget, fmt.Sprintf("%d of %d bytes are spent", ss.spent, s.limits().TrainBytes)}
	}
	ss.spent += q.Bytes
	ss.streaming = true
	wg.Go(func() {
		s.serveGoodput(ctx, conn, c, m.ID, q)
		ss.mu.Lock()
		ss.streaming = false
		ss.mu.Unlock()
	})
	return nil
}

func (s *Server) serveGoodput(ctx context.Context, conn *link.Conn, c *control, id uint64, q wire.Goodput) {
	ctx, cancel := context.WithTimeout(ctx, goodputOpen)
	defer cancel()
	stream, err := conn.Accept(ctx)
	if err != nil {
		return // the connection's end is told of by itself
	}
	defer stream.Close()
	_ = stream.SetReadDeadline(time.Now().Add(goodputOpen))
	if _, err := wire.ReadMessage(stream); err != nil {
		return
	}
	if q.Direction == wire.Down {
		_ = stream.SetWriteDeadline(time.Now().Add(q.Duration))
		n := wire.FillGoodput(stream, q)
		s.metrics.goodput.WithLabelValues(string(wire.Down)).Add(float64(n))
		return
	}
	_ = stream.SetReadDeadline(time.Now().Add(q.Duration + time.Second))
	got := wire.CountGoodput(stream, q, s.o.Clock.Now)
	s.metrics.goodput.WithLabelValues(string(wire.Up)).Add(float64(got.Bytes))
	_ = c.send(wire.Message{Type: wire.TypeGoodput, ID: id, Goodput: &got})
}
