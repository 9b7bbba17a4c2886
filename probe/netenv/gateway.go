package netenv

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// Chosen by us.
const (
	// gatewayWait bounds the query: a router on the local network answers within
	// milliseconds, over bad Wi-Fi within some hundreds.
	gatewayWait = 1500 * time.Millisecond
	// echoEvery is the time between two echo requests: one may get lost.
	echoEvery = 400 * time.Millisecond
)

// gatewayPorts are the ports where routers listen: name service and their own pages.
var gatewayPorts = []int{53, 80, 443}

// GatewayAnswers queries the gateway by TCP on the ports where routers listen, and by
// ICMP where a user may. answers is true if there was any response, including a
// refusal. Silence alone proves little, because a gateway may be configured not to
// answer; known is true if the system reports that no host has the gateway's address.
// It takes up to a second and a half.
func GatewayAnswers(ctx context.Context, gateway netip.Addr) (answers, known bool) {
	if !gateway.IsValid() {
		return false, false
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, gatewayWait)
	defer cancel()
	n := len(gatewayPorts) + 1
	out := make(chan sign, n)
	for _, port := range gatewayPorts { // each ends with ctx
		go func() { out <- knock(ctx, netip.AddrPortFrom(gateway, uint16(port))) }()
	}
	go func() { out <- echo(ctx, gateway) }()
	for range n { // each sends once, and ends with ctx
		switch <-out {
		case signOfLife:
			answers = true
			cancel()
		case signOfAbsence:
			known = true
		}
	}
	switch {
	case answers:
		return true, true
	case known || outer.Err() == nil && missing(gateway): // else the system had no time to query
		return false, true
	}
	return false, false
}

// sign is the result of one query.
type sign int

const (
	noSign sign = iota
	signOfLife
	signOfAbsence // the system reports that there is no host, or no route
)

// knock queries by TCP.
func knock(ctx context.Context, to netip.AddrPort) sign {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(to.Addr().String(), strconv.Itoa(int(to.Port()))))
	if err == nil {
		_ = c.Close()
		return signOfLife
	}
	return signOf(err)
}

func signOf(err error) sign {
	switch {
	case isErrno(err, syscall.ECONNREFUSED, wsaRefused), isErrno(err, syscall.ECONNRESET, wsaReset):
		return signOfLife
	case isErrno(err, syscall.EHOSTUNREACH, wsaHostUnreachable), isErrno(err, syscall.ENETUNREACH, wsaNetUnreachable):
		return signOfAbsence
	}
	return noSign
}

// Windows error numbers that package syscall does not map.
const (
	wsaNetUnreachable  = syscall.Errno(10051)
	wsaReset           = syscall.Errno(10054)
	wsaRefused         = syscall.Errno(10061)
	wsaHostUnreachable = syscall.Errno(10065)
)

func isErrno(err error, unix, windows syscall.Errno) bool {
	var n syscall.Errno
	return errors.As(err, &n) && (n == unix || n == windows)
}

// echo queries by ICMP, with the sockets that some systems permit users.
func echo(ctx context.Context, to netip.Addr) sign {
	network, local, proto := "udp4", "0.0.0.0", ipv4.ICMPTypeEchoReply.Protocol()
	var request icmp.Type = ipv4.ICMPTypeEcho
	var reply icmp.Type = ipv4.ICMPTypeEchoReply
	if to.Is6() {
		network, local, proto = "udp6", "::", ipv6.ICMPTypeEchoReply.Protocol()
		request, reply = ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply
	}
	c, err := icmp.ListenPacket(network, local)
	if err != nil {
		return noSign
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	buf := make([]byte, 512)
	for seq := 1; ctx.Err() == nil; seq++ {
		m := icmp.Message{Type: request, Body: &icmp.Echo{ID: os.Getpid() & 0xffff, Seq: seq, Data: []byte("examlink")}}
		b, err := m.Marshal(nil)
		if err != nil {
			return noSign
		}
		if _, err := c.WriteTo(b, &net.UDPAddr{IP: to.AsSlice(), Zone: to.Zone()}); err != nil {
			return signOf(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(echoEvery))
		if ctx.Err() != nil {
			return noSign
		}
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				break // time for the next, or over
			}
			got, err := icmp.ParseMessage(proto, buf[:n])
			a, ok := from.(*net.UDPAddr)
			if err == nil && ok && got.Type == reply && a.AddrPort().Addr().Unmap().WithZone("") == to.WithZone("") {
				return signOfLife
			}
		}
	}
	return noSign
}
