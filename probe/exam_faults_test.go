package probe_test

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/plan"
	"examlink/probe/warning"
)

var examSeed = flag.Uint64("seed", 7, "seed of the links and schedules of simulated exams")

// attend runs an exam from its pre-exam phase to its end, as `examlink watch` does: by
// a plan, with attribution and interface counters. The returned function waits for the
// end.
func (w *testbed) attend(l probe.Sink, before, lasting time.Duration, n *neighbourhood) (finish func() probe.Summary) {
	w.t.Helper()
	o := w.options()
	now := w.host.Wall()
	window, err := plan.NewWindow(now.Add(before), now.Add(before+lasting), "America/Denver")
	if err != nil {
		w.t.Fatal(err)
	}
	o.Token, o.Seed = w.token(before+lasting+time.Hour), *examSeed
	o.Plan = plan.Make(now, window, plan.Options{Seed: *examSeed})
	o.Attribution, o.Traffic = n, w.interfaceCounters
	type result struct {
		s   probe.Summary
		err error
	}
	done := make(chan result, 1)
	go func() {
		s, err := probe.RunPlan(context.Background(), o, l)
		done <- result{s, err}
	}()
	return func() probe.Summary {
		r := <-done
		if r.err != nil {
			w.t.Error(r.err)
		}
		return r.s
	}
}

// ledger records all events of an exam, including each window.
type ledger struct {
	planner
	spans []windowCount
	seen  int // warnings before the window
}

// windowCount is the packet count of one window.
type windowCount struct {
	from, to                     time.Time
	sent, received, lost, unsent uint64
	notes                        []warning.Warning // reported in it about something already over
}

func newLedger(w *testbed) *ledger {
	return &ledger{planner: planner{diary: diary{start: w.host.Wall()}}}
}

func (l *ledger) Window(e probe.WindowEvent) {
	l.diary.Window(e)
	a := e.Account
	c := windowCount{from: e.From, to: e.To, sent: a.Sent, received: a.Received, lost: a.Lost(), unsent: a.Unsent}
	for _, x := range l.warnings[l.seen:] {
		if x.Raised.Equal(x.Cleared) {
			c.notes = append(c.notes, x)
		}
	}
	l.spans, l.seen = append(l.spans, c), len(l.warnings)
}

// news returns the events since its last call. Nothing may be reported meanwhile.
type news struct {
	w                          *testbed
	l                          *ledger
	states, sessions, warnings int
}

func (n *news) since() (server, session string, warnings []warning.Warning) {
	synctest.Wait()
	last := func(list []string) string {
		var out []string
		for _, x := range list {
			out = append(out, x[strings.LastIndex(x, " ")+1:])
		}
		return strings.Join(out, " ")
	}
	n.w.mu.Lock()
	server = last(n.w.states[n.states:])
	n.states = len(n.w.states)
	n.w.mu.Unlock()
	session = last(n.l.sessions[n.sessions:])
	n.sessions = len(n.l.sessions)
	warnings = n.l.warnings[n.warnings:]
	n.warnings = len(n.l.warnings)
	return server, session, warnings
}

// match reports which warnings differ from those expected for an event. at is when it
// happened. It logs the warnings and their delays.
func match(t *testing.T, f fault, at time.Time, told []warning.Warning) {
	t.Helper()
	at = at.Add(f.step)
	final := map[int]warning.Warning{}
	cause := map[int]time.Time{} // when it was reported
	for _, x := range told {
		if _, before := final[x.ID]; x.Cause != warning.NotKnown && cause[x.ID].IsZero() {
			if cause[x.ID] = x.Raised; before && !x.Updated.IsZero() {
				cause[x.ID] = x.Updated
			}
		}
		final[x.ID] = x
	}
	if len(f.want) == 0 {
		t.Logf("%-46s | -", f.name)
	}
	for _, want := range f.want {
		var got *warning.Warning
		for id, x := range final {
			if x.Kind == want.kind {
				got = &x
				delete(final, id)
				break
			}
		}
		if got == nil {
			t.Errorf("%s: no %s: %+v", f.name, want.kind, told)
			continue
		}
		row := fmt.Sprintf("%-46s | %-22s | %7.2f s | start %+7.2f s | end %+7.2f s", f.name, got.Kind,
			got.Raised.Sub(at).Seconds(), got.Start.Sub(at).Seconds(), got.End.Sub(at).Seconds())
		if c := cause[got.ID]; !c.IsZero() {
			row += fmt.Sprintf(" | %s, known after %.2f s", got.Cause, c.Sub(at).Seconds())
		}
		t.Log(row)
		if got.Cause != want.cause || got.Episodes != 1 || got.End.IsZero() || got.Evidence == "" {
			t.Errorf("%s: want the cause %q: %+v", f.name, want.cause, got)
		}
		for _, x := range []struct {
			what string
			at   time.Time
			want span
		}{{"starts", got.Start, want.start}, {"is raised", got.Raised, want.raised}, {"ends", got.End, want.end}} {
			if d := x.at.Sub(at); !x.want.holds(d) {
				t.Errorf("%s: %s %s %v after it, want %v to %v", f.name, got.Kind, x.what, d, x.want.from, x.want.to)
			}
		}
	}
	for _, x := range final {
		t.Errorf("%s: warned of %s: %+v", f.name, x, x)
	}
}

// A three-hour exam with every kind of event: each raises the expected warnings at the
// expected time, nothing else is raised, and every second is accounted for. In short
// mode, two interruptions happen.
func TestExamWithEveryFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const before, calm = 5 * time.Minute, 10 * time.Minute
		lasting := 3 * time.Hour
		w := newTCPWorldSeeded(t, mbit(20), *examSeed)
		w.both(func(p *netsim.Params) { p.QueueTime = time.Second })
		n, l := newNeighbourhood(), newLedger(w)
		happening := faults(w.options())
		if testing.Short() {
			lasting, happening = 40*time.Minute, happening[2:4]
		}
		finish := w.attend(l, before, lasting, n)
		time.Sleep(before + calm/2)
		ask := &news{w: w, l: l}
		if _, session, warnings := ask.since(); session != "connected" || len(warnings) > 0 {
			t.Errorf("before anything happened: session %q, warnings %v", session, warnings)
		}
		deserved := 0
		for i, f := range happening {
			at := w.host.Wall()
			f.happen(w, n)
			time.Sleep(calm + time.Duration(i)*1370*ms) // so that it meets windows at any phase
			server, session, warnings := ask.since()
			match(t, f, at, warnings)
			if server != f.server || !f.session.MatchString(session) {
				t.Errorf("%s: the server says %q, want %q; the session is %q, want %v", f.name, server, f.server, session, f.session)
			}
			deserved += len(f.want)
		}
		sum := finish()
		if server, session, warnings := ask.since(); server != "ended" || session != "" || len(warnings) > 0 {
			t.Errorf("after everything had happened: server %q, session %q, warnings %v", server, session, warnings)
		}
		if len(sum.Warnings) != deserved {
			t.Errorf("%d warnings in the summary, want %d: %+v", len(sum.Warnings), deserved, sum.Warnings)
		}
		if got, want := fmt.Sprint(l.phases), fmt.Sprintf("[0s pre-exam 5m0s exam %v done]", before+lasting); got != want {
			t.Errorf("phases %s, want %s", got, want)
		}
		checkCost(t, sum)
		checkCover(t, w.options(), l, sum)
	})
}
