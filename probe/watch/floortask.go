package watch

import (
	"context"

	"examlink/probe/ippm"
	"examlink/probe/ratetest"
)

// floorTask is the work in one direction: a glance, followed by a floor test if one
// is due or the glance is doubtful.
type floorTask struct {
	glance, full ratetest.FloorPlan
	can, due     bool // the budget allows a floor test; one is due and leaves testsKept in the budget
	alone        bool // without a glance before it
}

// runTasks runs the tasks, direction by direction, until one fails with an error.
func runTasks(ctx context.Context, s Line, tasks []floorTask, out chan<- floorOutcome) {
	run := func(p ratetest.FloorPlan) (ratetest.Floor, error) {
		upBefore, downBefore := s.Spent()
		f, err := ratetest.RunFloor(ctx, s, p)
		up, down := s.Spent()
		out <- floorOutcome{floor: f, up: up - upBefore, down: down - downBefore, err: err}
		return f, err
	}
	for _, t := range tasks {
		next, more := t.full, true
		if !t.alone {
			f, err := run(t.glance)
			if err != nil {
				return
			}
			next, more = t.behind(f)
		}
		if !more {
			continue
		}
		if _, err := run(next); err != nil {
			return
		}
	}
}

// behind returns the floor test to run after a glance, whose result bounds the
// rate it is tried at; ok is false if there is none.
func (t floorTask) behind(glance ratetest.Floor) (p ratetest.FloorPlan, ok bool) {
	doubt := doubtful(glance, t.glance.Noise)
	if !t.can || !t.due && !doubt {
		return p, false
	}
	p = t.full
	switch v, low := glance.Rate.Value, glance.Rate.Low; {
	case v != nil && *v < glance.Target:
		p.Known = ippm.Rate(*v)
	case v == nil && low != nil && *low < glance.Target && doubt:
		p.Known = ippm.Rate(*low)
	case nothing(glance) && p.Known == 0:
		p.Known = ippm.Rate(glance.Target * nothingShare)
	}
	return p, true
}
