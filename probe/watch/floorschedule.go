package watch

import (
	"context"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/ratetest"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// The smallest useful train of a floor test in an exam: fewer bytes do not
	// outlast an ordinary token bucket.
	floorLeastDown = 24e3
	floorLeastUp   = 16e3
	// A glance is doubtful when its queueing delay reaches doubtRise and doubtNoise
	// times the path's median delay variation.
	doubtRise  = 30 * time.Millisecond
	doubtNoise = 8
	// nothingShare is the share of the target at which a link is first tested if
	// nothing of a glance arrived.
	nothingShare = 0.25
	// knownStep is the factor from a rate that did not fill the link to the next rate tried.
	knownStep = 1.7
	// testsKept is how many of the smallest tests the schedule leaves in the
	// budget for suspected trouble.
	testsKept = 2
	// A link that is known to be slow is tested every slowEvery, and more often
	// only while the budget holds more than recoveryKept of the smallest tests:
	// once the link recovers, it takes a few tests to climb to the minimum and
	// three to clear the warning, and these must not wait for the budget.
	slowEvery    = 12 * time.Second
	recoveryKept = 4
	// gentleMost is how many tests after one that showed the recommended rate ask for
	// little more than the minimum, which queues less if the link has fallen.
	gentleMost = 5
	// decisiveNoise is the delay variation of a path above which no single test
	// raises a warning.
	decisiveNoise = 6 * time.Millisecond
	// climbShare is the share of the smallest test that one step of the climb costs.
	climbShare = 0.67
)

// floorBytes returns how much one train may cost: what glances leave of the budget
// over one scheduled interval, if available.
func (w *watcher) floorBytes(d wire.Direction, now time.Duration) (bytes, least int64) {
	b := w.budgets[d]
	least = floorLeastDown
	if d == wire.Up {
		least = floorLeastUp
	}
	left := b.perSecond - float64(ratetest.GlanceBytes(d))/w.o.Watch.GlanceEvery.Seconds()
	most := max(int64(left*w.o.Watch.FloorEvery.Seconds()), least)
	return min(b.available(now), most), least
}

// stands reports whether the below-minimum warning of a direction is active. Then
// only its end is of interest, and glances are too short to show it.
func (w *watcher) stands(d wire.Direction) bool {
	_, active := w.trackers[belowMinimum(d)].Active()
	return active
}

// belowMinimum returns the kind of warning for a direction below the minimum.
func belowMinimum(d wire.Direction) warning.Kind {
	if d == wire.Up {
		return warning.UploadBelowMinimum
	}
	return warning.DownloadBelowMinimum
}

// soon moves the next floor test to the earliest time that RetestAfter permits.
func (w *watcher) soon(now time.Duration) {
	w.nextFloor = min(w.nextFloor, max(now, w.lastFloor+w.o.Watch.RetestAfter))
	for d := range w.nextGlance {
		w.nextGlance[d] = min(w.nextGlance[d], w.nextFloor)
	}
}

// maybeFloor starts the glances that are due, in both directions, and the floor
// tests behind them.
func (w *watcher) maybeFloor(ctx context.Context, now time.Duration) {
	if w.floors != nil || w.interrupted || w.s.Err() != nil || now < w.nextGlance[wire.Down] && now < w.nextGlance[wire.Up] {
		return
	}
	rtt, ok := w.s.Probes().RoundTrip()
	if !ok {
		return
	}
	due := now >= w.nextFloor
	interval := glanceInterval(w.rng, w.o.Watch.GlanceEvery)
	var tasks []floorTask
	for _, d := range []wire.Direction{wire.Down, wire.Up} {
		if now < w.nextGlance[d] {
			continue
		}
		t, wait := w.floorTask(d, rtt, now, due)
		if wait > 0 { // this direction only; the other continues
			w.nextGlance[d] = now + wait
			continue
		}
		w.nextGlance[d] = now + interval
		tasks = append(tasks, t)
	}
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
		runTasks(ctx, s, tasks, out)
	}()
}

