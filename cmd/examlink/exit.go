package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"examlink/cmd/internal/cli"
	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/wire"
)

// Exit codes, documented in docs/students.md.
const (
	exitReady        = 0 // also: marginal
	exitFailure      = 1
	exitUsage        = 2
	exitNotReady     = 3
	exitInconclusive = 4
	exitNoServer     = 10
	exitToken        = 11
	exitCertificate  = 12
	exitUDPBlocked   = 13
	exitNoNetwork    = 14
	exitRefused      = 15
	exitResolve      = 16
	exitInterrupted  = 130
)

// verdictError carries a verdict that is not good enough, or a record that is
// not whole; it has been printed.
type verdictError struct{ code int }

func (e *verdictError) Error() string { return fmt.Sprintf("verdict with exit code %d", e.code) }

// exitCode prints an error with a hint and returns its code.
func exitCode(err error, w io.Writer) int {
	if err == nil {
		return exitReady
	}
	var verdict *verdictError
	if errors.As(err, &verdict) {
		return verdict.code
	}
	code, hint := explain(err)
	fmt.Fprintf(w, "examlink: %v\n", err)
	if hint != "" {
		fmt.Fprintf(w, "%s\n", hint)
	}
	return code
}

// explain returns the exit code and, where there is one, a hint for an error.
func explain(err error) (code int, hint string) {
	var usage *cli.UsageError
	var refused *probe.RefusedError
	switch {
	case errors.As(err, &usage):
		return exitUsage, "Try: examlink --help"
	case errors.As(err, &refused):
		return explainRefusal(refused.Reason)
	case errors.Is(err, context.Canceled):
		return exitInterrupted, ""
	}
	reason, ok := link.ReasonOf(err)
	if !ok {
		return exitFailure, ""
	}
	switch reason {
	case link.ReasonAddress:
		return exitUsage, "The server's address must be host:port."
	case link.ReasonResolve:
		return exitResolve, "The server's name could not be looked up. Is this computer online? Is the name right? A VPN or DNS filter may be in the way."
	case link.ReasonNoNetwork:
		return exitNoNetwork, "This computer has no way to the network. Check the cable or Wi-Fi, and flight mode."
	case link.ReasonNoServer, link.ReasonSilent, link.ReasonClosed:
		return exitNoServer, "Nothing answers at the server's address. If other sites work, the problem is likely on the exam's side: try again in a few minutes, then tell the exam's contact."
	case link.ReasonUDPBlocked:
		return exitUDPBlocked, "This network lets TCP through to the server but not UDP, which live video needs; measuring by WebSocket did not work either. Disconnect a VPN, or use another network: office and campus networks often block it."
	case link.ReasonCertificate:
		return exitCertificate, "The server that answered is not the one the join token names. Do not go on; ask for a new token. A network that inspects traffic can cause this, too."
	case link.ReasonProtocol:
		return exitNoServer, "Something answers at the server's address, but it is not an examlink server of a version that fits."
	case link.ReasonCancelled:
		return exitInterrupted, ""
	}
	return exitFailure, ""
}

func explainRefusal(r wire.Refusal) (code int, hint string) {
	switch r {
	case wire.RefusedToken:
		return exitToken, "Ask for a new join token, and copy it whole."
	case wire.RefusedVersion:
		return exitRefused, "This program and the server do not fit together: install the version the exam asks for."
	case wire.RefusedFull, wire.RefusedBusy:
		return exitRefused, "The server is busy. Try again in a minute."
	case wire.RefusedLimit, wire.RefusedBudget:
		return exitRefused, "Is examlink already running with this token? Stop it and try again in a minute."
	case wire.RefusedShutdown:
		return exitRefused, "The server is being restarted. Try again in a minute."
	case wire.RefusedRequest:
		return exitFailure, ""
	}
	return exitFailure, ""
}
