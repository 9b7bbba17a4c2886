package probe

import (
	"context"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// floorLeast is the smallest train a floor test in an exam is worth: fewer
// bytes do not outlast an ordinary token bucket.
const (
	floorLeastDown = 24e3
	floorLeastUp   = 16e3
)

// floorBytes is what one train may cost: a schedule's worth of budget, if it
// is there.
func (w *watcher) floorBytes(d wire.Direction, now time.Duration) (bytes, least int64) {
	b := w.budgets[d]
	least = floorLeastDown
	if d == wire.Up {
		least = floorLeastUp
	}
	most := max(int64(b.perSecond*w.o.Watch.FloorEvery.Seconds()), least)
	return min(b.available(now), most), least
}

// soon asks for a floor test as soon as budget and manners allow.
func (w *watcher) soon(now time.Duration) {
	w.nextFloor = min(w.nextFloor, max(now, w.lastFloor+w.o.Watch.RetestAfter))
}

// maybeFloor starts a floor test of both directions when one is due.
func (w *watcher) maybeFloor(ctx context.Context, now time.Duration) {
	if now < w.nextFloor || w.floors != nil || w.interrupted || w.s.err() != nil {
		return
	}
	var plans []floorPlan
	rtt, ok := w.s.stream.roundTrip()
	if !ok {
		return
	}
	_, noise := w.s.stream.received()
	wait := time.Duration(0)
	for d, target := range map[wire.Direction]ippm.Rate{wire.Down: w.o.Policy.Minimum.Download, wire.Up: w.o.Policy.Minimum.Upload} {
		bytes, least := w.floorBytes(d, now)
		if bytes < least {
			wait = max(wait, w.budgets[d].wait(now, least))
			continue
		}
		plans = append(plans, floorPlan{direction: d, target: target, inExam: true, maxTrains: 1, maxBytes: bytes, roundTrip: rtt, noise: noise, known: w.known[d]})
	}
	if len(plans) == 0 {
		w.nextFloor = now + wait
		return
	}
	w.lastFloor = now
	w.nextFloor = now + floorInterval(w.rng, w.o.Watch.FloorEvery, w.goodInRow)
	out := make(chan floorOutcome, len(plans)+1)
	w.floors = out
	s := w.s
	go func() { // ends with the plans or the session
		defer close(out)
		for _, p := range plans {
			upBefore, downBefore := s.spent()
			f, err := s.runFloor(ctx, p)
			up, down := s.spent()
			out <- floorOutcome{floor: f, spent: up - upBefore + down - downBefore, err: err}
			if err != nil {
				return
			}
		}
	}()
}

// floorDone takes one direction's result; the last one closes the channel and
// comes as an empty outcome.
func (w *watcher) floorDone(f floorOutcome) {
	if f.floor.Direction == "" {
		w.floors = nil
		return
	}
	w.budgets[f.floor.Direction].spend(f.spent)
	if f.err != nil {
		if w.s == nil || w.s.err() != nil {
			return // the connection's end is told of by itself
		}
		f.floor.Why = f.err.Error()
	}
	at, now := w.o.Clock.Wall(), w.o.Clock.Now()
	w.summary.FloorTests++
	for _, k := range w.sinks {
		k.Floor(FloorEvent{At: at, Floor: f.floor, Spent: f.spent})
	}
	w.minute.floor(f.floor)
	delete(w.known, f.floor.Direction)
	if v := f.floor.Rate.Value; v != nil && *v < f.floor.Target {
		w.known[f.floor.Direction] = ippm.Rate(*v)
	}
	kind := warning.DownloadBelowMinimum
	if f.floor.Direction == wire.Up {
		kind = warning.UploadBelowMinimum
	}
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
