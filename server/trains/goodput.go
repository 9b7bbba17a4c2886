package trains

import (
	"context"
	"fmt"
	"sync"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server/session"
)

// Bounds of one goodput stream, from PROTOCOL.md.
const (
	goodputBytes = 16e6
	goodputTime  = 10 * time.Second
	// goodputOpen is the time the student has to open the stream.
	goodputOpen = 5 * time.Second
)

// StartGoodput checks a goodput request against the grants and serves it in a
// goroutine of wg that ends with ctx. The error is a *session.Refusal.
func (t *Trains) StartGoodput(ctx context.Context, wg *sync.WaitGroup, conn *link.Conn, c *session.Control, m wire.Message) error {
	q, most := *m.Goodput, t.manager.o.Limits().TrainBytes
	switch {
	case q.Direction != wire.Up && q.Direction != wire.Down:
		return &session.Refusal{Reason: wire.RefusedRequest, Detail: fmt.Sprintf("direction: %q, expected %q or %q", q.Direction, wire.Up, wire.Down)}
	case q.Bytes <= 0 || q.Bytes > goodputBytes:
		return &session.Refusal{Reason: wire.RefusedLimit, Detail: fmt.Sprintf("bytes: %d, expected 1 to %.0f", q.Bytes, goodputBytes)}
	case q.Duration <= 0 || q.Duration > goodputTime:
		return &session.Refusal{Reason: wire.RefusedLimit, Detail: fmt.Sprintf("duration: %v, expected above 0 and at most %v", q.Duration, goodputTime)}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.session.Conn() != conn:
		return moved
	case conn.Transport() != link.UDP:
		return &session.Refusal{Reason: wire.RefusedRequest, Detail: "this transport carries one stream only"}
	case t.streaming:
		return &session.Refusal{Reason: wire.RefusedBusy, Detail: "a stream of this session is open"}
	case t.spent+q.Bytes > most:
		return &session.Refusal{Reason: wire.RefusedBudget, Detail: fmt.Sprintf("%d of %d bytes are used up", t.spent, most)}
	}
	t.spent += q.Bytes
	t.streaming = true
	wg.Go(func() {
		t.manager.serveGoodput(ctx, conn, c, m.ID, q)
		t.mu.Lock()
		t.streaming = false
		t.mu.Unlock()
	})
	return nil
}

func (m *Manager) serveGoodput(ctx context.Context, conn *link.Conn, c *session.Control, id uint64, q wire.Goodput) {
	ctx, cancel := context.WithTimeout(ctx, goodputOpen)
	defer cancel()
	stream, err := conn.Accept(ctx)
	if err != nil {
		return // the end of the connection is reported elsewhere
	}
	defer stream.Close()
	_ = stream.SetReadDeadline(time.Now().Add(goodputOpen))
	if _, err := wire.ReadMessage(stream); err != nil {
		return
	}
	if q.Direction == wire.Down {
		_ = stream.SetWriteDeadline(time.Now().Add(q.Duration))
		n := wire.FillGoodput(stream, q)
		m.metrics.goodput.WithLabelValues(string(wire.Down)).Add(float64(n))
		return
	}
	_ = stream.SetReadDeadline(time.Now().Add(q.Duration + time.Second))
	got := wire.CountGoodput(stream, q, m.o.Clock.Now)
	m.metrics.goodput.WithLabelValues(string(wire.Up)).Add(float64(got.Bytes))
	_ = c.Send(wire.Message{Type: wire.TypeGoodput, ID: id, Goodput: &got})
}
