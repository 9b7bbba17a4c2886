package netenv

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Answer is the result of a query.
type Answer int

// The answers.
const (
	NotKnown Answer = iota
	Answers
	Refuses // it is present but refuses
	Silent
	Mute // its system accepts the connection, but nothing follows
)

func (a Answer) String() string {
	return [...]string{"not known", "answers", "refuses", "silent", "mute"}[a]
}

// Findings are the results of Ask or Look. Unknown ones are zero.
type Findings struct {
	State   State
	Looked  bool   // State is known
	Offline bool   // no default route, or no address
	Gateway Answer // the router
	Name    Answer // the look-up of the server's name; not known if the server has none
	Server  Answer // the server's port by TCP, at its last known address
}

// Asker queries the network around this computer. It remembers which gateways have
// ever answered, so that the silence of one of them is significant. The zero value is
// ready and safe for concurrent use.
type Asker struct {
	mu       sync.Mutex
	answered map[netip.Addr]bool
}

// Look returns the state of the network as the computer reports it.
func (a *Asker) Look() (State, error) { return Look() }

// Ask queries the gateway, the name service and the server, all at once, and returns
// when each has answered or ctx ends. server is host:port, last its last known
// address, zero if unknown.
func (a *Asker) Ask(ctx context.Context, server string, last netip.AddrPort) Findings {
	var f Findings
	s, err := Look()
	f.Saw(s, err)
	var wg sync.WaitGroup
	defer wg.Wait()
	if f.Looked && s.Gateway.IsValid() {
		wg.Go(func() { f.Gateway = a.gateway(ctx, s.Gateway) })
	}
	wg.Go(func() { f.Name = lookUp(ctx, server) })
	wg.Go(func() { f.Server = reach(ctx, last) })
	wg.Wait()
	if f.Offline && wayTo(last) {
		f.Offline = false // no default route, but a route to the server in the same network
	}
	return f
}

// wayTo reports whether the system has a route to an address. It sends nothing.
func wayTo(to netip.AddrPort) bool {
	if !to.IsValid() {
		return false
	}
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// Saw records the result of Look.
func (f *Findings) Saw(s State, err error) {
	if err == nil {
		f.State, f.Looked, f.Offline = s, true, !s.Online()
	} else if errors.Is(err, ErrNoRoute) {
		f.Looked, f.Offline = true, true
	}
}

func (a *Asker) gateway(ctx context.Context, gateway netip.Addr) Answer {
	answers, known := GatewayAnswers(ctx, gateway)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case answers:
		if a.answered == nil {
			a.answered = map[netip.Addr]bool{}
		}
		a.answered[gateway] = true
		return Answers
	case known || a.answered[gateway]:
		return Silent
	}
	return NotKnown
}

// lookUp looks the server's name up. A name that is an address does not test the name
// service.
func lookUp(ctx context.Context, server string) Answer {
	name, _, err := net.SplitHostPort(server)
	if err != nil {
		return NotKnown
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return NotKnown
	}
	if _, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name); err != nil {
		return Silent
	}
	return Answers
}

// reach connects to the server's port by TCP and sends data that it must reject: the
// port speaks TLS. A program that hangs accepts connections too.
func reach(ctx context.Context, to netip.AddrPort) Answer {
	if !to.IsValid() {
		return NotKnown
	}
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
	if err != nil {
		if signOf(err) == signOfLife {
			return Refuses
		}
		return Silent
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := c.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil && ctx.Err() != nil {
		return Mute
	}
	if _, err := c.Read(make([]byte, 1)); err != nil && ctx.Err() != nil {
		return Mute
	}
	return Answers // a rejection, or the end of the connection
}
