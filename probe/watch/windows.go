package watch

import (
	"time"

	"examlink/probe/monitor"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// cut closes a window of the monitor stream and judges it. If the clock was set
// in it, that is found first, so that its ends are of one clock.
func (w *watcher) cut(now time.Duration) {
	w.look(w.nextCut)
	a := w.s.Monitor.Cut(now)
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

// emit tells the sinks of a closed window.
func (w *watcher) emit(a *monitor.Account) WindowEvent {
	e := w.windowEvent(a)
	w.windowFrom = e.To
	w.controlUp, w.controlDown = w.controlUp+e.ControlUp, w.controlDown+e.ControlDown
	// What QUIC repeats on a link that breaks down must not silence the tests that
	// would tell of it.
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
	up, down := w.s.Conn.Control()
	return WindowEvent{
		From: w.windowFrom, To: w.o.Clock.Wall(), Account: a, Silent: w.interrupted, ProbeBytes: w.s.ProbeSize(),
		ControlUp: up - w.controlUp, ControlDown: down - w.controlDown,
	}
}

// live tells the sinks that want it of the window in the making.
func (w *watcher) live(now time.Duration) {
	var e *WindowEvent
	for _, k := range w.sinks {
		if l, ok := k.(LiveSink); ok {
			if e == nil { // the copy is made only for who wants it
				x := w.windowEvent(w.s.Monitor.Peek(now))
				e = &x
			}
			l.Live(*e)
		}
	}
}

// observe hands an observation to its tracker and tells of what changed.
func (w *watcher) observe(k warning.Kind, o warning.Observation) {
	if wn, changed := w.trackers[k].Observe(o); changed {
		w.warn(wn)
	}
}

// warn keeps a warning in the summary and tells the sinks. Kind and start say
// which one it is.
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
	w.o.Outbox.Put(wire.ReportWarning, w.o.Clock.Wall(), wn)
	for _, k := range w.sinks {
		k.Warning(wn)
	}
}
