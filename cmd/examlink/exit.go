package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

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
	exitComputer     = 5 // check --strict: the link will do, the computer does not
	exitNoServer     = 10
	exitToken        = 11
	exitCertificate  = 12
	exitUDPBlocked   = 13
	exitNoNetwork    = 14
	exitRefused      = 15
	exitResolve      = 16
	exitRejected     = 17
	exitPortal       = 18
	exitPathMTU      = 19
	exitInterrupted  = 130
)

// verdictError carries the exit code of a verdict below the requirement, or of a
// record that is not intact. The result has been printed already.
type verdictError struct{ code int }

func (e *verdictError) Error() string { return fmt.Sprintf("verdict with exit code %d", e.code) }

// exitCode prints an error of a command, with advice where there is some, and returns
// its code.
func exitCode(c *cobra.Command, err error, w io.Writer) int {
	if err == nil {
		return exitReady
	}
	var verdict *verdictError
	if errors.As(err, &verdict) {
		return verdict.code
	}
	code, hint := explain(err)
	_, ofNetwork := link.ReasonOf(err)
	switch {
	case code == exitUsage:
		fmt.Fprintf(w, "examlink: %s\n", cli.Message(err))
		fmt.Fprintln(w, cmp.Or(hint, cli.Help(c)))
	case hint == "" || code == exitInterrupted:
		fmt.Fprintf(w, "examlink: %s\n", cli.Message(err))
	case ofNetwork: // the error is the network's or the system's, and no sentence
		fmt.Fprintf(w, "examlink: %s\nDetails: %s\n", hint, cli.Message(err))
	default:
		fmt.Fprintf(w, "examlink: %s\n%s\n", cli.Message(err), hint)
	}
	return code
}

// advice is what to do about an error, or where nobody knows that, the error itself.
func advice(err error) string {
	if _, hint := explain(err); hint != "" {
		return hint
	}
	return cli.Message(err) + "."
}

// errorSchema names the layout of failure.
const errorSchema = "examlink.error/1"

// failure is what --json prints when there is no report.
type failure struct {
	Schema   string `json:"schema"`
	Reason   string `json:"reason"` // as in the metrics, a refusal's reason, or "error"
	Message  string `json:"message"`
	Advice   string `json:"advice,omitempty"`
	ExitCode int    `json:"exit_code"`
}

// failureOf describes an error as JSON.
func failureOf(err error) failure {
	f := failure{Schema: errorSchema, Reason: "error", Message: cli.Message(err)}
	f.ExitCode, f.Advice = explain(err)
	var refused *probe.RefusedError
	if errors.As(err, &refused) {
		f.Reason = string(refused.Reason)
	} else if reason, ok := link.ReasonOf(err); ok {
		f.Reason = string(reason)
	}
	if f.ExitCode == exitInterrupted {
		f.Reason = string(link.ReasonCancelled)
	}
	return f
}

// explain returns the exit code of an error and, where there is one, what to do about
// it.
func explain(err error) (code int, hint string) {
	var usage *cli.UsageError
	var refused *probe.RefusedError
	switch {
	case errors.As(err, &usage):
		return exitUsage, ""
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
		return exitUsage, "Give the server's address as host:port."
	case link.ReasonResolve:
		return exitResolve, "The server's name could not be looked up. Check that this computer is online and that the name is right. A VPN or DNS filter can also cause this: turn it off and try again."
	case link.ReasonNoNetwork:
		return exitNoNetwork, "This computer has no network connection. Check the cable or Wi-Fi, and turn off flight mode."
	case link.ReasonRejected:
		return exitRejected, "This computer is on a network, but a router or firewall on the way refuses to carry traffic to the exam's server. If you use a VPN or a firewall, turn it off. Otherwise use another network, or ask its administrators to allow the exam's server."
	case link.ReasonPortal:
		return exitPortal, "This network answers in the server's place: it probably wants you to sign in first. Open any web page, sign in or accept its terms, and try again; or use another network."
	case link.ReasonNoServer, link.ReasonSilent, link.ReasonClosed:
		return exitNoServer, "The exam's server does not answer. If other sites work, the problem is probably on the exam's side: try again in a few minutes, and if it still fails, tell the exam's contact."
	case link.ReasonUDPBlocked:
		return exitUDPBlocked, "This network lets TCP through to the server but not UDP, which live video needs; measuring over WebSocket did not work either. If you use a VPN, disconnect it. Otherwise use another network: office and campus networks often block UDP."
	case link.ReasonPathMTU:
		return exitPathMTU, "This network drops UDP packets of more than 1,227 bytes on the way to the server, and live video needs such packets; measuring over WebSocket did not work either. A VPN or a tunnel often causes this: disconnect it. Otherwise use another network."
	case link.ReasonCertificate:
		return exitCertificate, "The server that answered is not the one your join token names. Do not continue; ask for a new token. A network that inspects traffic can also cause this: try another network."
	case link.ReasonProtocol:
		return exitNoServer, "The server that answered is not an examlink server, or its version does not match this program's. Check the server's address, then tell the exam's contact."
	case link.ReasonCancelled:
		return exitInterrupted, ""
	}
	return exitFailure, ""
}

func explainRefusal(r wire.Refusal) (code int, hint string) {
	switch r {
	case wire.RefusedToken:
		return exitToken, "Ask for a new join token, and copy all of it."
	case wire.RefusedVersion:
		return exitRefused, "This program's version does not match the server's. Install the version the exam asks for."
	case wire.RefusedFull, wire.RefusedBusy:
		return exitRefused, "The server is busy. Try again in a minute."
	case wire.RefusedLimit, wire.RefusedBudget:
		return exitRefused, "Is examlink already running with this token? Stop it and try again in a minute."
	case wire.RefusedShutdown:
		return exitRefused, "The server is restarting. Try again in a minute."
	case wire.RefusedRequest:
		return exitFailure, ""
	}
	return exitFailure, ""
}
