package probe_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/warning"
)

// diary records all events of a watch.
type diary struct {
	start    time.Time
	sessions []string
	warnings []warning.Warning
	windows  int
	floors   []probe.Floor
	spent    int64
}

func (d *diary) Session(e probe.SessionEvent) {
	d.sessions = append(d.sessions, fmt.Sprintf("%v %s", e.At.Sub(d.start).Round(time.Second), e.State))
}
func (d *diary) Window(probe.WindowEvent) { d.windows++ }
func (d *diary) Floor(e probe.FloorEvent) {
	d.floors = append(d.floors, e.Floor)
	d.spent += e.SpentUp + e.SpentDown
}
func (d *diary) Warning(w warning.Warning) { d.warnings = append(d.warnings, w) }

// watch runs a watch in the bubble; the returned function ends it.
func (w *testbed) watch(change func(*probe.Options)) (d *diary, finish func() probe.Summary) {
	w.t.Helper()
	d = &diary{start: w.host.Wall()}
	return d, w.watchWith(change, d)
}

// watchWith is watch with an extra sink.
func (w *testbed) watchWith(change func(*probe.Options), d probe.Sink) (finish func() probe.Summary) {
	w.t.Helper()
	o := w.options()
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	type result struct {
		s   probe.Summary
		err error
	}
	done := make(chan result, 1)
	go func() {
		s, err := probe.Watch(ctx, o, d)
		done <- result{s, err}
	}()
	return func() probe.Summary {
		cancel()
		r := <-done
		if r.err != nil {
			w.t.Error(r.err)
		}
		return r.s
	}
}

func good() (up, down netsim.Params) {
	p := netsim.Params{QueueTime: 500 * ms, Delay: 15 * ms, Jitter: ms, KeepOrder: true}
	up, down = p, p
	up.Rate, down.Rate = mbit(5), mbit(10)
	return up, down
}

// about reports whether got lies within slack after want, both since the start.
func about(t *testing.T, what string, got time.Time, start time.Time, want, slack time.Duration) {
	t.Helper()
	if d := got.Sub(start) - want; d < -time.Second || d > slack {
		t.Errorf("%s at %v, want within %v of %v", what, got.Sub(start), slack, want)
	}
}

// A three-hour exam: the download falls below the minimum for ten minutes, the link is
// cut for 40 seconds, and the rest is calm.
func TestThreeHourExam(t *testing.T) {
	if testing.Short() {
		t.Skip("long: three hours of simulation")
	}
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		w := newTestbed(t, up, down)
		start := time.Now()
		d, finish := w.watch(nil)
		at := func(h, m, s int) time.Duration {
			return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
		}
		sleepUntil := func(x time.Duration) { time.Sleep(x - time.Since(start)) }

		sleepUntil(at(1, 0, 0))
		w.client.Down.Update(func(p *netsim.Params) { p.Rate = mbit(0.5) })
		sleepUntil(at(1, 10, 0))
		w.client.Down.Update(func(p *netsim.Params) { p.Rate = mbit(10) })

		sleepUntil(at(2, 0, 0))
		w.client.Up.Update(func(p *netsim.Params) { p.Outage = true })
		w.client.Down.Update(func(p *netsim.Params) { p.Outage = true })
		sleepUntil(at(2, 0, 40))
		w.client.Up.Update(func(p *netsim.Params) { p.Outage = false })
		w.client.Down.Update(func(p *netsim.Params) { p.Outage = false })

		sleepUntil(at(3, 0, 0))
		sum := finish()

		if len(sum.Warnings) != 2 {
			t.Fatalf("%d warnings, want 2: %v\n%v", len(sum.Warnings), sum.Warnings, d.sessions)
		}
		rate, outage := sum.Warnings[0], sum.Warnings[1]
		if rate.Kind != warning.DownloadBelowMinimum || outage.Kind != warning.Outage {
			t.Fatalf("warnings %v", sum.Warnings)
		}
		// Floor tests come every 40 s in the mean, at most every 200 s.
		about(t, "rate warning starts", rate.Start, d.start, at(1, 0, 0), 200*time.Second)
		about(t, "rate warning is raised", rate.Raised, d.start, at(1, 0, 0), 200*time.Second)
		about(t, "rate warning ends", rate.End, d.start, at(1, 10, 0), 60*time.Second)
		about(t, "outage starts", outage.Start, d.start, at(2, 0, 0), time.Second)
		about(t, "outage is raised", outage.Raised, d.start, at(2, 0, 3), time.Second)
		about(t, "outage ends", outage.End, d.start, at(2, 0, 40), 5*time.Second)
		if !strings.Contains(rate.Evidence, "0.5") && !strings.Contains(rate.Evidence, "0.49") {
			t.Errorf("evidence %q does not name the rate", rate.Evidence)
		}

		// The server detected it by itself.
		w.mu.Lock()
		states := w.states
		w.mu.Unlock()
		want := []string{"live", "suspect", "dropped", "exam-relevant", "live", "ended"}
		if len(states) != len(want) {
			t.Fatalf("server states %v, want %v", states, want)
		}
		for i := range want {
			if !strings.HasSuffix(states[i], want[i]) {
				t.Errorf("server state %d is %q, want %s", i, states[i], want[i])
			}
		}
		if states[1] != "2h0m1s suspect" && states[1] != "2h0m1.1s suspect" || states[2] != "2h0m3s dropped" && states[2] != "2h0m3.1s dropped" {
			t.Errorf("suspect at %q, dropped at %q", states[1], states[2])
		}

		m := sum.Monitor
		if m.Sent < 107000 || m.Sent != m.Received+m.LostUp+m.LostDown+m.LostUnknown {
			t.Errorf("%d sent, %d received, %d+%d+%d lost", m.Sent, m.Received, m.LostUp, m.LostDown, m.LostUnknown)
		}
		// In-exam cost: 3 % of the minimum for floor tests, 7.4 kbit/s for the monitor.
		seconds := 3 * 3600.0
		if kbit := float64(sum.BytesDown) * 8 / 1000 / seconds; kbit > 32 {
			t.Errorf("%.1f kbit/s down", kbit)
		}
		if kbit := float64(sum.BytesUp) * 8 / 1000 / seconds; kbit > 20 {
			t.Errorf("%.1f kbit/s up", kbit)
		}
		c := w.client.Up.Counters()
		t.Logf("floor tests %d, %.1f kbit/s down, %.1f up, longest queue up %v down %v", sum.FloorTests,
			float64(sum.BytesDown)*8/1000/seconds, float64(sum.BytesUp)*8/1000/seconds, c.MaxWait, w.client.Down.Counters().MaxWait)
		t.Log(d.sessions, states)
	})
}
