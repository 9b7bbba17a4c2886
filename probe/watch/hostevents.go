package watch

import (
	"time"

	"examlink/probe/clock"
	"examlink/probe/warning"
)

// look compares this host's clocks; due is when the comparison was due. A
// divergence is an event of the host, and so is the silence that accompanies it.
func (w *watcher) look(due time.Duration) {
	event, amount := w.divergence.Look(w.o.Clock, max(due-w.looked, 0))
	w.looked = w.o.Clock.Now()
	if event == clock.Steady {
		return
	}
	at := w.o.Clock.Wall()
	wn := warning.Warning{
		Kind: warning.HostBusy, Start: at.Add(-amount), Raised: at, End: at, Cleared: at,
		Cause: warning.CauseBusy, Evidence: "for " + amount.Round(10*time.Millisecond).String(), Episodes: 1,
	}
	switch event {
	case clock.Suspended:
		wn.Kind, wn.Cause = warning.Suspended, warning.CauseAsleep
		w.away(wn.Start, wn.Cause)
		w.s.Probes().Resync()
		w.patience = w.o.Clock.Now() + wakeGrace
	case clock.Stepped:
		wn.Kind, wn.Cause, wn.Start = warning.Clock, warning.CauseClock, at
		wn.Evidence = "by " + amount.Round(10*time.Millisecond).String()
		w.shift(amount, at)
	default:
		w.away(wn.Start, wn.Cause)
	}
	w.warn(wn)
}

// away handles an absence of this host since from. The silence until now is not the
// network's: an active outage ends at from, as far as is known, and if the silence
// continues, another begins.
func (w *watcher) away(from time.Time, cause warning.Cause) {
	if wn, stands := w.trackers[warning.Outage].Active(); stands {
		if cause == warning.CauseAsleep && from.Sub(wn.Start) <= fallAsleep {
			w.trackers[warning.Outage].Explain(cause, from) // reported below
		}
		if from.Before(wn.Start) {
			from = wn.Start
		}
		w.observe(warning.Outage, warning.Observation{At: w.o.Clock.Wall(), Since: from, Level: warning.Good})
	}
	w.s.Probes().ResetSilence(w.o.Clock.Now())
}

// shift moves the times of active warnings by d after the wall clock was set;
// otherwise they would seem to have lasted d longer.
func (w *watcher) shift(d time.Duration, at time.Time) {
	w.windowFrom = w.windowFrom.Add(d)
	w.minute.Shift(d)
	for _, k := range warning.Kinds() {
		old, _ := w.trackers[k].Active()
		wn, stands := w.trackers[k].Shift(d, at)
		if !stands {
			continue
		}
		for i, x := range w.summary.Warnings {
			if x.Kind == k && x.Start.Equal(old.Start) {
				w.summary.Warnings[i].Start = wn.Start
			}
		}
		w.warn(wn)
	}
}
