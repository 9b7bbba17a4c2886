package probe_test

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/netsim"
	"examlink/probe/warning"
)

const serverName = "exam.test"

// names resolves the server's name until it is broken.
type names struct {
	broken atomic.Pointer[func(context.Context)]
}

func (n *names) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if how := n.broken.Load(); how != nil {
		(*how)(ctx)
		return nil, &net.DNSError{Err: "server misbehaving", Name: host, IsTemporary: true}
	}
	if network != "ip4" || host != serverName {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return []netip.Addr{serverAddr.Addr()}, nil
}

// A session whose server's name can no longer be looked up continues at the server's
// previous address, by either transport, and reports it.
func TestRedialWithoutNameService(t *testing.T) {
	refuses, silent := func(context.Context) {}, func(ctx context.Context) { <-ctx.Done() }
	restart := func(w *testbed) { w.halt(); time.Sleep(20 * time.Second); w.serve() }
	for name, c := range map[string]struct {
		how    func(context.Context)
		happen func(*testbed)
		via    link.Transport
	}{
		"refusing":                 {refuses, restart, link.UDP},
		"silent":                   {silent, restart, link.UDP},
		"silent, as all of UDP is": {silent, func(w *testbed) { w.blockUDP(true) }, link.WebSocket},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTCPWorld(t, mbit(20))
				n := new(names)
				d := &addresses{diary: diary{start: w.host.Wall()}}
				finish := w.watchWith(func(o *probe.Options) { o.Server, o.Resolver = serverName+":8443", n }, d)
				time.Sleep(time.Minute)
				n.broken.Store(&c.how)
				c.happen(w)
				time.Sleep(30 * time.Second)
				n.broken.Store(nil)
				w.halt() // the next connection has a name again
				w.serve()
				time.Sleep(30 * time.Second)
				s := finish()
				if len(d.list) < 3 {
					t.Fatalf("connections: %+v", d.list)
				}
				for i, e := range d.list {
					want := i == 1 // only while there was no name service
					if e.Remembered != want || e.Address != serverAddr || e.Session != d.list[0].Session || e.State == probe.SessionConnected != (i == 0) {
						t.Errorf("%d: %+v", i, e)
					}
				}
				if got := d.list[1].Transport; got != c.via {
					t.Errorf("by %s, want %s", got, c.via)
				}
				for _, x := range s.Warnings {
					if x.Cause == warning.CauseDNS {
						t.Errorf("%v", x)
					}
				}
			})
		})
	}
}

// addresses records the server's addresses, in addition to a diary.
type addresses struct {
	diary
	list []probe.SessionEvent
}

func (a *addresses) Session(e probe.SessionEvent) {
	a.diary.Session(e)
	if e.State == probe.SessionConnected || e.State == probe.SessionResumed {
		a.list = append(a.list, e)
	}
}

// sizes records the size of a probe, in addition to a diary.
type sizes struct {
	diary
	bytes   int
	control int64 // going up
}

func (s *sizes) Window(e probe.WindowEvent) {
	s.bytes = e.ProbeBytes
	s.control += e.ControlUp
	s.diary.Window(e)
}

// Headers are counted for the family in use: 40 bytes of IP for IPv6, 20 for IPv4,
// however the address is written.
func TestHeadersOfBothFamilies(t *testing.T) {
	for name, c := range map[string]struct {
		there, here string
		server      string // as configured
		want        int    // bytes of a probe of 64
	}{
		"IPv4":             {"10.0.0.1:8443", "10.0.0.2:50000", "10.0.0.1:8443", 64 + 8 + 20},
		"IPv4 in IPv6":     {"10.0.0.1:8443", "10.0.0.2:50000", "[::ffff:10.0.0.1]:8443", 64 + 8 + 20},
		"a name with IPv4": {"10.0.0.1:8443", "10.0.0.2:50000", serverName + ":8443", 64 + 8 + 20},
		"IPv6":             {"[2001:db8::1]:8443", "[2001:db8::2]:50000", "[2001:db8::1]:8443", 64 + 8 + 40},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := netsim.Params{Delay: 10 * ms}
				w := newTestbedAt(t, netip.MustParseAddrPort(c.there), netip.MustParseAddrPort(c.here), p, p, 7, nil)
				d := &sizes{diary: diary{start: w.host.Wall()}}
				finish := w.watchWith(func(o *probe.Options) {
					o.Server, o.Resolver, o.Watch.BudgetShare = c.server, new(names), 1e-9
				}, d)
				time.Sleep(time.Minute)
				s := finish()
				m := s.Monitor
				probes := s.BytesUp - d.control
				if d.bytes != c.want || m.Sent < 590 || probes < int64(m.Sent)*int64(c.want) || probes > int64(m.Sent+20)*int64(c.want) {
					t.Errorf("%d bytes to a probe, want %d; %d bytes for %d of them", d.bytes, c.want, probes, m.Sent)
				}
				if d.control < 3000 || d.control > 10_000 {
					t.Errorf("%d bytes of control in a minute", d.control)
				}
			})
		})
	}
}
