package probe_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"examlink/docs/schemas"
	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/plan"
)

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Reports of checks match the published schema: over a good link, over one that is too
// slow and loses packets, and by WebSocket.
func TestReportsHaveTheirSchema(t *testing.T) {
	schemas.Fields[probe.Report](t, probe.ReportSchema)
	for name, newWorld := range map[string]func(*testing.T) *testbed{
		"good": func(t *testing.T) *testbed { up, down := good(); return newTestbed(t, up, down) },
		"slow and lossy": func(t *testing.T) *testbed {
			up, down := good()
			up.Rate, down.Rate, down.Loss = mbit(0.3), mbit(0.6), 0.05
			return newTestbed(t, up, down)
		},
		"by WebSocket": func(t *testing.T) *testbed {
			w := newTCPWorld(t, mbit(5))
			w.blockUDP(true)
			return w
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				r, err := probe.Check(t.Context(), w.options(), nil)
				if err != nil {
					t.Fatal(err)
				}
				b := encoded(t, r)
				schemas.Test(t, probe.ReportSchema, b)
				var back probe.Report
				if err := json.Unmarshal(b, &back); err != nil || back.Duration != r.Duration || back.FloorUp.Duration != r.FloorUp.Duration {
					t.Errorf("read back: %v, %v after %v", err, back.Duration, r.Duration)
				}
			})
		})
	}
}

// Summaries of watches match the published schema: with warnings, without a session,
// and without a watch because the exam is over.
func TestSummariesHaveTheirSchema(t *testing.T) {
	schemas.Fields[probe.Summary](t, probe.SummarySchema)
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		w := newTestbed(t, up, down)
		_, finish := w.watch(nil)
		time.Sleep(2 * time.Minute)
		w.client.Down.Update(func(p *netsim.Params) { p.Rate = mbit(0.5) })
		time.Sleep(5 * time.Minute)
		w.client.Down.Update(func(p *netsim.Params) { p.Outage = true })
		time.Sleep(20 * time.Second)
		w.client.Down.Update(func(p *netsim.Params) { p.Outage = false; p.Rate = mbit(10) })
		time.Sleep(5 * time.Minute)
		s := finish()
		if len(s.Warnings) < 2 {
			t.Errorf("%+v", s.Warnings)
		}
		schemas.Test(t, probe.SummarySchema, encoded(t, s))
	})
	synctest.Test(t, func(t *testing.T) {
		w := newTestbed(t, netsim.Params{Outage: true}, netsim.Params{Outage: true})
		_, finish := w.watch(nil)
		time.Sleep(time.Minute)
		schemas.Test(t, probe.SummarySchema, encoded(t, finish()))
	})
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		w := newTestbed(t, up, down)
		o := w.options()
		now := o.Clock.Wall()
		o.Plan = plan.Make(now, plan.Window{Start: now.Add(-2 * time.Hour), End: now.Add(-time.Hour), Zone: time.UTC}, plan.Options{})
		s, err := probe.RunPlan(context.Background(), o)
		if err != nil || !s.Started.IsZero() {
			t.Errorf("%+v, %v", s, err)
		}
		schemas.Test(t, probe.SummarySchema, encoded(t, s))
	})
}
