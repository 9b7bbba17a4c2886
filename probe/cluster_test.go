package probe_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/netsim"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/delivery"
	"examlink/server/event"
	"examlink/server/exam"
	"examlink/server/store"
	"examlink/server/store/memory"
	"examlink/server/store/storetest"
)

// node is one of several servers that share a store.
type node struct {
	*testbed
	name  string
	store *storetest.Absence

	mu   sync.Mutex
	dead bool             // its packets get lost
	said []event.Warning  // by itself
	all  []event.Incident // by itself
}

// group is servers that share a store, and the students of an exam.
type group struct {
	t        *testing.T
	nodes    []*node
	students sync.WaitGroup
}

var groupLink = netsim.Params{Rate: 20e6, QueueTime: 100 * ms, Delay: 10 * ms}

func newGroup(t *testing.T, n int) *group {
	t.Helper()
	g := &group{t: t}
	on := memory.New()
	for i := range n {
		there, here := netip.MustParseAddrPort(fmt.Sprintf("10.0.%d.1:8443", i)), netip.MustParseAddrPort(fmt.Sprintf("10.0.%d.2:50000", i))
		x := &node{testbed: newTestbedAt(t, there, here, groupLink, groupLink, 7, nil), name: fmt.Sprint("server-", i), store: &storetest.Absence{Store: on}}
		x.halt()
		x.keys = g.keysOf(x)
		x.far = netsim.NewClock(time.Duration(i)*time.Minute-time.Hour, 0) // no two clocks agree
		x.wrap = x.mortal
		x.adjust = func(o *server.Options) {
			o.Store, o.Cluster, o.Notify = x.store, x.name, &delivery.Options{}
		}
		x.serve()
		x.server.Events().Handle(x.note)
		g.nodes = append(g.nodes, x)
	}
	t.Cleanup(g.students.Wait)
	return g
}

// keysOf returns the keys that all servers have.
func (g *group) keysOf(x *node) server.Keys {
	if len(g.nodes) > 0 {
		return g.nodes[0].keys
	}
	return x.keys
}

// note keeps what the server itself says about students.
func (x *node) note(e event.Event) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch p := e.Payload.(type) {
	case event.Warning:
		if e.Server == "" {
			x.said = append(x.said, p)
		}
	case event.Incident:
		if e.Server == "" {
			x.all = append(x.all, p)
		}
	}
}

// mortal wraps the server's socket: when it is dead nothing gets out.
func (x *node) mortal(c net.PacketConn) net.PacketConn { return &mortal{c, x} }

type mortal struct {
	net.PacketConn
	node *node
}

func (m *mortal) WriteTo(b []byte, to net.Addr) (int, error) {
	m.node.mu.Lock()
	defer m.node.mu.Unlock()
	if m.node.dead {
		return len(b), nil
	}
	return m.PacketConn.WriteTo(b, to)
}

// kill ends a server as a crash does: it tells nobody.
func (x *node) kill() {
	x.mu.Lock()
	x.dead = true
	x.mu.Unlock()
	x.store.Away(true)
	x.halt()
}

// warnings lists what all servers have said, as name and whether it is active.
func (g *group) warnings() (out []string) {
	for _, x := range g.nodes {
		x.mu.Lock()
		for _, w := range x.said {
			out = append(out, fmt.Sprintf("%s: %s %v", x.name, w.Name, w.Active))
		}
		for _, i := range x.all {
			out = append(out, fmt.Sprintf("%s: incident %v", x.name, i.Active))
		}
		x.mu.Unlock()
	}
	return out
}

// quiet fails the test if a server has said anything about a student.
func (g *group) quiet(when string) {
	g.t.Helper()
	if w := g.warnings(); len(w) > 0 {
		g.t.Errorf("%s: warnings %q, expected none", when, w)
	}
}

// pupil is a student whose watch runs.
type pupil struct {
	usedServers
	stop   func()
	leave  func() // ends the program without a goodbye
	resume func()
}

