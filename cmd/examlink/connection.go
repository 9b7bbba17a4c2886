package main

import (
	"log/slog"

	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/warning"
)

// connection logs the events of a watch and, if it is verbose, words those that are for
// people who know networks.
type connection struct {
	verbose   bool
	log       *slog.Logger
	transport link.Transport // of the last session event
}

// session returns what happened to the session; empty if it is not to be printed.
func (c *connection) session(e probe.SessionEvent) string {
	c.log.Debug("session", "state", e.State, "session", e.Session, "transport", e.Transport, "address", e.Address, "err", e.Err)
	text := ""
	switch e.State {
	case probe.SessionConnected:
		text = "connected to " + e.Server + c.by(e.Transport) + remembered(e)
	case probe.SessionResumed:
		text = "connected to " + e.Server + " again" + c.by(e.Transport) + remembered(e)
	case probe.SessionBack:
		text = "the server answers again"
	case probe.SessionMoved:
		text = "the network address has changed"
	case probe.SessionSilent:
		text = "the server does not answer; reconnecting"
	case probe.SessionWaiting:
		text = "not connected, trying again: " + reason(e.Err)
	case probe.SessionLost:
		text = "cannot reconnect: " + reason(e.Err)
	}
	if !c.verbose {
		return ""
	}
	return text
}

func reason(err error) string {
	if err == nil {
		return "no reason is known"
	}
	return err.Error()
}

// floor logs a test of the rate.
func (c *connection) floor(e probe.FloorEvent) {
	c.log.Debug("floor test", "direction", e.Floor.Direction, "outcome", e.Floor.Outcome, "why", e.Floor.Why, "bytes_up", e.SpentUp, "bytes_down", e.SpentDown)
}

// warning logs a warning.
func (c *connection) warning(w warning.Warning) {
	c.log.Debug("warning", "kind", w.Kind, "active", w.Active(), "start", w.Start, "end", w.End, "cause", w.Cause, "evidence", w.Evidence)
}

// remembered explains how the server was found if its name could not be looked up.
func remembered(e probe.SessionEvent) string {
	if !e.Remembered {
		return ""
	}
	return "; its name could not be looked up, so its last known address was used"
}

// by names the transport if it is not UDP, or if it has changed back to UDP.
func (c *connection) by(t link.Transport) string {
	was := c.transport
	c.transport = t
	switch {
	case t == link.WebSocket:
		return " over WebSocket (TCP): rates are lower bounds, and lost packets show up as delay"
	case t == link.UDP && was == link.WebSocket:
		return " over UDP"
	}
	return ""
}
