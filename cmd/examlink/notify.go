package main

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/gen2brain/beeep"

	"examlink/probe"
	"examlink/probe/plan"
	"examlink/probe/warning"
)

// The settings of client.notify.
const (
	notifyOff    = "off"
	notifyBefore = "before-exam" // never while the exam is on: proctoring software may forbid pop-ups
	notifyAlways = "always"
)

// Chosen by us.
const (
	notifyQueue = 4                      // more at once is noise
	notifyPause = 500 * time.Millisecond // for the last one at the end
	notifyTitle = "examlink"
)

// notifier shows a student's warnings on the desktop. The system may take its
// time: a goroutine of its own calls it.
type notifier struct {
	setting string
	due     plan.Plan
	queue   chan string
	done    chan struct{}
}

var _ probe.Sink = (*notifier)(nil)

// newNotifier makes a notifier, or nil where none is wanted. show is the
// system's.
func newNotifier(setting string, due plan.Plan, log *slog.Logger, show func(title, text string) error) *notifier {
	if setting == notifyOff {
		return nil
	}
	n := &notifier{setting: setting, due: due, queue: make(chan string, notifyQueue), done: make(chan struct{})}
	go func() { // ends with the queue; end does not wait for a system that hangs
		defer close(n.done)
		failed := false
		for text := range n.queue {
			if err := show(notifyTitle, text); err != nil && !failed {
				failed = true
				log.Info("desktop notifications do not work here; warnings go on in the terminal", "err", err)
			}
		}
	}()
	return n
}

// showOnDesktop shows a notification by whatever the system has.
func showOnDesktop(title, text string) error {
	beeep.AppName = notifyTitle
	return beeep.Notify(title, text, "")
}

// wanted says whether there may be a notification at t. An exam whose time is
// not known may be on.
func (n *notifier) wanted(t time.Time) bool {
	if n.setting == notifyAlways {
		return true
	}
	e, _ := n.due.At(t)
	return e.Phase != plan.Exam
}

// Warning implements probe.Sink. What the computer did is no news to who sits
// at it.
func (n *notifier) Warning(w warning.Warning) {
	at, text := w.Raised, w.String()
	switch {
	case w.Kind == warning.HostBusy || w.Kind == warning.Clock || w.Kind == warning.Suspended, w.Active() && !w.Updated.IsZero():
		return
	case w.Active():
	case w.End.IsZero():
		return // watching ends
	default:
		at, text = w.Cleared, fmt.Sprintf("over: %s, after %s", w.Kind.Title(), w.End.Sub(w.Start).Round(time.Second))
	}
	if !n.wanted(at) {
		return
	}
	select {
	case n.queue <- text:
	default: // one that hangs, or too many at once
	}
}

// Session implements probe.Sink.
func (n *notifier) Session(probe.SessionEvent) {}

// Window implements probe.Sink.
func (n *notifier) Window(probe.WindowEvent) {}

// Floor implements probe.Sink.
func (n *notifier) Floor(probe.FloorEvent) {}

// end ends the notifier, if there is one.
func (n *notifier) end() {
	if n == nil {
		return
	}
	close(n.queue)
	select {
	case <-n.done:
	case <-time.After(notifyPause):
	}
}
