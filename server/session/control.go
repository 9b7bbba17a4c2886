package session

import (
	"sync"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
)

// writeTimeout bounds a write to a control stream. Chosen by us.
const writeTimeout = 10 * time.Second

// Control writes to a control stream. It is safe for concurrent use.
type Control struct {
	mu     sync.Mutex
	stream link.Stream
}

// NewControl makes the writer of a control stream.
func NewControl(s link.Stream) *Control { return &Control{stream: s} }

// Send writes a message.
func (c *Control) Send(m wire.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.stream.SetWriteDeadline(time.Now().Add(writeTimeout))
	return wire.WriteMessage(c.stream, m)
}

// bye writes the last message.
func (c *Control) bye(deadline time.Time, why string) {
	_ = c.stream.SetWriteDeadline(deadline) // also unblocks a write that is stuck
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.stream.SetWriteDeadline(deadline)
	_ = wire.WriteMessage(c.stream, wire.Message{Type: wire.TypeBye, Bye: &wire.Bye{Reason: why}})
}

// Refusal is an error sent to the client.
type Refusal struct {
	Reason wire.Refusal
	Detail string
}

// Error implements error.
func (r *Refusal) Error() string { return string(r.Reason) + ": " + r.Detail }
