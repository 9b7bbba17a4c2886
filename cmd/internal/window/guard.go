package window

import (
	"net"
	"net/http"
	"net/netip"
)

// refuses returns why a request is not answered; empty if it is. It must come from this
// computer, and name this computer: a name that somebody else's name service points to
// the loopback (DNS rebinding) would let that somebody's page read this one.
func (w *Window) refuses(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return "This page is for the computer on which examlink runs."
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil || port != w.port {
		return "The request names another address than " + w.o.Listener.String() + "."
	}
	if a, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !a.Unmap().IsLoopback()) {
		return "The request names another address than " + w.o.Listener.String() + "."
	}
	return ""
}
