package agent_test

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/agent"
	"examlink/probe/netsim"
	"examlink/probe/plan"
	"examlink/probe/record"
	"examlink/probe/record/report"
	"examlink/probe/session"
	"examlink/probe/warning"
)

// The summary of a watch and the report of its record count the same: packets, losses of
// an interruption, other losses, and the interruption itself. The report knows whose exam
// it was, and which part of it was watched.
func TestSummaryAndReportAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t)
		for _, d := range []*netsim.Pipe{s.client.Up, s.client.Down} {
			d.Update(func(p *netsim.Params) { p.Loss = 0.01 })
		}
		now := time.Now()
		exam := plan.Window{Start: now.Add(-time.Minute), End: now.Add(9 * time.Minute), Zone: time.UTC}
		s.probe.Plan = plan.Make(now, exam, plan.Options{})
		file := filepath.Join(t.TempDir(), "r.jsonl")
		a, err := agent.New(agent.Options{Probe: s.probe, Record: file})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		time.AfterFunc(2*time.Minute, func() { s.client.Down.Update(func(p *netsim.Params) { p.Outage = true }) })
		time.AfterFunc(2*time.Minute+20*time.Second, func() { s.client.Down.Update(func(p *netsim.Params) { p.Outage = false }) })
		r, err := a.Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := record.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		account, err := report.Make(kept)
		if err != nil {
			t.Fatal(err)
		}
		m, f := r.Summary.Monitor, account.Figures
		lost, told := m.LostUp+m.LostDown+m.LostUnknown, f.LostUp+f.LostDown+f.LostUnknown
		t.Logf("summary: %d sent, %d lost, %d in interruptions; report: %d, %d, %d", m.Sent, lost, m.LostInGaps, f.Sent, told, f.LostInGaps)
		if m.Sent != f.Sent || lost != told || m.LostInGaps != f.LostInGaps {
			t.Error("they differ")
		}
		if other := lost - m.LostInGaps; m.LostInGaps < 190 || m.LostInGaps > 215 || other < 20 || other > 110 {
			t.Errorf("%d lost in 20 s without answers, %d of 2,800 otherwise with 2 %% loss", m.LostInGaps, other)
		}
		var interrupted float64
		for _, e := range r.Summary.Episodes {
			if e.Kind == warning.Outage {
				interrupted += e.To.Sub(e.From).Seconds()
			}
		}
		if d := account.Interrupted - interrupted; d > 0.01 || d < -0.01 || interrupted < 19 {
			t.Errorf("interrupted for %v s, in the report for %v s", interrupted, account.Interrupted)
		}
		// A goodbye delivers reports, settles, and has the end countersigned.
		const goodbye = 3 * session.GoodbyeSettle
		if w := account.Window; account.Student != "s1" || w == nil || w.Watched < 299 || w.Watched > (5*time.Minute+goodbye).Seconds() || w.Share < 0.49 || w.Share > 0.51 {
			t.Errorf("student %q, window %+v, want 5 of 10 minutes", account.Student, w)
		}
	})
}
