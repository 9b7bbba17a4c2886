package probe_test

import (
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/netsim"
	"examlink/probe/warning"
)

// A link that falls far raises warnings soon, and within a minute of its recovery
// they are cleared, also where its delay varies.
func TestRecoveryIsSeen(t *testing.T) {
	const within = time.Minute
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for _, jitter := range []time.Duration{ms, 5 * ms, 20 * ms} {
		for seed := range seeds {
			synctest.Test(t, func(t *testing.T) {
				up, down := good()
				w := newTestbedSeeded(t, up, down, seed+1)
				d, finish := w.watch(nil)
				time.Sleep(time.Minute)
				w.rates(mbit(0.06), mbit(0.1))
				fall := w.host.Wall()
				time.Sleep(2 * time.Minute)
				w.rates(mbit(5), mbit(10))
				w.both(func(p *netsim.Params) { p.Jitter, p.KeepOrder = jitter, false })
				back := w.host.Wall()
				time.Sleep(within)
				finish()
				told, cleared := map[warning.Kind]bool{}, map[warning.Kind]time.Time{}
				for _, x := range d.warnings {
					told[x.Kind] = told[x.Kind] || x.Raised.Sub(fall) <= 25*time.Second
					cleared[x.Kind] = x.End
				}
				for _, k := range []warning.Kind{warning.DownloadBelowMinimum, warning.UploadBelowMinimum} {
					if !told[k] {
						t.Errorf("jitter %v, seed %d: no %s within 25 s of the fall: %v", jitter, seed, k, d.warnings)
					}
					if end := cleared[k]; end.IsZero() {
						t.Errorf("jitter %v, seed %d: %s still stands %v after", jitter, seed, k, within)
					} else {
						t.Logf("jitter %v, seed %d: %s over %v after", jitter, seed, k, end.Sub(back).Round(time.Second))
					}
				}
			})
		}
	}
}

// A link that was below the recommended rate, but not below the minimum, and is back
// has its warning cleared: tests ask for more until they show it.
func TestRecommendedIsSeenAgain(t *testing.T) {
	long(t)
	for _, jitter := range []time.Duration{ms, 5 * ms} {
		for seed := range uint64(2) {
			synctest.Test(t, func(t *testing.T) {
				up, down := good()
				up.Jitter, down.Jitter = jitter, jitter
				w := newTestbedSeeded(t, up, down, seed+1)
				d, finish := w.watch(nil)
				time.Sleep(time.Minute)
				w.rates(mbit(0.6), mbit(1.1))
				time.Sleep(5 * time.Minute)
				w.rates(mbit(5), mbit(10))
				back := w.host.Wall()
				time.Sleep(10 * time.Minute)
				finish()
				var last warning.Warning
				for _, x := range d.warnings {
					if x.Kind == warning.BelowRecommended {
						last = x
					}
				}
				switch {
				case last.Kind == "":
					t.Errorf("jitter %v, seed %d: no warning of 1.1/0.6 Mbit/s", jitter, seed)
				case last.End.IsZero():
					t.Errorf("jitter %v, seed %d: %v still stands ten minutes after", jitter, seed, last)
				default:
					t.Logf("jitter %v, seed %d: over %v after, %s", jitter, seed, last.Cleared.Sub(back).Round(time.Second), last.Evidence)
				}
			})
		}
	}
}
