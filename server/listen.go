package server

import (
	"context"
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
