// Package cluster lets the servers that share a store act as one. Each writes the
// events of its own sessions into a log and publishes those of the others on its bus;
// one of them leads, which judges for all, and takes over the sessions of a server
// that is gone.
//
// While the store cannot be reached, each server goes on alone with its own sessions.
// Members are known by their beats, which each observer times by its own clock: no two
// clocks are compared.
//
// It knows neither what events mean nor how a server follows its sessions.
package cluster

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/server/event"
	"examlink/server/store"
)

// Chosen by us.
const (
	readEvery  = 100 * time.Millisecond // so that an event reaches the others within 200 ms
	beatEvery  = time.Second
	goneAfter  = 5 * time.Second // without a beat, while beats are read
	aloneAfter = 3 * time.Second // without an answer of the store
	adoptEvery = 5 * time.Second
	timeout    = 5 * time.Second // of one access to the store
	trimEvery  = time.Minute

	keepReadings = 5 * time.Minute // the latest one counts, and tests come more often
	keepEvents   = 24 * time.Hour  // longer than an exam
)

// Role is what a server does for the others.
type Role string

// The roles.
const (
	Follows Role = "follows" // another server judges
	Leads   Role = "leads"   // it judges the sessions of all servers
	Alone   Role = "alone"   // it cannot reach the store, and judges its own sessions
)

// Options configure a Cluster.
type Options struct {
	Store  store.Store
	Events *event.Bus
	// Name and Version are shown to people.
	Name, Version string
	// Role is called when the role changes, first when it is known.
	Role func(Role)
	// Adopt is called with sessions that are left to this server.
	Adopt func([]store.LiveSession)
	// Heard is called with each event of another server, after it was published.
	Heard func(event.Event)
	// Hold has whoever judges wait until the events of other servers that belong together
	// were published; nil: nobody judges.
	Hold func() (release func())
	Log  *slog.Logger
}

// Cluster is one server among those that share a store. Run it once.
type Cluster struct {
	o   Options
	id  string
	out outbox

	beating sync.Mutex // held during a beat; before reading
	reading sync.Mutex // held while the log is read; before mu

	mu       sync.Mutex
	joined   bool              // the log was read
	read     uint64            // the number of its latest event that was read
	places   map[string]*place // by session
	alive    []store.Member    // by identifier, this one included
	role     Role
	draining bool
	seen     map[string]sighting
	answered time.Time // when the store answered a beat last
	adopted  time.Time
	failing  bool
}

// sighting is when a member's beats changed last.
type sighting struct {
	beats uint64
	at    time.Time
}

// New prepares the server id of a cluster, which writes events that are published from
// now on.
func New(id string, o Options) *Cluster {
	c := &Cluster{o: o, id: id, places: map[string]*place{}, seen: map[string]sighting{}, out: outbox{wake: make(chan struct{}, 1)}}
	o.Events.Handle(c.note)
	return c
}

// ID is the identifier of this run among the members.
func (c *Cluster) ID() string { return c.id }

// Join reads what is active on the other servers and registers this one. Sessions must
// not be admitted before it returns. The error is the store's: the server can run, alone
// until the store answers.
func (c *Cluster) Join(ctx context.Context) error {
	err := c.readLog(ctx)
	if err == nil {
		err = c.beat(ctx)
	}
	if err != nil {
		c.assume(Alone)
	}
	return err
}

// Run keeps the server a member until ctx ends. It writes what was published by then,
// and leaves.
func (c *Cluster) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { every(ctx, readEvery, func() { _ = c.readLog(ctx) }) }) // all end with ctx
	wg.Go(func() { every(ctx, beatEvery, func() { _ = c.beat(ctx) }) })
	wg.Go(func() { every(ctx, trimEvery, func() { c.trim(ctx) }) })
	wg.Go(func() { c.write(ctx) })
	wg.Wait()
	c.leave(context.WithoutCancel(ctx))
}

// every calls f again and again until ctx ends.
func every(ctx context.Context, pause time.Duration, f func()) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

// leave writes what is left and removes this server from the members.
func (c *Cluster) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := c.flush(ctx); err != nil {
		c.o.Log.Error("events not shared with the other servers", "events", c.out.waiting(), "err", err)
	}
	if err := c.o.Store.Members().Leave(ctx, c.id); err != nil {
		c.o.Log.Warn("not removed from the servers that share the store; they notice within seconds", "err", err)
	}
}

// Drain makes the others lead, and lets this server say that it hands over its
// sessions; false ends that.
func (c *Cluster) Drain(ctx context.Context, draining bool) error {
	c.mu.Lock()
	c.draining = draining
	c.mu.Unlock()
	return c.beat(ctx)
}

// Others returns the other servers that can take sessions, by name.
func (c *Cluster) Others() (others []store.Member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.alive {
		if m.ID != c.id && !m.Draining {
			others = append(others, m)
		}
	}
	slices.SortFunc(others, func(a, b store.Member) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return others
}

// nameOf returns the name of a server; its identifier if it is not known any more. Called
// locked.
func (c *Cluster) nameOf(id string) string {
	for _, m := range c.alive {
		if m.ID == id {
			return m.Name
		}
	}
	return id
}

var (
	membersDesc = prometheus.NewDesc("examlink_server_cluster_members", "Servers that share the store and are alive, this one included, as it sees them.", nil, nil)
	roleDesc    = prometheus.NewDesc("examlink_server_cluster_role", "1 for the server's role: leads (it raises alerts for all servers), follows (another one does) or alone (it cannot reach the store and raises alerts for its own sessions).", []string{"role"}, nil)
	pendingDesc = prometheus.NewDesc("examlink_server_cluster_events_pending", "Events that the other servers have not been told of yet.", nil, nil)
	droppedDesc = prometheus.NewDesc("examlink_server_cluster_events_dropped_total", "Events that the other servers were never told of, because too many waited for the store.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *Cluster) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{membersDesc, roleDesc, pendingDesc, droppedDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Cluster) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	members, role := len(c.alive), c.role
	c.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(membersDesc, float64(members))
	for _, r := range []Role{Leads, Follows, Alone} {
		v := 0.0
		if r == role {
			v = 1
		}
		gauge(roleDesc, v, string(r))
	}
	gauge(pendingDesc, float64(c.out.waiting()))
	ch <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, float64(c.out.lost()))
}
