package link

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"examlink/probe/clock"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// writeStall is how long TCP may accept nothing before the connection counts as
	// dead.
	writeStall = 10 * time.Second
	// partTime bounds the end of a connection: the rest of the control stream and the
	// reason for the peer are sent.
	partTime = time.Second
	// closeWords is how much of the reason fits a close frame.
	closeWords = 120
	// frameHeaders is the overhead of a separate frame: WebSocket, a TLS record, TCP
	// and IPv4.
	frameHeaders = 8 + 22 + 32 + 20
)

// errHere is the error of a connection that this side has closed.
var errHere = errors.New("closed by this side")

// webSocket is a connection by WebSocket. One goroutine reads, another writes from the
// queue; both end with the connection.
type webSocket struct {
	ws     *websocket.Conn
	tls    *tls.Conn
	addr   netip.AddrPort
	queue  *queue
	socket *Socket

	sent, received atomic.Int64 // IP-layer bytes of control, estimated

	inward io.WriteCloser // bytes of the control stream for its reader
	stream *webStream

	mu      sync.Mutex
	opened  bool
	parting bool // deadlines are no longer moved
	why     string
	err     error // why it ended

	over chan struct{} // closed when it ended
	gone chan struct{} // closed when its goroutines ended
}

// newWebSocket serves ws, which runs over t, until it ends.
func newWebSocket(ws *websocket.Conn, t *tls.Conn, c clock.Clock) *webSocket {
	ws.SetReadLimit(wire.MaxFrame)
	if tcp, ok := t.NetConn().(*net.TCPConn); ok {
		_ = tcp.SetNoDelay(true)
		limitUnsent(tcp)
	}
	w := &webSocket{ws: ws, tls: t, queue: newQueue(), over: make(chan struct{}), gone: make(chan struct{})}
	if a, ok := t.RemoteAddr().(*net.TCPAddr); ok {
		w.addr = unmap(a.AddrPort())
	}
	near, far := net.Pipe()
	w.inward = far
	w.stream = &webStream{Conn: near, w: w, kick: make(chan struct{}, 1)}
	w.socket = &Socket{clock: c, queue: w.queue, batch: make([]Datagram, 0, 1)}
	go w.run()
	return w
}

// run ends when both loops have ended.
func (w *webSocket) run() {
	defer close(w.gone)
	var wg sync.WaitGroup
	wg.Go(w.read)
	w.write()
	_ = w.ws.CloseNow()
	wg.Wait()
}

// fail ends the connection with an error; the first one counts. When the end becomes
// visible, nothing can be sent any more and the error is set.
func (w *webSocket) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	w.err = err
	w.queue.end()
	close(w.over)
	_ = w.inward.Close()
}

// deadline moves a deadline of the connection, unless it is parting.
func (w *webSocket) deadline(set func(time.Time) error, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.parting {
		_ = set(time.Now().Add(d))
	}
}

// part sets how long the connection may take to end.
func (w *webSocket) part(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.parting {
		w.parting = true
		_ = w.tls.SetDeadline(time.Now().Add(d))
	}
}

func (*webSocket) transport() Transport { return WebSocket }

func (w *webSocket) remote() netip.AddrPort { return w.addr }

// errOneStream is returned for a second stream.
var errOneStream = errors.New("a WebSocket carries one stream only")

func (w *webSocket) open(context.Context) (Stream, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.err != nil:
		return nil, w.err
	case w.opened:
		return nil, errOneStream
	}
	w.opened = true
	return w.stream, nil
}

func (w *webSocket) accept(ctx context.Context) (Stream, error) { return w.open(ctx) }

func (w *webSocket) export(label string, context []byte, size int) ([]byte, error) {
	state := w.tls.ConnectionState()
	return state.ExportKeyingMaterial(label, context, size)
}

func (w *webSocket) control() (sent, received int64) { return w.sent.Load(), w.received.Load() }

func (w *webSocket) done() <-chan struct{} { return w.over }

func (w *webSocket) cause() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *webSocket) close(why string) {
	w.mu.Lock()
	if w.why == "" {
		w.why = why
	}
	w.mu.Unlock()
	w.fail(errHere)
	w.part(partTime)
	<-w.gone
}

func (*webSocket) classify(err error) Reason {
	var closed websocket.CloseError
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return ReasonCancelled
	case errors.Is(err, wire.ErrFrame), errors.Is(err, errOneStream), errors.Is(err, websocket.ErrMessageTooBig):
		return ReasonProtocol
	case errors.As(err, &closed):
		if closed.Code == websocket.StatusProtocolError {
			return ReasonProtocol
		}
		return ReasonClosed
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return ReasonSilent
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return ReasonNoNetwork
	case errors.As(err, &network) && network.Timeout():
		return ReasonSilent
	}
	return ReasonClosed
}