// watch has a student watch, with a server preferred.
func (g *group) watch(student string, first int) *pupil {
	g.t.Helper()
	var servers []string
	clients := map[netip.AddrPort]*netsim.Client{}
	for i := range g.nodes {
		x := g.nodes[(first+i)%len(g.nodes)]
		servers = append(servers, x.addr.String())
		here := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, byte(first), byte(len(student) + i)}), uint16(40000+100*first+i))
		clients[x.addr] = x.net.Client(here, groupLink, groupLink, uint64(3+first))
	}
	pin := link.Fingerprint(g.nodes[0].keys.Certificate.Leaf)
	token, err := exam.Issue(g.nodes[0].keys.Token, wire.JoinToken{
		ID: "token-" + student, Exam: "e1", Student: student, Servers: servers, Fingerprint: base64.RawURLEncoding.EncodeToString(pin[:]),
		NotBefore: time.Now().Add(-2 * time.Hour).Unix(), Expires: time.Now().Add(24 * time.Hour).Unix(),
	})
	if err != nil {
		g.t.Fatal(err)
	}
	o := g.nodes[0].options()
	o.Token, o.Clock = token, netsim.NewClock(0, 0)
	o.Socket = func(_ context.Context, to netip.AddrPort) (net.PacketConn, error) { return clients[to].Socket(), nil }
	o.TCP = func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, errors.New("no TCP here") }
	p := new(pupil)
	ctx, cancel := context.WithCancel(context.Background())
	g.students.Go(func() { // ends with stop
		if _, err := probe.Watch(ctx, o, p); err != nil {
			g.t.Error(err)
		}
	})
	p.stop = cancel
	g.t.Cleanup(cancel)
	p.leave = func() {
		for _, c := range clients {
			c.Up.Update(func(p *netsim.Params) { p.Outage = true })
			c.Down.Update(func(p *netsim.Params) { p.Outage = true })
		}
	}
	p.resume = func() {
		for _, c := range clients {
			c.Up.Set(groupLink)
			c.Down.Set(groupLink)
		}
	}
	return p
}

// where returns the servers that have sessions, by student: each must be at one.
func (g *group) where() map[string]string {
	g.t.Helper()
	out := map[string]string{}
	for _, x := range g.nodes {
		if x.stop == nil {
			continue
		}
		for _, i := range x.server.Sessions() {
			if at, both := out[i.Student]; both {
				g.t.Errorf("student %s is at %s and at %s", i.Student, at, x.name)
			}
			out[i.Student] = x.name + " " + string(i.State)
		}
	}
	return out
}

// seen returns what one server knows of the others' sessions, by student.
func (x *node) seen() map[string]string {
	out := map[string]string{}
	for _, s := range x.server.Elsewhere() {
		out[s.Student] = s.Name + " " + s.State
	}
	return out
}

func (g *group) expectWhere(when string, want map[string]string) {
	g.t.Helper()
	if got := g.where(); !maps.Equal(got, want) {
		g.t.Errorf("%s: students are at %v, expected %v", when, got, want)
	}
}

// A server that is killed in mid-exam: its student goes on with another one within 10 s,
// in the same session, and nobody is warned of the student.
func TestAServerIsKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup(t, 3)
		students := []*pupil{g.watch("s0", 0), g.watch("s1", 1), g.watch("s2", 2)}
		time.Sleep(time.Minute)
		g.expectWhere("at first", map[string]string{"s0": "server-0 live", "s1": "server-1 live", "s2": "server-2 live"})
		if got, want := g.nodes[2].seen(), map[string]string{"s0": "server-0 live", "s1": "server-1 live"}; !maps.Equal(got, want) {
			t.Errorf("server-2 knows %v, expected %v", got, want)
		}
		before := g.nodes[0].server.Sessions()[0].Session
		g.nodes[0].kill()
		time.Sleep(10 * time.Second)
		g.expectWhere("10 s later", map[string]string{"s0": "server-1 live", "s1": "server-1 live", "s2": "server-2 live"})
		if !slices.ContainsFunc(g.nodes[1].server.Sessions(), func(i server.SessionInfo) bool { return i.Session == before }) {
			t.Error("the student has another session")
		}
		time.Sleep(time.Minute)
		g.quiet("afterwards")
		g.expectWhere("afterwards", map[string]string{"s0": "server-1 live", "s1": "server-1 live", "s2": "server-2 live"})
		for _, p := range students {
			p.stop()
		}
	})
}

