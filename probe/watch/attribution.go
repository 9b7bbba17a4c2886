package watch

import (
	"context"
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
	// lie that caused it.
	movedAround = 10 * time.Second
	// findingsAge is how long findings say something.
	findingsAge = 2*askEvery + time.Second
)

// Attribution finds out what this computer's surroundings are doing.
// netenv.Asker is one; tests have others. Its methods are called on a goroutine
// of their own, one at a time.
type Attribution interface {
	// Look says what the computer says of its network. It is quick.
	Look() (netenv.State, error)
	// Ask asks who answers, until ctx ends. server is host:port, last the
	// address it had.
	Ask(ctx context.Context, server string, last netip.AddrPort) netenv.Findings
}

// inquiry follows what is found out beside the loop. Only the loop touches it.
type inquiry struct {
	out   chan finding // nil: nobody asks
	stop  context.CancelFunc
	next  time.Duration
	asked bool // in this silence, or in this calm
	upset bool // asked for a silence, and not in calm

	state   netenv.State // the last one with an address
	looked  bool
	moved   time.Duration // when the address was last seen to have changed
	hasMove bool
	found   netenv.Findings
	foundAt time.Duration
	hasAsk  bool          // found is known
	reached int           // times running that the server took TCP connections in a silence
	since   time.Duration // when it was asked the first of these times
}

// finding is what came out of a look or of asking.
type finding struct {
	netenv.Findings
	asked bool
	began time.Duration
}

// inquire looks at this computer every 2 s, and asks around when something is
// wrong, and once when nothing is: who answers in calm is worth knowing when
// he does not.
func (w *watcher) inquire(ctx context.Context, now time.Duration) {
	q := &w.inquiry
	if w.o.Attribution == nil {
		return
	}
	silent, _ := w.s.Monitor.Silent(now)
	upset := w.interrupted || silent >= w.o.Watch.SilentAfter/2 || w.s.Err() != nil
	if upset != q.upset {
		q.upset, q.asked, q.reached = upset, false, 0
	}
	if q.out != nil || now < q.next && q.asked {
		return
	}
	ask := upset || !q.asked
	q.next, q.asked = now+askEvery, true
	inner, stop := context.WithTimeout(ctx, askTimeout)
	out := make(chan finding, 1)
	q.out, q.stop = out, stop
	a, server, last := w.o.Attribution, w.o.Server, w.s.Remote
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

// foundOut takes what was found out.
func (w *watcher) foundOut(f finding, now time.Duration) {
	q := &w.inquiry
	q.stop()
	q.out = nil
	if f.asked {
		q.found, q.foundAt, q.hasAsk = f.Findings, f.began, true
		if q.upset && (f.Server == netenv.Answers || f.Server == netenv.Mute) {
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

// cause is what the interruption that began at began comes from, as far as is
// known now.
func (w *watcher) cause(began, now time.Duration) warning.Cause {
	q := &w.inquiry
	c := circumstances{ended: w.s.Err()}
	if link.IsSuperseded(c.ended) {
		c.ended = nil // by our own new connection, of which we have not heard yet
	}
	// What an attempt met before the server was there again, it met no more.
	if a := w.attempt.Load(); a != nil && (q.reached == 0 || a.began >= q.since) {
		c.redial = a.err
	}
	c.moved = q.hasMove && q.moved >= began-movedAround
	if q.hasAsk && q.upset && now-q.foundAt <= findingsAge && q.foundAt >= began {
		c.found, c.firm = q.found, q.reached > 1
	}
	return attribute(c)
}

// explain tells of the cause of a standing outage if that is news.
func (w *watcher) explain(now time.Duration) {
	if wn, news := w.trackers[warning.Outage].Explain(w.cause(w.began, now), w.o.Clock.Wall()); news {
		w.warn(wn)
	}
}
