package watch

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"examlink/probe/link"
	"examlink/probe/netenv"
	"examlink/probe/warning"
)

// Chosen by us.
const (
	askEvery   = 2 * time.Second
	askTimeout = 1800 * time.Millisecond // below askEvery
	// movedAround is how long before an interruption a change of address may
	// lie and still count as its cause.
	movedAround = 10 * time.Second
	// findingsAge is how long findings remain valid.
	findingsAge = 2*askEvery + time.Second
)

// Attribution finds out what this computer's surroundings are doing.
// netenv.Asker implements it; tests use others. Its methods are called from a
// separate goroutine, one call at a time.
type Attribution interface {
	// Look returns the state of the network as the computer reports it. It is quick.
	Look() (netenv.State, error)
	// Ask probes the gateway, the name service and the server, until ctx ends.
	// server is host:port; last is the server's last known address.
	Ask(ctx context.Context, server string, last netip.AddrPort) netenv.Findings
}

// inquiry is the state of the attribution that runs beside the loop. Only the
// loop accesses it.
type inquiry struct {
	out           chan finding // nil: no inquiry is running
	stop          context.CancelFunc
	next          time.Duration
	asked         bool // in the current silence, or in the current calm
	duringSilence bool // the inquiries are for a silence, not in calm

	state   netenv.State // the latest one with an address
	looked  bool
	moved   time.Duration // when a change of address was last seen
	hasMove bool
	found   netenv.Findings
	foundAt time.Duration
	hasAsk  bool          // found is known
	reached int           // consecutive inquiries in a silence in which the server accepted TCP connections
	since   time.Duration // start of the first of these inquiries
}

// finding is the result of Look or Ask.
type finding struct {
	netenv.Findings
	asked bool
	began time.Duration
}

// inquire looks at this computer every 2 s. It also asks the network: repeatedly
// during trouble, and once in calm, as the baseline for later silence.
func (w *watcher) inquire(ctx context.Context, now time.Duration) {
	q := &w.inquiry
	if w.o.Attribution == nil {
		return
	}
	silent, _ := w.s.Probes().Silent(now)
	duringSilence := w.interrupted || silent >= w.o.Watch.SilentAfter/2 || w.s.Err() != nil
	if duringSilence != q.duringSilence {
		q.duringSilence, q.asked, q.reached = duringSilence, false, 0
	}
	if q.out != nil || now < q.next && q.asked {
		return
	}
	ask := duringSilence || !q.asked
	q.next, q.asked = now+askEvery, true
	inner, stop := context.WithTimeout(ctx, askTimeout)
	out := make(chan finding, 1)
	q.out, q.stop = out, stop
	a, server, last := w.o.Attribution, w.serverName(), w.s.Connection().Remote
	go func() { // ends with its answer, which ctx bounds
		f := finding{asked: ask, began: now}
		if ask {
			f.Findings = a.Ask(inner, server, last)
		} else {
			s, err := a.Look()
			f.Saw(s, err)
		}
		out <- f
	}()
}

// foundOut handles a finding.
func (w *watcher) foundOut(f finding, now time.Duration) {
	q := &w.inquiry
	q.stop()
	q.out = nil
	if f.asked {
		q.found, q.foundAt, q.hasAsk = f.Findings, f.began, true
		if q.duringSilence && (f.Server == netenv.Answers || f.Server == netenv.Mute) {
			if q.reached == 0 {
				q.since = f.began
			}
			q.reached++
		} else {
			q.reached = 0
		}
	}
	if f.Looked && !f.Offline {
		if q.looked && !q.state.SameNetwork(f.State) {
			q.moved, q.hasMove, q.asked = now, true, false
			w.session(SessionMoved, nil)
		}
		q.state, q.looked = f.State, true
	}
	if w.interrupted {
		w.explain(now)
	}
}

// cause returns the cause of the interruption that began at began, as far as it is
// known now.
func (w *watcher) cause(began, now time.Duration) warning.Cause {
	q := &w.inquiry
	c := circumstances{ended: w.s.Err()}
	if link.IsSuperseded(c.ended) {
		c.ended = nil // by our own new connection, which has not been reported yet
	}
	c.closed = errors.Is(c.ended, ErrLeft)
	// Ignore errors of attempts made before the server was reachable again.
	if a := w.attempt.Load(); a != nil && (q.reached == 0 || a.began >= q.since) {
		c.redial = a.err
	}
	c.moved = q.hasMove && q.moved >= began-movedAround
	if q.hasAsk && q.duringSilence && now-q.foundAt <= findingsAge && q.foundAt >= began {
		c.found, c.firm = q.found, q.reached > 1
	}
	return attribute(c)
}

// explain updates the cause of an active outage and reports it if it changed.
func (w *watcher) explain(now time.Duration) {
	if wn, news := w.trackers[warning.Outage].Explain(w.cause(w.began, now), w.o.Clock.Wall()); news {
		w.warn(wn)
	}
}
