package watch

import (
	"time"

	"examlink/probe/monitor"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// cut closes a window of the monitor stream and judges it. It looks for a clock step
// first, so that both ends of the window are of one clock.
func (w *watcher) cut(now time.Duration) {
	w.look(w.nextCut)
	a := w.s.Probes().Cut(now)
	e := w.emit(a)
	uneasy := false
	past := &w.losses
	if now-w.o.Watch.Window < w.lossesFrom {
		past = nil
	}
	for kind, o := range judgeWindow(a, w.o.Policy, e, past) {
		w.observe(kind, o)
		uneasy = uneasy || o.Level >= warning.Bad && kind != warning.HostBusy
	}
	if uneasy {
		w.soon(now)
	}
}

// emit passes a closed window to the sinks.
func (w *watcher) emit(a *monitor.Account) WindowEvent {
	e := w.windowEvent(a)
	w.windowFrom = e.To
	w.controlUp, w.controlDown = w.controlUp+e.ControlUp, w.controlDown+e.ControlDown
	// QUIC's retransmissions on a failing link must not use up the budget of the
	// tests that would detect the failure.
	w.budgets[wire.Up].share(e.ControlUp, w.o.Watch.Window)
	w.budgets[wire.Down].share(e.ControlDown, w.o.Watch.Window)
	for _, k := range w.sinks {
		k.Window(e)
	}
	w.minute.Window(e)
	if w.minute.Full() {
		w.reportMinute()
	}
	return e
}

func (w *watcher) windowEvent(a *monitor.Account) WindowEvent {
	up, down := w.s.Control()
	return WindowEvent{
		From: w.windowFrom, To: w.o.Clock.Wall(), Account: a, Silent: w.interrupted, ProbeBytes: w.s.ProbeSize(),
		ControlUp: up - w.controlUp, ControlDown: down - w.controlDown,
	}
}

// live passes the unfinished window to every LiveSink.
func (w *watcher) live(now time.Duration) {
	var e *WindowEvent
	for _, k := range w.sinks {
		if l, ok := k.(LiveSink); ok {
			if e == nil { // copied only if a sink wants it
				x := w.windowEvent(w.s.Probes().Peek(now))
				e = &x
			}
			l.Live(*e)
		}
	}
}

// observe passes an observation to its tracker and reports a change.
func (w *watcher) observe(k warning.Kind, o warning.Observation) {
	if wn, changed := w.trackers[k].Observe(o); changed {
		w.warn(wn)
	}
}

// warn stores a warning in the summary and passes it to the sinks. Kind and start
// identify it.
func (w *watcher) warn(wn warning.Warning) {
	wn.Subject = w.summary.Session
	list := w.summary.Warnings
	i := len(list) - 1
	for i >= 0 && (list[i].Kind != wn.Kind || !list[i].Start.Equal(wn.Start)) {
		i--
	}
	if i < 0 {
		i = len(list)
		list = append(list, wn)
	}
	wn.ID = i + 1
	list[i] = wn
	w.summary.Warnings = list
	w.summary.Episodes.Warning(wn)
	w.o.Outbox.Put(wire.ReportWarning, w.o.Clock.Wall(), wn)
	for _, k := range w.sinks {
		k.Warning(wn)
	}
}