// A student who is lost together with the server is missed by the others.
func TestAServerAndAStudentAreKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup(t, 3)
		p := g.watch("s0", 0)
		time.Sleep(time.Minute)
		p.leave()
		g.nodes[0].kill()
		time.Sleep(30 * time.Second)
		if w := g.warnings(); !slices.Contains(w, "server-1: dropped true") && !slices.Contains(w, "server-2: dropped true") {
			t.Errorf("warnings %q, expected that the student is missed", w)
		}
		p.resume()
		time.Sleep(30 * time.Second)
		n := g.notices()
		if len(n) != 1 || slices.Contains(slices.Collect(maps.Values(n)), true) {
			t.Errorf("warnings %v are active, expected one that is over", n)
		}
		p.stop()
	})
}

// notices tells of each warning whether it is active.
func (g *group) notices() map[string]bool {
	out := map[string]bool{}
	for _, x := range g.nodes {
		x.mu.Lock()
		for _, w := range x.said {
			if w.Active {
				out[w.ID] = true
			}
		}
		x.mu.Unlock()
	}
	for _, x := range g.nodes {
		x.mu.Lock()
		for _, w := range x.said {
			if !w.Active {
				out[w.ID] = false
			}
		}
		x.mu.Unlock()
	}
	return out
}

// The store is away for a minute: measuring and warning go on. A student who drops
// meanwhile is warned of once, and the end is said once, by whoever leads by then.
func TestTheStoreIsAwayForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup(t, 3)
		students := []*pupil{g.watch("s0", 0), g.watch("s1", 1), g.watch("s2", 2)}
		time.Sleep(time.Minute)
		away := func(is bool) {
			for _, x := range g.nodes {
				x.store.Away(is)
			}
		}
		away(true)
		time.Sleep(20 * time.Second)
		g.quiet("while the store is away")
		students[2].leave()
		time.Sleep(5 * time.Second)
		if got, want := fmt.Sprint(g.warnings()), "[server-2: suspect true server-2: dropped true]"; got != want {
			t.Errorf("warnings %s, expected %s", got, want)
		}
		time.Sleep(35 * time.Second)
		away(false)
		time.Sleep(5 * time.Second)
		for _, x := range g.nodes {
			if n := x.server.Notifier().Active(); len(n) != 1 || n[0].Student != "s2" {
				t.Errorf("%s: active %+v, expected the one warning about s2", x.name, n)
			}
		}
		students[2].resume()
		time.Sleep(30 * time.Second)
		n := g.notices()
		if len(n) != 1 || slices.Contains(slices.Collect(maps.Values(n)), true) {
			t.Errorf("warnings %v, expected one that is over; said: %q", n, g.warnings())
		}
		at := g.where()
		if delete(at, "s2"); !maps.Equal(at, map[string]string{"s0": "server-0 live", "s1": "server-1 live"}) {
			t.Errorf("at last students are at %v", at)
		}
		for _, p := range students {
			p.stop()
		}
	})
}

// A server is drained: its students go on with the others, and nobody is warned.
func TestAServerIsDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup(t, 3)
		students := []*pupil{g.watch("s0", 0), g.watch("s1", 1), g.watch("s2", 2)}
		time.Sleep(time.Minute)
		if err := g.nodes[0].server.Drain(context.Background(), true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		g.expectWhere("drained", map[string]string{"s0": "server-1 live", "s1": "server-1 live", "s2": "server-2 live"})
		d := g.nodes[0].server.Draining()
		if !d.Draining || d.Sessions != 0 || d.Bound != 0 || len(d.Others) != 2 || g.nodes[0].server.Ready() {
			t.Errorf("%+v, expected that all have gone", d)
		}
		g.nodes[0].halt()
		time.Sleep(time.Minute)
		g.nodes[0].serve()
		g.nodes[0].server.Events().Handle(g.nodes[0].note)
		time.Sleep(time.Minute)
		g.quiet("afterwards")
		if used := students[0].list(); len(used) != 2 {
			t.Errorf("the student used %v", used)
		}
		for _, x := range g.nodes[1:] {
			if err := x.server.Drain(context.Background(), true); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Second)
		}
		g.expectWhere("all at one", map[string]string{"s0": "server-0 live", "s1": "server-0 live", "s2": "server-0 live"})
		if err := g.nodes[0].server.Drain(context.Background(), true); !errors.Is(err, store.ErrConflict) {
			t.Errorf("the last one is drained: %v", err)
		}
		g.quiet("all at one")
		for _, p := range students {
			p.stop()
		}
	})
}
