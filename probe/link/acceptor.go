package link

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// acceptor hands connections that HTTP requests open to whoever accepts them, up to a
// number.
type acceptor struct {
	most   *atomic.Int64
	open   *atomic.Int64
	conns  chan *Conn
	closed chan struct{}
}

func newAcceptor() acceptor {
	return acceptor{most: new(atomic.Int64), open: new(atomic.Int64), conns: make(chan *Conn), closed: make(chan struct{})}
}

// Limit changes how many concurrent connections are accepted. It ends none.
func (a acceptor) Limit(most int) { a.most.Store(int64(most)) }

// room takes a place for a connection, or refuses the request. Whoever takes it reduces
// open when the connection has ended.
func (a acceptor) room(rw http.ResponseWriter) bool {
	if a.open.Add(1) > a.most.Load() {
		a.open.Add(-1)
		http.Error(rw, "there is no room for another connection", http.StatusServiceUnavailable)
		return false
	}
	return true
}

// hand waits until a connection is accepted, or closes it with the acceptor.
func (a acceptor) hand(c *Conn) {
	select {
	case a.conns <- c:
	case <-a.closed:
		c.Close("server is shutting down")
	}
}

// Accept waits for the next connection.
func (a acceptor) Accept(ctx context.Context) (*Conn, error) {
	select {
	case c := <-a.conns:
		return c, nil
	case <-a.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close stops accepting. Accepted connections continue.
func (a acceptor) Close() { close(a.closed) }
