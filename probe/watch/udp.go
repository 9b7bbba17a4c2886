package watch

import (
	"context"
	"math/rand/v2"
	"time"

	"examlink/probe/warning"
)

// Chosen by us: when UDP is tried again beside a WebSocket. UDP that looked
// blocked may have been a network about to recover.
const (
	udpSoon  = 10 * time.Second
	UDPEvery = 30 * time.Second
)

// jittered returns a duration within a fifth of d.
func jittered(rng *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rng.Float64()))
}

// judgeTransport raises or clears the UDP-blocked warning, depending on the
// session's transport.
func (w *watcher) judgeTransport(now time.Duration) {
	o := warning.Observation{At: w.o.Clock.Wall(), Level: warning.Good}
	if w.s.Traits().CongestionControlled && !w.s.Connection().NoUDP {
		o.Since, o.Level = w.udpLost, warning.Decisive
		o.Evidence = "the server answers over TCP but not over UDP, which live video needs; measurement continues over WebSocket"
		w.nextUDP = now + jittered(w.rng, udpSoon)
	}
	w.observe(warning.UDPBlocked, o)
}

// retryUDP occasionally tries UDP beside a session by WebSocket, and moves the
// session if it works.
func (w *watcher) retryUDP(ctx context.Context, now time.Duration) {
	if !w.s.Traits().CongestionControlled || w.s.Connection().NoUDP || w.redial != nil || w.interrupted || w.s.Err() != nil || now < w.nextUDP {
		return
	}
	ctx, w.stopRedial = context.WithCancel(ctx)
	out := make(chan redialResult, 1)
	w.redial = out
	wanted := Wanted{Earlier: w.earlier(), Server: w.serverName(), Beside: true}
	go func() { // ends with ctx, or with a result
		s, err := w.o.Dialer.Dial(ctx, wanted)
		out <- redialResult{s: s, err: err, beside: true}
	}()
}
