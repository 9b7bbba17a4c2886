package probe_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/verdict"
)

// An unmeasured rate is never reported as good: links far below the minimum whose
// queue holds one packet, and a link that passes only small packets.
func TestWhatIsNotMeasuredIsNotGood(t *testing.T) {
	for _, rate := range []float64{0.05, 0.08, 0.1, 0.2} {
		synctest.Test(t, func(t *testing.T) {
			up, down := good()
			down.Rate, down.Queue = mbit(rate), 1500
			w := newTestbed(t, up, down)
			r, err := probe.Check(t.Context(), w.options(), nil)
			if err != nil {
				t.Fatalf("%v Mbit/s: %v, expected a verdict", rate, err)
			}
			if o := r.Verdict.Outcome; o != verdict.NotReady && o != verdict.Inconclusive {
				t.Errorf("%v Mbit/s with a queue of one packet is %q: %s", rate, o, r.Verdict.Sentence)
			}
		})
	}
}

// A watch that is cancelled before it reached a server ends without an error.
func TestWatchEndsBeforeItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		up.Outage = true
		w := newTestbed(t, up, down)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		s, err := probe.Watch(ctx, w.options())
		if err != nil || s.Connects != 0 || len(s.Warnings) != 0 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// A token that the server refuses on redial is reported once and retried only
// occasionally.
func TestRefusedRedialIsNoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		w := newTestbed(t, up, down)
		d, finish := w.watch(nil)
		time.Sleep(10 * time.Second)
		w.halt()
		other := newTestbedSeeded(t, netsim.Params{}, netsim.Params{}, 9) // keys of another server
		w.keys = other.keys
		w.serve()
		time.Sleep(2 * time.Minute)
		finish()
		lost := 0
		for _, s := range d.sessions {
			if s[len(s)-4:] == "lost" {
				lost++
			}
		}
		if lost != 1 {
			t.Errorf("said lost %d times: %v", lost, d.sessions)
		}
	})
}
