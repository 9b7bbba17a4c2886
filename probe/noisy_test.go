package probe_test

import (
	"flag"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/netsim"
	"examlink/probe/warning"
)

var noisyHours = flag.Float64("noisy", 0.6, "how many simulated hours noisy links are watched, together")

// Links of 10/5 Mbit/s with loss, jitter and busy hosts are never said to be below a
// minimum or the recommended rate.
func TestNoisyLinksAreNotBelow(t *testing.T) {
	hours := *noisyHours
	if testing.Short() {
		hours = 0.3
	}
	links := []struct {
		name     string
		up, down netsim.Params
		busy     bool
	}{
		{"loss 8 % up, jitter 2 ms, busy", netsim.Params{Loss: 0.08, Jitter: 2 * ms}, netsim.Params{Jitter: 2 * ms}, true},
		{"loss 8 % both ways", netsim.Params{Loss: 0.08}, netsim.Params{Loss: 0.08}, false},
		{"bursts of loss, jitter 8 ms", netsim.Params{BurstStart: 0.0125, BurstEnd: 0.25, Jitter: 8 * ms}, netsim.Params{BurstStart: 0.0125, BurstEnd: 0.25, Jitter: 8 * ms}, false},
		{"jitter 20 ms, order kept", netsim.Params{Jitter: 20 * ms, KeepOrder: true}, netsim.Params{Jitter: 20 * ms, KeepOrder: true}, true},
		{"jitter 40 ms", netsim.Params{Jitter: 40 * ms}, netsim.Params{Jitter: 40 * ms}, false},
		{"jitter 2 ms, busy", netsim.Params{Jitter: 2 * ms}, netsim.Params{Jitter: 2 * ms}, true},
	}
	each := time.Duration(hours / float64(len(links)) * float64(time.Hour))
	for i, l := range links {
		t.Run(l.name, func(t *testing.T) {
			for seed, left := uint64(1), each; left > 0; seed, left = seed+1, left-time.Hour {
				synctest.Test(t, func(t *testing.T) {
					up, down := l.up, l.down
					up.Rate, down.Rate = mbit(5), mbit(10)
					up.Delay, down.Delay, up.QueueTime, down.QueueTime = 15*ms, 15*ms, 500*ms, 500*ms
					var busy *spoiler
					if l.busy {
						busy = newSpoiler(seed, 1.0/10, 20*ms)
					}
					w := newTestbedOf(t, up, down, seed*uint64(i+1), busy)
					d, finish := w.watch(nil)
					time.Sleep(min(left, time.Hour))
					finish()
					for _, x := range d.warnings {
						switch x.Kind {
						case warning.DownloadBelowMinimum, warning.UploadBelowMinimum, warning.BelowRecommended:
							t.Errorf("seed %d: %s after %v: %s", seed, x.Kind, x.Raised.Sub(d.start).Round(time.Second), x.Evidence)
						}
					}
				})
			}
		})
	}
}
