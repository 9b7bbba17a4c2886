package agent

import (
	"fmt"
	"log/slog"
	"time"

	"examlink/probe"
	"examlink/probe/plan"
	"examlink/probe/warning"
)

// Notify selects when warnings are shown as desktop notifications.
type Notify string

// The values of Notify.
const (
	NotifyOff    Notify = "off"
	NotifyBefore Notify = "before-exam" // not during the exam: proctoring software may forbid pop-ups
	NotifyAlways Notify = "always"
)

func (n Notify) check() error {
	switch n {
	case "", NotifyOff, NotifyBefore, NotifyAlways:
		return nil
	}
	return fmt.Errorf("notify: %q, expected %s, %s or %s", string(n), NotifyOff, NotifyBefore, NotifyAlways)
}

// Chosen by us.
const (
	notifyQueue = 4                      // more at once are a nuisance
	notifyPause = 500 * time.Millisecond // for the last one at the end of the watch
	notifyTitle = "examlink"
)

// notifier shows a student's warnings on the desktop. It calls the system on a
// separate goroutine, because the system may be slow.
type notifier struct {
	setting Notify
	due     plan.Plan
	queue   chan string
	done    chan struct{}
}

var _ probe.Sink = (*notifier)(nil)

// newNotifier returns a notifier, or nil if notifications are off.
func newNotifier(setting Notify, due plan.Plan, log *slog.Logger, show func(title, text string) error) *notifier {
	if setting == "" || setting == NotifyOff || show == nil {
		return nil
	}
	n := &notifier{setting: setting, due: due, queue: make(chan string, notifyQueue), done: make(chan struct{})}
	go func() { // ends with the queue; end does not wait for a system that hangs
		defer close(n.done)
		failed := false
		for text := range n.queue {
			if err := show(notifyTitle, text); err != nil && !failed {
				failed = true
				log.Info("desktop notifications do not work on this computer", "err", err)
			}
		}
	}()
	return n
}

// wanted reports whether a notification may be shown at t. An exam without a known
// time may be in progress at any time.
func (n *notifier) wanted(t time.Time) bool {
	if n.setting == NotifyAlways {
		return true
	}
	e, _ := n.due.At(t)
	return e.Phase != plan.Exam
}

// Warning implements probe.Sink. It omits events of the computer itself, which the
// student already knows.
func (n *notifier) Warning(w warning.Warning) {
	at, text := w.Raised, w.String()
	switch {
	case w.Kind == warning.HostBusy || w.Kind == warning.Clock || w.Kind == warning.Suspended, w.Active() && !w.Updated.IsZero():
		return
	case w.Active():
	case w.End.IsZero():
		return // the watch ends while the warning is active
	default:
		at, text = w.Cleared, fmt.Sprintf("cleared: %s, after %s", w.Kind.Title(), w.End.Sub(w.Start).Round(time.Second))
	}
	if !n.wanted(at) {
		return
	}
	select {
	case n.queue <- text:
	default: // the system hangs, or there are too many at once
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
