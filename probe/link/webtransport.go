package link

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/webtransport-go"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// Chosen by us, as far as a page needs: Safari connects only to a server that names all
// three limits (webtransport-go issue 355).
const (
	pageStreams    = 2
	pageUniStreams = 1
	pageData       = 1 << 20 // bytes
)

// WebTransports accepts connections of pages in browsers by WebTransport: HTTP/3 on the
// port of the other UDP clients, with datagrams for packets and a stream for control.
type WebTransports struct {
	acceptor
	server *webtransport.Server
	shared atomic.Pointer[Socket] // on which its connections travel
}

type pageConnKey struct{}

// NewWebTransports returns an acceptor of at most most concurrent connections. It works
// for one listener, by whose clock it stamps packets.
func NewWebTransports(most int) *WebTransports {
	s := &WebTransports{acceptor: newAcceptor()}
	s.Limit(most)
	mux := http.NewServeMux()
	mux.HandleFunc("CONNECT "+wire.WebTransportPath, s.upgrade)
	s.server = &webtransport.Server{
		H3: &http3.Server{
			Handler: mux, EnableDatagrams: true, MaxHeaderBytes: 8 << 10,
			ConnContext: func(ctx context.Context, c *quic.Conn) context.Context {
				return context.WithValue(ctx, pageConnKey{}, c)
			},
		},
		Config: &webtransport.Config{MaxIncomingStreams: pageStreams, MaxIncomingUniStreams: pageUniStreams, MaxIncomingData: pageData},
	}
	return s
}

// serve serves HTTP/3 on a connection until it ends.
func (s *WebTransports) serve(c *quic.Conn) { _ = s.server.ServeQUICConn(c) }

// upgrade opens one session and hands it to Accept.
func (s *WebTransports) upgrade(rw http.ResponseWriter, r *http.Request) {
	qc, ok := r.Context().Value(pageConnKey{}).(*quic.Conn)
	if !ok {
		http.Error(rw, "WebTransport is needed", http.StatusUpgradeRequired)
		return
	}
	if !s.room(rw) {
		return
	}
	session, err := s.server.Upgrade(rw, r)
	if err != nil {
		s.open.Add(-1)
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	t := newWebTransport(session, qc, s.shared.Load())
	context.AfterFunc(session.Context(), func() { s.open.Add(-1) })
	s.hand(&Conn{carrier: t, socket: t.socket, server: "client"})
}

// Close ends all connections.
func (s *WebTransports) Close() error {
	s.acceptor.Close()
	return s.server.Close()
}

// webTransport is a page's connection. One goroutine reads its datagrams; it ends with
// the connection.
type webTransport struct {
	session *webtransport.Session
	conn    *quic.Conn
	socket  *Socket // of its datagrams
	shared  *Socket // of its QUIC packets
	addr    netip.AddrPort

	mu     sync.Mutex
	closed bool // by this side
}

func newWebTransport(s *webtransport.Session, c *quic.Conn, shared *Socket) *webTransport {
	t := &webTransport{session: s, conn: c, addr: quicCarrier{c}.remote(), shared: shared}
	t.socket = &Socket{clock: shared.clock, datagrams: s.SendDatagram, batch: make([]Datagram, 0, 1)}
	go t.read()
	return t
}

func (t *webTransport) read() {
	for {
		b, err := t.session.ReceiveDatagram(t.session.Context())
		if err != nil {
			return
		}
		if wire.IsProbe(b) {
			t.socket.batch = append(t.socket.batch, Datagram{Data: b, From: t.addr, At: t.socket.clock.Now()})
			t.socket.deliver()
		}
	}
}

func (*webTransport) transport() Transport { return UDP }

func (t *webTransport) remote() netip.AddrPort { return t.addr }

func (t *webTransport) open(ctx context.Context) (Stream, error) {
	s, err := t.session.OpenStreamSync(ctx)
	if err != nil {
		return nil, err
	}
	return pageStream{s}, nil
}

func (t *webTransport) accept(ctx context.Context) (Stream, error) {
	s, err := t.session.AcceptStream(ctx)
	if err != nil {
		return nil, err
	}
	return pageStream{s}, nil
}

// pageStream's Close ends both directions.
type pageStream struct{ *webtransport.Stream }

func (s pageStream) Close() error {
	s.CancelRead(0)
	return s.Stream.Close()
}

// errNoExporter is returned for keys: a page cannot export those of its connection.
var errNoExporter = errors.New("a page exports no keys")

func (*webTransport) export(string, []byte, int) ([]byte, error) { return nil, errNoExporter }

func (t *webTransport) done() <-chan struct{} { return t.session.Context().Done() }

func (t *webTransport) cause() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return errHere
	}
	return context.Cause(t.session.Context())
}

func (t *webTransport) close(why string) {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	_ = t.session.CloseWithError(0, why)
}

func (*webTransport) classify(err error) Reason { return classify(err) }

// control counts all packets of the connection: datagrams travel in them, too.
func (t *webTransport) control() (sent, received int64) {
	s, header := t.conn.ConnectionStats(), int64(ippm.IPSize(0, t.addr.Addr().Is6()))
	return int64(s.BytesSent) + int64(s.PacketsSent)*header, int64(s.BytesReceived) + int64(s.PacketsReceived)*header
}
