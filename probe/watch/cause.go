package watch

import (
	"errors"

	"examlink/probe/link"
	"examlink/probe/netenv"
	"examlink/probe/session"
	"examlink/probe/warning"
)

// circumstances are what is known around an interruption.
type circumstances struct {
	ended  error // why the control stream ended; nil while it has not
	redial error // what the latest attempt of a new connection in it met; nil before there was one
	moved  bool  // the address or the gateway changed around its start or since
	found  netenv.Findings
	firm   bool // the server has taken TCP connections twice running: the interruption is not about to be over
}

// attribute says what an interruption comes from, as far as that can be told.
// It is pure.
//
// The order matters: what this computer says of itself is surest, what a server
// says of itself next; who is silent comes last, for silence has many reasons.
func attribute(c circumstances) warning.Cause {
	f := c.found
	reason, _ := link.ReasonOf(c.redial)
	ended, _ := link.ReasonOf(c.ended)
	var refused *session.RefusedError
	// An attempt over UDP has failed, and not for want of a way or a name.
	tried := c.redial != nil && reason != link.ReasonNoNetwork && reason != link.ReasonResolve
	switch {
	case f.Offline, !f.Looked && (reason == link.ReasonNoNetwork || ended == link.ReasonNoNetwork):
		return warning.CauseNoNetwork
	case c.moved:
		return warning.CauseMoved
	case c.firm && f.Server == netenv.Answers && (f.Name == netenv.Silent || reason == link.ReasonResolve) && reason != link.ReasonUDPBlocked:
		// Where UDP is blocked the name service, which uses it, is silent, too.
		return warning.CauseDNS
	case errors.As(c.redial, &refused), reason == link.ReasonCertificate, reason == link.ReasonProtocol,
		ended == link.ReasonClosed, f.Server == netenv.Refuses, c.firm && f.Server == netenv.Mute:
		return warning.CauseServer
	case reason == link.ReasonUDPBlocked, c.firm && f.Server == netenv.Answers && tried:
		// A server that was restarted answers by TCP, too, and not the probes of
		// the session it has forgotten: it takes an attempt to tell.
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
