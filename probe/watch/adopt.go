package watch

import (
	"context"
	"time"

	"examlink/probe/session"
	"examlink/probe/wire"
)

type redialResult struct {
	s      Line
	err    error
	beside bool // the session in use was well; this attempt tried UDP again
}

// connect opens the first session; it retries until it succeeds or the error is
// final.
func (w *watcher) connect(ctx context.Context) error {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		w.udpLost = w.o.Clock.Wall()
		s, err := w.o.Dialer.Dial(ctx, Wanted{})
		if err == nil {
			w.adopt(s, SessionConnected)
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
		if session.Final(err) {
			return err
		}
		w.session(SessionWaiting, err)
		t := time.NewTimer(backoff(w.rng, attempt))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
	return nil
}

// adopt makes s the session in use.
func (w *watcher) adopt(s Line, state SessionState) {
	now := w.o.Clock.Now()
	w.retire(false)
	is := s.Connection()
	w.s, w.ticket = s, is.Ticket
	s.Probes().CountGaps(w.o.Watch.SilentAfter / 2)
	w.judgeBy(is.Policy)
	w.summary.Session = is.Session
	w.summary.Connects++
	w.refused = false
	if w.summary.Connects == 1 {
		w.windowFrom, w.nextCut, w.nextLook = w.o.Clock.Wall(), now+w.o.Watch.Window, now
		w.nextFloor, w.lastFloor, w.nextRedial = now+time.Second, now, now
		w.nextGlance[wire.Down], w.nextGlance[wire.Up] = now+time.Second, now+time.Second
	}
	w.reports.Start(s, w.o.Outbox, w.o.Log)
	w.session(state, nil)
	w.judgeTransport(now)
}

// retire closes the session in use and adds its account to the total.
func (w *watcher) retire(polite bool) {
	s := w.s
	if s == nil {
		return
	}
	if w.floors != nil { // a running test ends with its session
		if !polite {
			s.Abandon()
		}
		for f := range w.floors {
			w.floorDone(f)
		}
		w.floors = nil
	}
	if polite {
		w.finish(s)
	} else {
		s.Probes().CountLost(w.o.Clock.Now() - movedGrace)
	}
	w.reports.Cancel()
	s.Close(polite)
	w.reports.Wait()
	if !polite {
		w.emit(s.Probes().Cut(w.o.Clock.Now()))
	}
	w.total.Absorb(s.Probes().Total())
	down, up := s.OwnBytes()
	w.summary.BytesUp += up
	w.summary.BytesDown += down
	w.s, w.controlUp, w.controlDown = nil, 0, 0
}

// finish delivers what remains, closes the account of the last session and ends the
// record, while the server can still countersign its end.
func (w *watcher) finish(s Line) {
	w.reports.Finish(w.o.Outbox)
	s.Pause()
	w.settle(s)
	ctx, cancel := context.WithTimeout(context.Background(), session.GoodbyeSettle)
	defer cancel()
	if c, err := s.Count(ctx); err == nil {
		s.Probes().Reconcile(c)
	}
	w.emit(s.Probes().Cut(w.o.Clock.Now()))
	w.endRecord(ctx, s)
}

// settle waits briefly for the last echoes.
func (w *watcher) settle(s Line) {
	ctx, cancel := context.WithTimeout(context.Background(), session.GoodbyeSettle)
	defer cancel()
	for !s.Probes().Empty(w.o.Clock.Now()) {
		if s.Sleep(ctx, 20*time.Millisecond) != nil {
			break
		}
	}
	s.Probes().CountLost(w.o.Clock.Now())
}

func (w *watcher) session(state SessionState, err error) {
	e := SessionEvent{At: w.o.Clock.Wall(), Policy: w.o.Policy, State: state, Session: w.summary.Session, Server: w.serverName(), Err: err}
	if w.s != nil {
		is := w.s.Connection()
		e.Transport, e.Address, e.Remembered = is.Transport, is.Remote, is.Remembered
	}
	for _, k := range w.sinks {
		k.Session(e)
	}
}
