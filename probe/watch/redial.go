package watch

import (
	"context"
	"math/rand/v2"
	"time"

	"examlink/probe/session"
	"examlink/probe/warning"
)

// failedAttempt is an attempt to connect anew.
type failedAttempt struct {
	began time.Duration
	err   error
}

// watchSilence raises and clears the outage warning and starts reconnecting while no
// connection works.
func (w *watcher) watchSilence(ctx context.Context, now time.Duration) {
	silent, echoed := w.s.Probes().Silent(now)
	ended := w.s.Err()
	if _, stands := w.trackers[warning.Outage].Active(); silent >= w.o.Watch.SilentAfter && now >= w.patience && !stands {
		w.began = now - silent
		w.observe(warning.Outage, warning.Observation{
			At: w.o.Clock.Wall(), Since: w.wall(w.began), Level: warning.Decisive,
			Evidence: "no answer from the server", Cause: w.cause(w.began, now),
		})
		if !w.interrupted {
			w.interrupted = true
			w.session(SessionSilent, ended)
		}
	}
	w.watchShortGaps(silent, now)
	// An absence of this host resets the silence; it is not an answer.
	if heard, _ := w.s.Probes().Heard(now); w.interrupted && echoed && heard < w.o.Watch.SilentAfter {
		w.interrupted = false
		w.lossesFrom = now + w.o.LossAfter
		w.attempt.Store(nil)
		w.observe(warning.Outage, warning.Observation{At: w.o.Clock.Wall(), Since: w.wall(now - heard), Level: warning.Good})
		w.session(SessionBack, nil)
		if ended == nil && w.redial != nil {
			w.stopRedial()
		}
	}
	if (silent >= w.o.Watch.RedialAfter || ended != nil) && w.redial == nil && now >= w.nextRedial {
		w.startRedial(ctx)
	}
}

// watchShortGaps reports interruptions that end before they count as an outage: too
// short to wait for, but long enough to be heard and seen in a call.
func (w *watcher) watchShortGaps(silent, now time.Duration) {
	shortGap := w.shortGap
	w.shortGap = silent
	began := w.lastSilence
	w.lastSilence = now - silent
	if w.interrupted || now < w.patience || shortGap < w.o.Watch.SilentAfter/2 || silent >= shortGap {
		return
	}
	if heard, echoed := w.s.Probes().Heard(now); !echoed || heard > silent {
		return // this host was away: no answer has arrived
	}
	w.lossesFrom = now + w.o.LossAfter
	at := w.o.Clock.Wall()
	t := w.trackers[warning.Outage]
	raised, _ := t.Observe(warning.Observation{
		At: at, Since: w.wall(began), Level: warning.Decisive,
		Evidence: "no answer from the server for a moment", Cause: w.cause(began, now),
	})
	if raised.Episodes > 1 { // it extends one that has been reported
		w.warn(raised)
	}
	w.observe(warning.Outage, warning.Observation{At: at, Since: w.wall(now - silent), Level: warning.Good})
}

// startRedial tries to open a new connection beside the old one until it succeeds, is
// finally refused or is cancelled.
func (w *watcher) startRedial(ctx context.Context) {
	ctx, w.stopRedial = context.WithCancel(ctx)
	out := make(chan redialResult, 1)
	w.redial = out
	w.attempt.Store(nil)
	wanted := Wanted{Earlier: w.earlier(), Server: w.serverName(), Avoid: w.s.Dismissed()}
	rng := rand.New(rand.NewPCG(w.rng.Uint64(), 2))
	if !w.s.Traits().HidesLoss {
		silent, _ := w.s.Probes().Silent(w.o.Clock.Now())
		w.udpLost = w.o.Clock.Wall().Add(-silent)
	}
	go func() { // ends with ctx, or with a result
		for attempt := 0; ; attempt++ {
			began := w.o.Clock.Now()
			s, err := w.o.Dialer.Dial(ctx, wanted)
			if err != nil && ctx.Err() == nil {
				w.attempt.Store(&failedAttempt{began, err})
			}
			if err == nil || session.Final(err) || ctx.Err() != nil {
				out <- redialResult{s: s, err: err}
				return
			}
			t := time.NewTimer(backoff(rng, attempt))
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				out <- redialResult{err: ctx.Err()}
				return
			}
		}
	}()
}

// explainMove attributes the interruption to blocked UDP if the new connection that
// ends it is a WebSocket: UDP was tried first and got no answer.
func (w *watcher) explainMove(s Line) {
	if !w.s.Traits().HidesLoss && s.Traits().HidesLoss && w.interrupted {
		if wn, news := w.trackers[warning.Outage].Explain(warning.CauseUDPBlocked, w.o.Clock.Wall()); news {
			w.warn(wn)
		}
	}
}

func (w *watcher) redialed(r redialResult) {
	w.stopRedial()
	switch {
	case r.err != nil && r.beside:
		w.nextUDP = w.o.Clock.Now() + jittered(w.rng, UDPEvery)
	case r.err != nil:
		if session.Final(r.err) {
			if !w.refused {
				w.session(SessionLost, r.err)
			}
			w.refused = true
			w.nextRedial = w.o.Clock.Now() + lostPause
		}
		return
	default:
		state := SessionConnected
		if r.s.Connection().Resumed {
			state = SessionResumed
		}
		w.explainMove(r.s)
		w.adopt(r.s, state)
	}
}

// serverName returns the address of the server in use, or of the first one to try.
func (w *watcher) serverName() string {
	if w.s != nil {
		return w.s.Connection().Server
	}
	return w.o.Server
}

// earlier returns what a new connection takes over from the session in use.
func (w *watcher) earlier() session.Earlier {
	return session.Earlier{Ticket: w.ticket, Server: w.s.Connection().Remote.Addr()}
}
