package watch

import (
	"time"

	"examlink/probe/warning"
)

// Absence is a time in which a student's end did not measure, as it says itself.
type Absence struct {
	From, To time.Time
	// Cause is warning.CauseAsleep, CausePaused, CauseClosed or CauseNoNetwork.
	Cause warning.Cause
}

// absences handles what the student's end says of its absences.
func (w *watcher) absences(now time.Duration) {
	for _, a := range w.s.Absences() {
		at := w.o.Clock.Wall()
		if a.To.After(at) {
			a.To = at
		}
		if a.From.After(a.To) {
			a.From = a.To
		}
		wn := warning.Warning{
			Kind: warning.HostBusy, Start: a.From, Raised: at, End: a.To, Cleared: at, Cause: a.Cause,
			Evidence: "for " + a.To.Sub(a.From).Round(10*time.Millisecond).String(), Episodes: 1,
		}
		switch a.Cause {
		case warning.CauseNoNetwork, warning.CauseClosed:
			w.because(a.Cause)
			continue
		case warning.CauseAsleep:
			wn.Kind = warning.Suspended
			w.s.Probes().Resync()
			w.patience = now + wakeGrace
		}
		w.away(a.From, a.Cause)
		w.warn(wn)
	}
}

// because names the cause of an interruption that is active.
func (w *watcher) because(cause warning.Cause) {
	if wn, news := w.trackers[warning.Outage].Explain(cause, w.o.Clock.Wall()); news {
		w.warn(wn)
	}
}
