package watch

import (
	"errors"

	"examlink/probe/link"
	"examlink/probe/netenv"
	"examlink/probe/session"
	"examlink/probe/warning"
)

// circumstances are the known facts about an interruption.
type circumstances struct {
	closed bool  // the student's end has closed the line
	ended  error // why the control stream ended; nil while it has not
	redial error // error of the latest attempt to reconnect during it; nil before the first
	moved  bool  // the address or the gateway changed around its start or later
	found  netenv.Findings
	firm   bool // the server accepted TCP connections twice in a row: the interruption is not about to end
}

// attribute returns the cause of an interruption, as far as it is known. It is
// pure.
// The order matters: this computer's own state is the most reliable, then what a
// server reports about itself; silence comes last, because it has many reasons.
func attribute(c circumstances) warning.Cause {
	f := c.found
	reason, _ := link.ReasonOf(c.redial)
	ended, _ := link.ReasonOf(c.ended)
	var refused *session.RefusedError
	// An attempt over UDP has failed for another reason than a missing route or name.
	tried := c.redial != nil && reason != link.ReasonNoNetwork && reason != link.ReasonResolve
	switch {
	case c.closed:
		return warning.CauseClosed
	case f.Offline, !f.Looked && (reason == link.ReasonNoNetwork || ended == link.ReasonNoNetwork):
		return warning.CauseNoNetwork
	case c.moved:
		return warning.CauseMoved
	case c.firm && f.Server == netenv.Answers && (f.Name == netenv.Silent || reason == link.ReasonResolve) && !reason.BlocksUDP():
		// Where UDP is blocked, the name service is silent too, because it uses UDP.
		return warning.CauseDNS
	case errors.As(c.redial, &refused), reason == link.ReasonCertificate, reason == link.ReasonProtocol,
		ended == link.ReasonClosed, f.Server == netenv.Refuses, c.firm && f.Server == netenv.Mute:
		return warning.CauseServer
	case reason.BlocksUDP(), c.firm && f.Server == netenv.Answers && tried:
		// A restarted server also answers by TCP but not the probes of the session it
		// has lost: only an attempt to reconnect can tell the two apart.
		return warning.CauseUDPBlocked
	case f.Gateway == netenv.Silent && f.Server != netenv.Answers && f.Server != netenv.Mute:
		if f.State.Kind == netenv.WiFi {
			return warning.CauseWiFi
		}
		return warning.CauseRouter
	case f.Gateway == netenv.Answers && f.Server == netenv.Silent:
		return warning.CauseBeyond
	}
	return warning.NotKnown
}
