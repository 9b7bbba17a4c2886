package reflect

import (
	"math/rand/v2"
	"sync"

	"golang.org/x/time/rate"

	"examlink/probe/clock"
	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server/session"
)

// Table holds the flows of all connections. It is safe for concurrent use.
type Table struct {
	clock   clock.Clock
	metrics *Metrics

	mu    sync.RWMutex
	flows map[wire.FlowID]*Flow
}

// NewTable makes an empty table.
func NewTable(c clock.Clock) *Table {
	return &Table{clock: c, metrics: newMetrics(), flows: map[wire.FlowID]*Flow{}}
}

// Open makes a flow for a connection, with the connection's own keys unless
// keys are given. It carries nothing until Add.
func (t *Table) Open(conn *link.Conn, s *session.Session, keys *wire.ProbeKeys, probeRate float64, trains Trains) (*Flow, error) {
	t.mu.RLock()
	id := wire.FlowID(rand.Uint32())
	for id == 0 || t.flows[id] != nil {
		id = wire.FlowID(rand.Uint32())
	}
	t.mu.RUnlock()
	var flow *link.Flow
	var err error
	if keys == nil {
		flow, err = conn.NewFlow(id, link.Server)
	} else {
		flow, err = link.FlowOf(id, link.Server, *keys)
	}
	if err != nil {
		return nil, err
	}
	return &Flow{
		Session: s, Conn: conn, Link: flow, socket: conn.Socket(), trains: trains, calmFrom: t.clock.Now(),
		grant: rate.NewLimiter(rate.Limit(probeRate), int(probeRate*grantBurst)+1),
	}, nil
}

// Add starts answering a flow in place of old, if any.
func (t *Table) Add(f *Flow, old *link.Flow) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old != nil {
		delete(t.flows, old.ID)
	}
	t.flows[f.Link.ID] = f
}

// Remove stops answering a flow.
func (t *Table) Remove(id wire.FlowID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.flows, id)
}

// find returns a flow; nil if there is none.
func (t *Table) find(id wire.FlowID) *Flow {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.flows[id]
}
