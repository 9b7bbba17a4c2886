package probe_test

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"examlink/docs/schemas"
	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/verdict"
)

// An interruption in mid-check, whatever runs then, is waited for: the rates are those
// of the link, and the interruption is a finding.
func TestCheckGoesOnAfterAnInterruption(t *testing.T) {
	long(t)
	for _, dead := range []time.Duration{3 * time.Second, 8 * time.Second, 20 * time.Second} {
		for start := 2 * time.Second; start < 9*time.Second; start += time.Second {
			t.Run(fmt.Sprintf("%v from %v", dead, start), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					up, down := netsim.Params{Rate: mbit(1.4), QueueTime: 200 * ms, Delay: 10 * ms}, netsim.Params{Rate: mbit(2.2), QueueTime: 200 * ms, Delay: 10 * ms}
					w := newTestbed(t, up, down)
					go func() { // ends with the interruption
						time.Sleep(start)
						w.cut(dead)
					}()
					r, err := probe.Check(t.Context(), w.options(), nil)
					time.Sleep(start + dead) // for the goroutine, if the check was over before
					if err != nil {
						t.Error(err)
						return
					}
					if r.Duration.Duration() < start {
						return // it was over before
					}
					for name, x := range map[string]struct {
						i    probe.Interval
						want float64
					}{"down": {r.CapacityDown.Rate, 2.2e6}, "up": {r.CapacityUp.Rate, 1.4e6}} {
						if x.i.Value == nil || math.Abs(*x.i.Value/x.want-1) > 0.02 {
							t.Errorf("%s %s of %v", name, x.i, x.want)
						}
					}
					if r.Interrupted != "" || r.Verdict.Outcome == verdict.Inconclusive {
						t.Errorf("%s %s", r.Interrupted, r.Verdict.Sentence)
					}
					if r.LongestGap < dead.Seconds()-0.5 || r.LongestGap > dead.Seconds()+3 {
						t.Errorf("longest gap %v", r.LongestGap)
					}
				})
			})
		}
	}
}

// A link that does not come back, or a server that ends, leaves a report of what was
// measured.
func TestBrokenOffCheckKeepsItsFigures(t *testing.T) {
	for name, end := range map[string]func(*testbed){
		"link":   func(w *testbed) { w.dark(true) },
		"server": func(w *testbed) { w.halt() },
	} {
		for _, after := range []time.Duration{4 * time.Second, 5500 * ms, 7 * time.Second} {
			t.Run(fmt.Sprintf("%s after %v", name, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					up, down := netsim.Params{Rate: mbit(1.4), QueueTime: 200 * ms, Delay: 10 * ms}, netsim.Params{Rate: mbit(2.2), QueueTime: 200 * ms, Delay: 10 * ms}
					w := newTestbed(t, up, down)
					done := make(chan struct{})
					go func() { // ends with the server or the link
						defer close(done)
						time.Sleep(after)
						end(w)
					}()
					r, err := probe.Check(t.Context(), w.options(), nil)
					<-done
					if err != nil {
						t.Fatalf("%v", err)
					}
					if r.Interrupted == "" || r.Idle.RoundTrip.Median == nil || r.Duration.Duration() > after+33*time.Second {
						t.Errorf("%q after %v, round trip %v", r.Interrupted, r.Duration, r.Idle.RoundTrip.Median)
					}
					want := verdict.NotReady
					if name == "server" { // that says nothing against the link
						want = verdict.Inconclusive
					}
					if r.Verdict.Outcome != want {
						t.Errorf("%s, want %s", r.Verdict.Sentence, want)
					}
					schemas.Test(t, probe.ReportSchema, encoded(t, r))
				})
			})
		}
	}
}