// floorTask plans one direction; wait is how long the budget allows neither a
// glance nor a test.
func (w *watcher) floorTask(d wire.Direction, rtt, now time.Duration, due bool) (t floorTask, wait time.Duration) {
	b := w.budgets[d]
	bytes, least := w.floorBytes(d, now)
	alone := w.stands(d)
	if alone {
		wait = w.slowWait(d, least, now)
	} else {
		wait = b.wait(now, ratetest.GlanceBytes(d))
	}
	if wait > 0 {
		return t, wait
	}
	foreign, foreignUp := w.s.Foreign().Rate(now)
	target := w.o.Policy.Minimum.Download
	if d == wire.Up {
		target, foreign = w.o.Policy.Minimum.Upload, foreignUp
	}
	_, noise := w.s.Probes().Received()
	if alone && w.climbing[d] && w.known[d] > 0 {
		bytes = int64(climbShare * float64(least)) // only whether a queue grows at this rate matters
	}
	p := ratetest.FloorPlan{Direction: d, Target: target, InExam: true, MaxTrains: 1, MaxBytes: bytes, RoundTrip: rtt, Noise: noise, Known: w.known[d], Foreign: foreign}
	if _, active := w.trackers[warning.BelowRecommended].Active(); !alone && p.Known == 0 &&
		(active || w.recommended[d] != warning.Good || w.gentle[d] >= gentleMost) {
		p.Known = w.proved[d] // step by step up to the recommended rate
	}
	g := p
	g.Glance, g.Known = true, w.known[d]
	return floorTask{
		glance: g, full: p, can: alone || bytes >= least, due: due && b.available(now) >= (1+testsKept)*least, alone: alone,
	}, 0
}

// slowWait returns how long to wait before the next test of a slow direction.
func (w *watcher) slowWait(d wire.Direction, least int64, now time.Duration) time.Duration {
	b := w.budgets[d]
	wait := b.wait(now, least)
	if w.climbing[d] {
		return wait
	}
	return min(b.wait(now, (1+recoveryKept)*least), max(wait, w.lastTest[d]+slowEvery-now))
}

// doubtful reports whether a glance calls for a floor test: it read a rate, or a
// queue grew where the path's own delay variation hides the rate, or hardly
// anything arrived.
func doubtful(f ratetest.Floor, noise time.Duration) bool {
	return f.Decision != ippm.Accept && (f.Rate.Value != nil || nothing(f) || f.Rise.Duration() >= max(doubtRise, doubtNoise*noise))
}

// nothing reports whether too little of a glance arrived to read anything: the
// queue of a very slow link does not hold eight packets.
func nothing(f ratetest.Floor) bool { return f.Rate.Value == nil && f.Rate.Low == nil }

// floorDone handles one direction's result. An empty outcome follows the last one,
// when the channel is closed.
func (w *watcher) floorDone(f floorOutcome) {
	if f.floor.Direction == "" {
		w.floors = nil
		return
	}
	w.budgets[wire.Up].spend(f.up)
	w.budgets[wire.Down].spend(f.down)
	if f.err != nil {
		if w.s == nil || w.s.Err() != nil {
			return // the end of the connection is reported separately
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
	w.minute.Floor(e)
	kind := belowMinimum(f.floor.Direction)
	if f.floor.Glance {
		// Too short to decide alone, or to show that all is well.
		if o := judgeFloor(f.floor, at); o.Level >= warning.Bad {
			o.Level = warning.Bad
			w.observe(kind, o)
		}
		return
	}
	w.lastTest[f.floor.Direction] = now
	_, noise := w.s.Probes().Received()
	climb := w.known[f.floor.Direction] > 0
	w.learn(f.floor, noise)
	w.prove(f.floor)
	w.gentle[f.floor.Direction]++
	o := judgeFloor(w.joint[f.floor.Direction].with(f.floor, climb), at)
	if o.Level == warning.Decisive && noise > decisiveNoise {
		o.Level = warning.Bad // another test must agree
	}
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
