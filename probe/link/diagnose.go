package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Chosen by us.
const (
	// diagnoseAfter is how long attempts go unanswered before the TCP diagnosis
	// starts.
	diagnoseAfter   = 1500 * time.Millisecond
	diagnoseTimeout = 3 * time.Second
)

// diagnosis finds out by TCP why UDP gets no answer. The server listens on the same
// port by TCP.
type diagnosis struct {
	o    DialOptions
	asks bool // TCP is available

	mu    sync.Mutex
	addrs []netip.AddrPort // the known addresses of the server
	some  chan struct{}    // closed with the first address
	all   chan struct{}    // closed when no more addresses will arrive

	// The result, once run has returned.
	reason Reason
	err    error
}

func newDiagnosis(o DialOptions) *diagnosis {
	return &diagnosis{o: o, asks: o.Socket == nil || o.TCP != nil, some: make(chan struct{}), all: make(chan struct{})}
}

// hear forwards the findings about the server's addresses and records them.
func (d *diagnosis) hear(found <-chan finding, port uint16) <-chan finding {
	out := make(chan finding)
	go func() { // ends when found is closed and drained
		defer close(out)
		defer close(d.all)
		for f := range found {
			d.mu.Lock()
			if len(d.addrs) == 0 && len(f.addrs) > 0 {
				close(d.some)
			}
			for _, a := range f.addrs {
				d.addrs = append(d.addrs, netip.AddrPortFrom(a, port))
			}
			d.mu.Unlock()
			out <- f
		}
	}()
	return out
}

func (d *diagnosis) known() []netip.AddrPort {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.addrs[:len(d.addrs):len(d.addrs)]
}

// run diagnoses once attempts have gone unanswered for a while, and calls giveUp if no
// host responds at any of the addresses. It ends with ctx.
func (d *diagnosis) run(ctx context.Context, giveUp func()) {
	if !d.asks {
		return
	}
	select {
	case <-d.some:
	case <-ctx.Done():
		return
	}
	wait := time.NewTimer(diagnoseAfter)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return
	}
	asked := d.known()
	d.reason, d.err = d.o.ask(ctx, asked)
	if d.reason != ReasonNoServer && d.reason != ReasonNoNetwork && d.reason != ReasonPortal {
		return
	}
	select {
	case <-d.all:
	case <-ctx.Done():
		return
	}
	if len(d.known()) == len(asked) {
		giveUp()
	}
}

// reached is a connection by TCP to one of the server's addresses.
type reached struct {
	net.Conn
	at netip.AddrPort
}

// ask tries the server's port by TCP and returns the conclusion about UDP; nothing if
// ctx ended first.
func (o DialOptions) ask(ctx context.Context, addrs []netip.AddrPort) (Reason, error) {
	try, cancel := context.WithTimeout(ctx, diagnoseTimeout)
	defer cancel()
	portal := make(chan bool, 1)
	go func() { portal <- o.portal(try, addrs) }() // ends with try
	var port uint16
	found := make(chan finding, 1)
	f := finding{}
	for _, a := range addrs {
		f.addrs, port = append(f.addrs, a.Addr()), a.Port()
	}
	found <- f
	close(found)
	c, _, err := dialRace[reached]{
		port: port, way: o.way(port), limit: diagnoseTimeout,
		try: func(ctx context.Context, to netip.AddrPort, _ time.Duration) (reached, error) {
			c, err := o.dialTCP(ctx, to)
			if err != nil {
				return reached{}, o.at(to, dialReason(err), err)
			}
			return reached{c, to}, nil
		},
		drop: func(c reached) { _ = c.Close() },
	}.run(try, func(context.Context) <-chan finding { return found })
	if err == nil {
		defer func() { _ = c.Close() }()
		if o.onlySmall(ctx, c.at) {
			return ReasonPathMTU, fmt.Errorf("small packets of UDP reach the server, packets of %d bytes do not", largeSize)
		}
		return ReasonUDPBlocked, errors.New("the server answers over TCP but not over UDP")
	}
	if ctx.Err() != nil {
		return "", nil
	}
	if <-portal {
		return ReasonPortal, errors.New("somebody else answers for the server on port 80")
	}
	return reasonAndCause(err)
}

// conclude returns why no attempt succeeded: err, or the result of the diagnosis. It
// may diagnose once more; outer is the context of the whole operation.
func (d *diagnosis) conclude(outer context.Context, err error) (Reason, error) {
	reason, err := reasonAndCause(err)
	found, foundErr := d.reason, d.err
	if reason == ReasonClosed && d.asks && outer.Err() == nil {
		// The system refused to send at all, as with a local firewall.
		reason, found = ReasonNoServer, ""
		if r, e := d.o.ask(outer, d.known()); r != "" {
			reason, err = r, fmt.Errorf("%w; %w", err, e)
		}
	}
	if reason == ReasonSilent || reason == ReasonCancelled {
		reason = ReasonNoServer
		if found != "" {
			reason, err = found, foundErr
		}
	}
	if reason == ReasonNoNetwork && d.o.routed(d.known()) {
		reason = ReasonRejected
		if found == "" && d.asks && outer.Err() == nil {
			found, foundErr = d.o.ask(outer, d.known())
		}
		if found.BlocksUDP() || found == ReasonPortal {
			reason, err = found, foundErr
		}
	}
	return reason, err
}

// elsewhere are addresses of the two families that any route to the internet leads
// to; nothing is sent there.
var elsewhere = []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:9"), netip.MustParseAddrPort("[2001:db8::1]:9")}

// routed reports whether this host has a route to one of the addresses, or to the
// internet at all: "no route to host" is then the answer of a router on the way, or
// the network lacks the address's family.
func (o DialOptions) routed(addrs []netip.AddrPort) bool {
	if o.Socket != nil || o.TCP != nil {
		return false // the network is the caller's
	}
	return slices.ContainsFunc(slices.Concat(addrs, elsewhere), func(to netip.AddrPort) bool {
		_, err := source(to)
		return err == nil
	})
}

// reasonAndCause splits an *Error.
func reasonAndCause(err error) (Reason, error) {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason, e.Err
	}
	return ReasonNoServer, err
}

// dialTCP connects to an address of the server by TCP.
func (o DialOptions) dialTCP(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	if o.TCP != nil {
		return o.TCP(ctx, to)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
}
