package probe

import (
	"context"
	"fmt"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// The smallest train a floor test in an exam is worth: fewer bytes do not
	// outlast an ordinary token bucket.
	floorLeastDown = 24e3
	floorLeastUp   = 16e3
	// A glance is in doubt when it has queued this long, and this many times the
	// path's median delay variation.
	doubtRise  = 30 * time.Millisecond
	doubtNoise = 8
	// nothingShare is the share of the rate in question that a link is first
	// tried at of which a glance brought nothing.
	nothingShare = 0.25
	// knownStep is how much more than what did not fill the link is tried next.
	knownStep = 1.5
	// testsKept is how many of the smallest tests the schedule leaves in the
	// budget, for when something is wrong.
	testsKept = 2
)

// floorBytes is what one train may cost: a schedule's worth of what glances
// leave of the budget, if it is there.
func (w *watcher) floorBytes(d wire.Direction, now time.Duration) (bytes, least int64) {
	b := w.budgets[d]
	least = floorLeastDown
	if d == wire.Up {
		least = floorLeastUp
	}
	left := b.perSecond - float64(glanceBytes(d))/w.o.Watch.GlanceEvery.Seconds()
	most := max(int64(left*w.o.Watch.FloorEvery.Seconds()), least)
	return min(b.available(now), most), least
}

// stands says whether a direction is being warned of as below the minimum. Then
// there is nothing to notice but its end, which glances are too short for.
func (w *watcher) stands(d wire.Direction) bool {
	_, active := w.trackers[belowMinimum(d)].Active()
	return active
}

// belowMinimum is the warning of a direction below the minimum.
func belowMinimum(d wire.Direction) warning.Kind {
	if d == wire.Up {
		return warning.UploadBelowMinimum
	}
	return warning.DownloadBelowMinimum
}

// soon asks for a floor test as soon as budget and manners allow.
func (w *watcher) soon(now time.Duration) {
	w.nextFloor = min(w.nextFloor, max(now, w.lastFloor+w.o.Watch.RetestAfter))
	w.nextGlance = min(w.nextGlance, w.nextFloor)
}

// floorTask is what is to be done in one direction: a glance, and behind it a
// floor test if it is due, or if the glance saw something.
type floorTask struct {
	glance, full floorPlan
	can, due     bool // the budget allows a floor test; it is time for one, and there is budget for more
	alone        bool // without a glance before it
}

// maybeFloor starts glances in both directions, and floor tests behind them,
// when they are due.
func (w *watcher) maybeFloor(ctx context.Context, now time.Duration) {
	if now < w.nextGlance || w.floors != nil || w.interrupted || w.s.err() != nil {
		return
	}
	rtt, ok := w.s.stream.roundTrip()
	if !ok {
		return
	}
	due := now >= w.nextFloor
	wait := time.Duration(0)
	var tasks []floorTask
	for _, d := range []wire.Direction{wire.Down, wire.Up} {
		t, missing := w.floorTask(d, rtt, now, due)
		if missing > 0 {
			wait = max(wait, missing)
			continue
		}
		tasks = append(tasks, t)
	}
	w.nextGlance = now + max(wait, glanceInterval(w.rng, w.o.Watch.GlanceEvery))
	if len(tasks) == 0 {
		return
	}
	if due {
		w.lastFloor = now
		w.nextFloor = now + floorInterval(w.rng, w.o.Watch.FloorEvery, w.goodInRow)
	}
	out := make(chan floorOutcome, 2*len(tasks)+1)
	w.floors = out
	s := w.s
	go func() { // ends with the tasks or the session
		defer close(out)
		s.runTasks(ctx, tasks, out)
	}()
}

// floorTask plans one direction; wait is how long the budget does not allow
// anything.
func (w *watcher) floorTask(d wire.Direction, rtt, now time.Duration, due bool) (t floorTask, wait time.Duration) {
	b := w.budgets[d]
	bytes, least := w.floorBytes(d, now)
	alone := w.stands(d)
	cost := glanceBytes(d)
	if alone {
		cost = least
	}
	if wait = b.wait(now, cost); wait > 0 {
		return t, wait
	}
	foreign, foreignUp := w.s.traffic.rate(now)
	target := w.o.Policy.Minimum.Download
	if d == wire.Up {
		target, foreign = w.o.Policy.Minimum.Upload, foreignUp
	}
	_, noise := w.s.stream.received()
	p := floorPlan{direction: d, target: target, inExam: true, maxTrains: 1, maxBytes: bytes, roundTrip: rtt, noise: noise, known: w.known[d], foreign: foreign}
	g := p
	g.glance = true
	return floorTask{
		glance: g, full: p, can: bytes >= least, due: due && b.available(now) >= (1+testsKept)*least, alone: alone,
	}, 0
}

