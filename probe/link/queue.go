package link

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Chosen by us: the limits of one WebSocket's unsent data.
const (
	queuePackets = 256
	queueBytes   = 32 << 10
	queueControl = 16 << 10
	queueSpare   = 16 // buffers kept for reuse
)

// ErrQueueFull means that a connection by TCP accepts no more packets now: they come
// faster than the network carries them.
var ErrQueueFull = errors.New("the connection takes no more packets now")

// queue holds the unsent data of one WebSocket: probe packets, which are refused when
// there is no room, and bytes of the control stream, which wait for room. It is safe
// for concurrent use.
type queue struct {
	refused atomic.Uint64
	wake    chan struct{} // holds one token if there may be something to send
	room    chan struct{} // holds one token if there may be room for control
	ended   chan struct{}

	mu      sync.Mutex
	packets [][]byte // the oldest first
	bytes   int      // in packets
	spare   [][]byte
	control []byte
	over    bool
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), room: make(chan struct{}, 1), ended: make(chan struct{})}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// push adds a copy of a packet.
func (q *queue) push(b []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.over:
		return net.ErrClosed
	case len(q.packets) >= queuePackets, q.bytes+len(b) > queueBytes:
		q.refused.Add(1)
		return ErrQueueFull
	}
	var buf []byte
	if n := len(q.spare); n > 0 {
		buf, q.spare = q.spare[n-1], q.spare[:n-1]
	}
	q.packets = append(q.packets, append(buf[:0], b...))
	q.bytes += len(b)
	signal(q.wake)
	return nil
}

// pop returns the oldest packet, nil if there is none. give returns its buffer.
func (q *queue) pop() []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.packets) == 0 {
		return nil
	}
	b := q.packets[0]
	n := copy(q.packets, q.packets[1:])
	q.packets[n] = nil
	q.packets = q.packets[:n]
	q.bytes -= len(b)
	return b
}

// give returns the buffer of a packet that has been sent.
func (q *queue) give(b []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.spare) < queueSpare {
		q.spare = append(q.spare, b)
	}
}

// write adds bytes of the control stream. It waits for room until the deadline; a zero
// deadline never passes. kick signals a change of the deadline.
func (q *queue) write(b []byte, deadline func() time.Time, kick <-chan struct{}) (n int, err error) {
	for {
		q.mu.Lock()
		if q.over {
			q.mu.Unlock()
			return n, net.ErrClosed
		}
		k := min(len(b), queueControl-len(q.control))
		q.control = append(q.control, b[:k]...)
		left := queueControl - len(q.control)
		q.mu.Unlock()
		n, b = n+k, b[k:]
		signal(q.wake)
		if len(b) == 0 {
			if left > 0 {
				signal(q.room) // for other waiting writers
			}
			return n, nil
		}
		var late <-chan time.Time
		var timer *time.Timer
		if d := deadline(); !d.IsZero() {
			timer = time.NewTimer(time.Until(d))
			late = timer.C
		}
		select {
		case <-q.room:
		case <-q.ended:
		case <-kick:
		case <-late:
			err = os.ErrDeadlineExceeded
		}
		if timer != nil {
			timer.Stop()
		}
		if err != nil {
			return n, err
		}
	}
}

// take appends up to most bytes of the control stream to buf.
func (q *queue) take(buf []byte, most int) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	k := min(most, len(q.control))
	if k == 0 {
		return buf
	}
	buf = append(buf, q.control[:k]...)
	q.control = q.control[:copy(q.control, q.control[k:])]
	signal(q.room)
	return buf
}

// end rejects further data; take can still drain control.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.over {
		return
	}
	q.over = true
	q.packets, q.spare, q.bytes = nil, nil, 0
	close(q.ended)
	signal(q.wake)
}
