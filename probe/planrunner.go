package probe

import (
	"context"
	"time"

	"examlink/probe/plan"
	"examlink/probe/session"
	"examlink/probe/warning"
	"examlink/probe/watch"
)

// Chosen by us.
const (
	// wallLook is how often the wall clock is read while waiting for a moment: it
	// may step, and a suspend stops every timer.
	wallLook = 5 * time.Second
	// checkRetry is the pause before the single retry of a check that could not be
	// made.
	checkRetry = 2 * time.Minute
)

// PhaseEvent reports that a phase of the plan has begun.
type PhaseEvent struct {
	At    time.Time
	Phase plan.Phase
	Until time.Time // zero: no end is planned
	Check time.Time // the next check, if one is planned in it
}

// CheckEvent is one planned check.
type CheckEvent struct {
	At     time.Time
	Due    time.Time
	Report Report // meaningful if Err is nil
	Err    error
}

// PlanSink is a Sink that also receives phases and planned checks.
type PlanSink interface {
	Phase(PhaseEvent)
	Checked(CheckEvent)
}

// planRunner follows a plan.
type planRunner struct {
	o     *Options
	sinks []watch.Sink
	phase plan.Phase
	from  time.Time // checks due before it are finished
}

// RunPlan follows o.Plan: checks at their times while the exam is far, a watch from
// shortly before it to its end. With the zero Plan it is Watch. It returns when the
// exam is over or ctx ends, with the summary of the watch.
func RunPlan(ctx context.Context, o Options, sinks ...watch.Sink) (watch.Summary, error) {
	if _, err := o.validate(); err != nil {
		return watch.Summary{}, err
	}
	a := &planRunner{o: &o, sinks: sinks, from: o.Clock.Wall()}
	none := watch.Summary{Schema: watch.Schema, Warnings: []warning.Warning{}, Episodes: watch.Episodes{}}
	for ctx.Err() == nil {
		now := o.Clock.Wall()
		entry, until := o.Plan.At(now)
		a.announce(now, entry.Phase, until)
		switch entry.Phase {
		case plan.Idle:
			a.idle(ctx, until)
		case plan.Done:
			return none, nil
		default:
			return a.watch(ctx)
		}
	}
	return none, nil
}

// announce reports a phase that has begun.
func (a *planRunner) announce(now time.Time, p plan.Phase, until time.Time) {
	if p == a.phase {
		return
	}
	a.phase = p
	e := PhaseEvent{At: now, Phase: p, Until: until}
	if at, ok := a.o.Plan.NextCheck(a.from); ok && p == plan.Idle {
		e.Check = at
	}
	for _, k := range a.sinks {
		if s, ok := k.(PlanSink); ok {
			s.Phase(e)
		}
	}
}

// idle runs the checks that are due until the phase ends.
func (a *planRunner) idle(ctx context.Context, until time.Time) {
	due, ok := a.o.Plan.NextCheck(a.from)
	if !ok || !until.IsZero() && !due.Before(until) {
		a.sleepUntil(ctx, until)
		return
	}
	if !a.sleepUntil(ctx, due) {
		return
	}
	if e, _ := a.o.Plan.At(a.o.Clock.Wall()); e.Phase != plan.Idle {
		return // the computer slept into the next phase
	}
	a.from = due.Add(time.Nanosecond)
	r, err := Check(ctx, *a.o, nil)
	if err != nil && ctx.Err() == nil && !session.Final(err) {
		if !a.sleepUntil(ctx, a.o.Clock.Wall().Add(checkRetry)) {
			return
		}
		r, err = Check(ctx, *a.o, nil)
	}
	if ctx.Err() != nil {
		return
	}
	e := CheckEvent{At: a.o.Clock.Wall(), Due: due, Report: r, Err: err}
	for _, k := range a.sinks {
		if s, ok := k.(PlanSink); ok {
			s.Checked(e)
		}
	}
}

// sleepUntil waits for a moment of the wall clock; it returns false if ctx ended.
func (a *planRunner) sleepUntil(ctx context.Context, t time.Time) bool {
	for {
		left := t.Sub(a.o.Clock.Wall())
		if left <= 0 {
			return ctx.Err() == nil
		}
		timer := time.NewTimer(min(left, wallLook))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}

// outside reports whether nothing is watched in a phase.
func outside(p plan.Phase) bool { return p == plan.Done || p == plan.Idle }

// reckoning returns a clock that starts at the current wall-clock time and ignores
// later steps of the wall clock.
func (a *planRunner) reckoning() func() time.Time {
	wall, mono := a.o.Clock.Wall(), a.o.Clock.Now()
	awake, ok := a.o.Clock.Awake()
	return func() time.Time {
		if now, still := a.o.Clock.Awake(); ok && still {
			return wall.Add(now - awake)
		}
		return wall.Add(a.o.Clock.Now() - mono)
	}
}

// watch runs from before the exam to its end, through both phases. A clock step does
// not end it early: it ends only when both the wall clock and the elapsed time are
// past the exam.
func (a *planRunner) watch(ctx context.Context) (watch.Summary, error) {
	reckon := a.reckoning()
	inner, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { // ends with the watch or the exam
		defer close(done)
		defer stop()
		for {
			now := a.o.Clock.Wall()
			entry, until := a.o.Plan.At(now)
			over := outside(entry.Phase)
			if e, _ := a.o.Plan.At(reckon()); over && !outside(e.Phase) {
				// The clock was set; by the old one the exam is not over.
				over, until = false, now.Add(wallLook)
			} else {
				a.announce(now, entry.Phase, until)
			}
			switch {
			case over:
				return
			case until.IsZero():
				<-inner.Done()
				return
			case !a.sleepUntil(inner, until):
				return
			}
		}
	}()
	s, err := Watch(inner, *a.o, a.sinks...)
	stop()
	<-done
	return s, err
}
