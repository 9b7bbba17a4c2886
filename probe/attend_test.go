package probe_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/plan"
	"examlink/probe/verdict"
	"examlink/probe/warning"
)

// planner records the phases and checks of a plan. Phases come from a different
// goroutine than the rest.
type planner struct {
	diary
	mu     sync.Mutex
	phases []string
	checks []probe.CheckEvent
}

func (p *planner) Phase(e probe.PhaseEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phases = append(p.phases, fmt.Sprintf("%v %s", e.At.Sub(p.start).Round(time.Minute), e.Phase))
}

func (p *planner) Checked(e probe.CheckEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checks = append(p.checks, e)
}

// From four days ahead: checks run at their times, the watch begins half an hour
// before the exam and ends with it.
func TestAttendFollowsThePlan(t *testing.T) {
	if testing.Short() {
		t.Skip("long: four days of simulation")
	}
	synctest.Test(t, func(t *testing.T) {
		p := netsim.Params{QueueTime: 300 * ms, Delay: 10 * ms, Rate: mbit(5)}
		w := newTestbed(t, p, p)
		o := w.options()
		now := w.host.Wall()
		window, err := plan.NewWindow(now.Add(96*time.Hour), now.Add(96*time.Hour+10*time.Minute), "America/Denver")
		if err != nil {
			t.Fatal(err)
		}
		o.Token = w.token(200 * time.Hour)
		o.Plan = plan.Make(now, window, plan.Options{Seed: 3})
		d := &planner{diary: diary{start: now}}
		s, err := probe.RunPlan(context.Background(), o, d)
		if err != nil {
			t.Fatal(err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		want := []string{"0s idle", "95h30m0s pre-exam", "96h0m0s exam", "96h10m0s done"}
		if fmt.Sprint(d.phases) != fmt.Sprint(want) {
			t.Errorf("phases %v, want %v", d.phases, want)
		}
		early := 0
		for _, c := range d.checks {
			if c.Err != nil || c.Report.Verdict.Outcome != verdict.Ready {
				t.Errorf("check due at %v: %q, %v", c.Due, c.Report.Verdict.Outcome, c.Err)
			}
			if late := c.At.Sub(c.Due); late < 0 || late > time.Minute {
				t.Errorf("check due at %v came %v later", c.Due, late)
			}
			if c.Due.Before(window.Start.Add(-72 * time.Hour)) {
				early++
			}
		}
		if len(d.checks) < 8 || early == 0 {
			t.Errorf("%d checks in four days, %d of them 72 hours ahead", len(d.checks), early)
		}
		if got := s.Ended.Sub(s.Started); got < 39*time.Minute || got > 41*time.Minute {
			t.Errorf("watched for %v, want 40 minutes", got)
		}
		if len(s.Warnings) != 0 {
			t.Errorf("warnings %v", s.Warnings)
		}
	})
}

// A clock step far ahead during the exam, or far back, does not end the watch before
// the exam is over.
func TestSetClockDoesNotEndTheWatch(t *testing.T) {
	steps := []time.Duration{26 * time.Hour, -26 * time.Hour}
	if testing.Short() {
		steps = steps[:1]
	}
	for _, step := range steps {
		synctest.Test(t, func(t *testing.T) {
			p := netsim.Params{QueueTime: 300 * ms, Delay: 10 * ms, Rate: mbit(5)}
			w := newTestbed(t, p, p)
			o := w.options()
			now := w.host.Wall()
			window, err := plan.NewWindow(now.Add(-time.Minute), now.Add(30*time.Minute), "America/Denver")
			if err != nil {
				t.Fatal(err)
			}
			o.Token = w.token(200 * time.Hour)
			o.Plan = plan.Make(now, window, plan.Options{Seed: 3})
			d := &planner{diary: diary{start: now}}
			began := time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			time.AfterFunc(10*time.Minute, func() { w.host.Step(step) })
			time.AfterFunc(40*time.Minute, func() { w.host.Step(-step) }) // corrected again
			s, err := probe.RunPlan(ctx, o, d)
			if err != nil {
				t.Fatal(err)
			}
			took := time.Since(began)
			want := 30 * time.Minute
			if step < 0 { // until the clock is corrected, the exam lies in the future
				want = 40 * time.Minute
			}
			if took < want-time.Second || took > want+10*time.Second {
				t.Errorf("clock set by %v: watched for %v, want %v", step, took, want)
			}
			if len(s.Warnings) == 0 || s.Warnings[0].Kind != warning.Clock {
				t.Errorf("warnings %v, want one of the clock", s.Warnings)
			}
		})
	}
}
