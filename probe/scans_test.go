package probe_test

import (
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/verdict"
	"examlink/probe/warning"
)

// scan holds everything up for a while again and again, as a computer that scans for
// Wi-Fi networks does.
type scan struct {
	name        string
	hold, every time.Duration
}

var scans = []scan{{"2.2 s every 15 s", 2200 * ms, 15 * time.Second}, {"0.4 s every 10 s", 400 * ms, 10 * time.Second}}

// start scans until stop is called.
func (s scan) start(w *testbed) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() { // ends with stop
		defer close(done)
		for wait := 8 * time.Second; ; wait = s.every - s.hold {
			select {
			case <-quit:
				return
			case <-time.After(wait):
			}
			w.hold(s.hold, mbit(5), mbit(10))
		}
	}()
	return func() { close(quit); <-done }
}

// Scans of the Wi-Fi turn no verdict on rates, wherever in a check they fall.
func TestCheckBesideScans(t *testing.T) {
	long(t)
	for _, s := range scans {
		t.Run(s.name, func(t *testing.T) {
			for lead := range 5 {
				synctest.Test(t, func(t *testing.T) {
					up, down := good()
					up.Queue, down.Queue = 190e3, 375e3 // 300 ms, and room for what is held up
					w := newTestbed(t, up, down)
					defer s.start(w)()
					time.Sleep(time.Duration(lead) * 1700 * ms)
					r, err := probe.Check(t.Context(), w.options(), nil)
					if err != nil {
						t.Error(err)
						return
					}
					for _, x := range r.Verdict.Reasons {
						if (x.Criterion == verdict.Download || x.Criterion == verdict.Upload) && x.AgainstMin != verdict.Met {
							t.Errorf("lead %d: %s is %s: %s", lead, x.Criterion, x.AgainstMin, x.Why)
						}
					}
					if r.Verdict.Outcome != verdict.Ready && r.Verdict.Outcome != verdict.Marginal {
						t.Errorf("lead %d: %s", lead, r.Verdict.Sentence)
					}
				})
			}
		})
	}
}

// A watch tells the student once of what comes and goes.
func TestWatchBesideScans(t *testing.T) {
	for _, s := range scans {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up, down := good()
				up.Queue, down.Queue = 190e3, 375e3 // 300 ms, and room for what is held up
				w := newTestbed(t, up, down)
				d, finish := w.watch(nil)
				stop := s.start(w)
				time.Sleep(135 * time.Second)
				stop()
				finish()
				raised := map[warning.Kind]map[int]bool{}
				for _, x := range d.warnings {
					if raised[x.Kind] == nil {
						raised[x.Kind] = map[int]bool{}
					}
					raised[x.Kind][x.ID] = true
				}
				for kind, ids := range raised {
					if n := len(ids); n > 1 || kind == warning.DownloadBelowMinimum || kind == warning.UploadBelowMinimum {
						t.Errorf("%d warnings of %s", len(ids), kind)
					}
				}
				t.Logf("%v", d.warnings)
			})
		})
	}
}
