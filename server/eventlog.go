package server

import (
	"log/slog"
	"time"

	"examlink/server/event"
	"examlink/server/session"
)

// logEvents makes a handler that logs the life of sessions and the verdicts of
// checks.
func logEvents(log *slog.Logger) func(event.Event) {
	return func(e event.Event) {
		of := []any{"session", e.Session.ID, "exam", e.Session.Exam}
		opened := func(resumed bool) {
			log.Info("session opened", append(of, "purpose", e.Session.Purpose, "resumed", resumed, "transport", e.Session.Transport)...)
		}
		switch p := e.Payload.(type) {
		case event.Admitted:
			opened(false)
		case event.Resumed:
			opened(true)
		case event.State:
			log.Info("session state changed", append(of, "from", p.From, "to", e.Session.State, "silent", p.Silent.Round(time.Millisecond))...)
		case event.Ended:
			silent := e.At.Sub(e.Session.LastPacket).Round(time.Millisecond)
			log.Info("session state changed", append(of, "from", p.From, "to", session.Ended, "why", p.Why, "silent", silent)...)
		case event.Verdict:
			log.Info("check verdict received", append(of, "outcome", p.Outcome, "judged", p.Judged.Outcome, "missed", p.Missed, "unclear", p.Unclear, "below", p.Below)...)
		}
	}
}