// runTasks does what is to be done, direction by direction, until the network
// lets us measure nothing at all.
func (s *session) runTasks(ctx context.Context, tasks []floorTask, out chan<- floorOutcome) {
	run := func(p floorPlan) (Floor, error) {
		upBefore, downBefore := s.spent()
		f, err := s.runFloor(ctx, p)
		up, down := s.spent()
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

// behind is the floor test behind a glance, which says how gentle it must be; ok
// is false when there is to be none.
func (t floorTask) behind(glance Floor) (p floorPlan, ok bool) {
	doubt := doubtful(glance, t.glance.noise)
	if !t.can || !t.due && !doubt {
		return p, false
	}
	p = t.full
	switch v, low := glance.Rate.Value, glance.Rate.Low; {
	case v != nil && *v < glance.Target:
		p.known = ippm.Rate(*v)
	case v == nil && low != nil && *low < glance.Target && doubt:
		p.known = ippm.Rate(*low)
	case nothing(glance) && p.known == 0:
		p.known = ippm.Rate(glance.Target * nothingShare)
	}
	return p, true
}

// doubtful says whether a glance saw something that a floor test must look at: a
// rate, or, where the path's own delay variation hides that, a queue that grew;
// or that hardly anything arrived.
func doubtful(f Floor, noise time.Duration) bool {
	return f.Decision != ippm.Accept && (f.Rate.Value != nil || nothing(f) || f.Rise >= max(doubtRise, doubtNoise*noise))
}

// nothing says whether so little of a glance arrived that nothing can be read:
// the queue of a very slow link does not hold eight packets.
func nothing(f Floor) bool { return f.Rate.Value == nil && f.Rate.Low == nil }

// floorDone takes one direction's result; the last one closes the channel and
// comes as an empty outcome.
func (w *watcher) floorDone(f floorOutcome) {
	if f.floor.Direction == "" {
		w.floors = nil
		return
	}
	w.budgets[wire.Up].spend(f.up)
	w.budgets[wire.Down].spend(f.down)
	if f.err != nil {
		if w.s == nil || w.s.err() != nil {
			return // the connection's end is told of by itself
		}
		f.floor.Why = f.err.Error()
	}
	at, now := w.o.Clock.Wall(), w.o.Clock.Now()
	w.recommend(f.floor, at)
	if f.floor.Glance {
		w.summary.Glances++
	} else {
		w.summary.FloorTests++
	}
	e := FloorEvent{At: at, Floor: f.floor, SpentUp: f.up, SpentDown: f.down}
	for _, k := range w.sinks {
		k.Floor(e)
	}
	w.minute.floor(e)
	kind := belowMinimum(f.floor.Direction)
	if f.floor.Glance {
		// Too short to decide by itself, or to say that all is well.
		if o := judgeFloor(f.floor, at); o.Level >= warning.Bad {
			o.Level = warning.Bad
			w.observe(kind, o)
		}
		return
	}
	w.learn(f.floor)
	o := judgeFloor(f.floor, at)
	w.observe(kind, o)
	switch {
	case o.Level >= warning.Bad:
		w.goodInRow = 0
	case o.Level == warning.Good:
		w.goodInRow++
	}
	t := w.trackers[kind]
	if _, active := t.Active(); active || t.Suspect() {
		w.soon(now)
	}
}

// learn keeps what a test read below the minimum. A test that did not queue may
// have asked for too little: the next one tries more, step by step.
func (w *watcher) learn(f Floor) {
	known := float64(w.known[f.Direction])
	switch v, low := f.Rate.Value, f.Rate.Low; {
	case f.Decision == ippm.Accept:
		known = 0
	case v != nil:
		known = *v
	case known > 0 && low != nil && f.Rise < doubtRise:
		known = max(known, *low*knownStep)
	}
	if known >= f.Target {
		known = 0
	}
	w.known[f.Direction] = ippm.Rate(known)
}

// recommend says what a test means for the rate that is recommended. The
// direction that is worse counts.
func (w *watcher) recommend(f Floor, at time.Time) {
	want := float64(w.o.Policy.Recommended.Download)
	if f.Direction == wire.Up {
		want = float64(w.o.Policy.Recommended.Upload)
	}
	level := warning.Unknown
	switch {
	case want <= 0, f.Decision == ippm.Reject: // below the minimum has a warning of its own
		return
	case f.Rate.High != nil && *f.Rate.High < want:
		level = warning.Bad
	case f.Rate.Low != nil && *f.Rate.Low >= want:
		level = warning.Good
	}
	w.recommended[f.Direction] = level
	if f.Glance || level == warning.Unknown {
		return // too short for that
	}
	o := warning.Observation{At: at, Level: level}
	if level == warning.Bad {
		o.Evidence = fmt.Sprintf("%s %s, recommended is %s", f.Direction, describe(f.Rate), verdict.Format(want, "bit/s"))
	}
	for _, l := range w.recommended {
		if l == warning.Bad && level == warning.Good {
			return
		}
	}
	w.observe(warning.BelowRecommended, o)
}
