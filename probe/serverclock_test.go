package probe_test

import (
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
)

// A computer whose clock is hours off is told so by the server's time, and a watch
// lasts as long as it lasted, whatever the clock is set to.
func TestAWrongClockIsSeen(t *testing.T) {
	for _, off := range []time.Duration{0, -3 * time.Hour, 26 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			up, down := good()
			w := newTestbed(t, up, down)
			w.host.Step(off)
			want := w.far.Wall().Sub(w.host.Wall())
			got, err := probe.ServerClock(t.Context(), w.options())
			if err != nil || (got-want).Abs() > 100*ms {
				t.Errorf("%v ahead, %v, want %v", got, err, want)
			}
			r, err := probe.Check(t.Context(), w.options(), nil)
			if err != nil || (r.ClockAhead.Duration()-want).Abs() > 100*ms {
				t.Errorf("a check says %v, %v", r.ClockAhead, err)
			}
			_, finish := w.watch(nil)
			time.Sleep(30 * time.Second)
			w.host.Step(-3 * time.Hour)
			time.Sleep(30 * time.Second)
			if s := finish(); (s.Lasted.Duration() - time.Minute).Abs() > 5*time.Second {
				t.Errorf("watched for %v, want a minute", s.Lasted.Duration())
			}
		})
	}
}
