package link

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"

	"examlink/probe/wire"
)

// read forwards incoming data until the connection ends.
func (w *webSocket) read() {
	buf := make([]byte, wire.MaxFrame)
	for {
		w.deadline(w.tls.SetReadDeadline, idleTimeout)
		b, err := w.message(buf)
		if err != nil {
			w.fail(err)
			w.part(0) // unblocks a stuck write
			return
		}
		packet, piece, err := wire.ParseFrame(b)
		switch {
		case err != nil:
			w.fail(err)
			return // the writer sends the reason to the peer
		case packet != nil:
			w.socket.batch = append(w.socket.batch, Datagram{Data: packet, From: w.addr, At: w.socket.clock.Now()})
			w.socket.deliver()
		default:
			w.received.Add(int64(len(b) + frameHeaders))
			// It waits for the reader of the control stream; TCP makes only the peer
			// wait.
			if _, err := w.inward.Write(piece); err != nil {
				w.fail(errHere)
			}
		}
	}
}

// message reads one message into buf.
func (w *webSocket) message(buf []byte) ([]byte, error) {
	kind, r, err := w.ws.Reader(context.Background())
	if err != nil {
		return nil, err
	}
	n := 0
	for n < len(buf) {
		m, err := r.Read(buf[n:])
		n += m
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if n == len(buf) { // nothing may follow
		if m, err := r.Read(make([]byte, 1)); m > 0 || !errors.Is(err, io.EOF) {
			return nil, wire.ErrFrame
		}
	}
	if kind != websocket.MessageBinary {
		return nil, wire.ErrFrame
	}
	return buf[:n], nil
}

// write sends queued data, control and packets in turn, until the connection ends;
// then the rest of control, and the reason.
func (w *webSocket) write() {
	buf := make([]byte, 0, wire.MaxFrame)
	send := func(b []byte) bool {
		w.deadline(w.tls.SetWriteDeadline, writeStall)
		err := w.ws.Write(context.Background(), websocket.MessageBinary, b)
		if err != nil {
			w.fail(err)
			w.part(0) // unblocks the reader
		}
		return err == nil
	}
	control := func() (some, ok bool) {
		piece := w.queue.take(wire.AppendChunk(buf[:0], nil), wire.MaxChunk)
		if len(piece) == 1 {
			return false, true
		}
		w.sent.Add(int64(len(piece) + frameHeaders))
		return true, send(piece)
	}
	for {
		some, ok := control()
		if !ok {
			return
		}
		packet := w.queue.pop()
		if packet != nil {
			if !send(packet) {
				return
			}
			w.queue.give(packet)
		}
		if some || packet != nil {
			continue
		}
		select {
		case <-w.queue.wake:
		case <-w.queue.ended:
			w.say(control)
			return
		}
	}
}

// say sends the rest of the control stream and ends the connection in order.
func (w *webSocket) say(control func() (some, ok bool)) {
	w.part(partTime)
	for {
		some, ok := control()
		if !ok {
			return
		}
		if !some {
			break
		}
	}
	w.mu.Lock()
	why, code := w.why, websocket.StatusNormalClosure
	if errors.Is(w.err, wire.ErrFrame) {
		code = websocket.StatusProtocolError
	}
	w.mu.Unlock()
	_ = w.ws.Close(code, why[:min(len(why), closeWords)])
}

// webStream is the control stream: it reads from a pipe that the connection fills, and
// writes into its queue.
type webStream struct {
	net.Conn // the near end of the pipe
	w        *webSocket

	mu    sync.Mutex
	until time.Time // the write deadline
	kick  chan struct{}
}

// Write implements io.Writer: it returns when the bytes are in the queue.
func (s *webStream) Write(b []byte) (int, error) { return s.w.queue.write(b, s.deadline, s.kick) }

// SetWriteDeadline also unblocks a waiting write.
func (s *webStream) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = t
	signal(s.kick)
	return nil
}

func (s *webStream) deadline() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.until
}
