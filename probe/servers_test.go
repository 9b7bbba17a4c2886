package probe_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/netsim"
	"examlink/probe/session"
	"examlink/probe/wire"
	"examlink/server/exam"
)

var secondAddr = netip.MustParseAddrPort("10.0.0.2:8443")

// pair is two servers with the same keys, each on a network of its own.
type pair struct{ first, second *testbed }

func newPair(t *testing.T) *pair {
	t.Helper()
	link := netsim.Params{Rate: 20e6, QueueTime: 100 * ms, Delay: 10 * ms}
	p := &pair{newTestbed(t, link, link), newTestbedAt(t, secondAddr, clientAddr, link, link, 7, nil)}
	p.second.halt()
	p.second.keys = p.first.keys
	p.second.serve()
	return p
}

// options are those of a client that knows both servers.
func (p *pair) options(t *testing.T) probe.Options {
	t.Helper()
	o := p.first.options()
	pin := link.Fingerprint(p.first.keys.Certificate.Leaf)
	token, err := exam.Issue(p.first.keys.Token, wire.JoinToken{
		Exam: "e1", Student: "s1", Servers: []string{serverAddr.String(), secondAddr.String()}, Fingerprint: base64.RawURLEncoding.EncodeToString(pin[:]),
		NotBefore: time.Now().Unix(), Expires: time.Now().Add(24 * time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Token = token
	o.Socket = func(_ context.Context, to netip.AddrPort) (net.PacketConn, error) {
		if to == secondAddr {
			return p.second.client.Socket(), nil
		}
		return p.first.client.Socket(), nil
	}
	o.TCP = func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, errors.New("no TCP here") }
	return o
}

func TestCheckUsesTheServerThatAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		gone bool
		want string
	}{"both": {false, serverAddr.String()}, "the first is gone": {true, secondAddr.String()}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				if c.gone {
					p.first.halt()
				}
				r, err := probe.Check(context.Background(), p.options(t), nil)
				if err != nil {
					t.Fatal(err)
				}
				if r.Server != c.want {
					t.Errorf("server %s, want %s", r.Server, c.want)
				}
			})
		})
	}
}

func TestCheckOfServersThatAreAllGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.first.halt()
		p.second.halt()
		_, err := probe.Check(context.Background(), p.options(t), nil)
		var e *link.Error
		if !errors.As(err, &e) || session.Final(err) {
			t.Errorf("%v, want an error of the link after which a retry may help", err)
		}
	})
}

// usedServers lists the servers that a watch has connected to.
type usedServers struct {
	diary
	mu      sync.Mutex
	servers []string
}

func (u *usedServers) Session(e probe.SessionEvent) {
	if e.State == probe.SessionConnected || e.State == probe.SessionResumed {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.servers = append(u.servers, e.Server)
	}
}

func (u *usedServers) list() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]string{}, u.servers...)
}

// A watch goes on with the other server when its own is gone, and stays there.
func TestWatchGoesToTheNextServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		ctx, cancel := context.WithCancel(context.Background())
		used := new(usedServers)
		done := make(chan error, 1)
		go func() {
			_, err := probe.Watch(ctx, p.options(t), used)
			done <- err
		}()
		time.Sleep(20 * time.Second)
		p.first.halt()
		time.Sleep(20 * time.Second)
		after := used.list()
		if len(after) != 2 || after[0] != serverAddr.String() || after[1] != secondAddr.String() {
			t.Errorf("servers %q, want the first and then the second", after)
		}
		if n := len(p.second.server.Sessions()); n != 1 {
			t.Errorf("%d sessions on the second server", n)
		}
		p.first.serve()
		time.Sleep(time.Minute)
		if list := used.list(); len(list) != 2 {
			t.Errorf("servers %q, want that the second stays", list)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
