package server

import (
	"context"
	"examlink/probe/link"
	"examlink/server/session"
	"net"
)

// listenTries is the number of ports to try when the system picks one. Chosen
// by us.
const listenTries = 10

// Listen opens one port by UDP and TCP. With port 0 the system picks one that is
// free for both.
func Listen(ctx context.Context, address string) (*net.UDPConn, net.Listener, error) {
	var last error
	for range listenTries {
		tcp, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			return nil, nil, err
		}
		a, err := net.ResolveUDPAddr("udp", address)
		if err != nil {
			_ = tcp.Close()
			return nil, nil, err
		}
		wanted := a.Port
		a.Port = tcp.Addr().(*net.TCPAddr).Port
		udp, err := net.ListenUDP("udp", a)
		if err == nil {
			return udp, tcp, nil
		}
		_ = tcp.Close()
		if last = err; wanted != 0 {
			break
		}
	}
	return nil, nil, last
}

// listen serves QUIC, and pages over HTTP/3, on the students' UDP port.
func (s *Server) listen() (*link.Listener, *link.WebTransports, error) {
	pages := link.NewWebTransports(s.limits().Sessions)
	s.pages.Store(pages)
	ln, err := link.Listen(s.o.Conn, link.ListenOptions{
		TLS: s.o.TLS, Clock: s.o.Clock, ResetKey: session.Derive(s.o.Secret, "stateless reset"),
		VerifySource: s.handshakes.suspicious,
		Admit:        s.admitHandshake,
		Pages:        pages,
	})
	if err != nil && s.o.TCP != nil {
		_ = s.o.TCP.Close()
	}
	return ln, pages, err
}
