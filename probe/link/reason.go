package link

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// Reason is why a connection could not be opened or ended. The list is closed; each
// reason is a metric label and has its own text for the student.
type Reason string

// The reasons.
const (
	ReasonAddress     Reason = "address"     // the server's address is invalid
	ReasonResolve     Reason = "resolve"     // its name could not be looked up
	ReasonNoNetwork   Reason = "no-network"  // this host has no route
	ReasonRejected    Reason = "rejected"    // the network refuses to carry traffic to the server, and has other routes
	ReasonPortal      Reason = "portal"      // the network answers in the server's place: it wants a sign-in
	ReasonNoServer    Reason = "no-server"   // nothing answers there
	ReasonUDPBlocked  Reason = "udp-blocked" // TCP gets through to the server, UDP does not
	ReasonPathMTU     Reason = "path-mtu"    // UDP gets through in small packets, but not in those of QUIC
	ReasonCertificate Reason = "certificate" // the server does not have the key the token names
	ReasonProtocol    Reason = "protocol"    // it answers, but speaks something else
	ReasonClosed      Reason = "closed"      // the other side ended it
	ReasonSilent      Reason = "silent"      // it stopped answering
	ReasonCancelled   Reason = "cancelled"   // the caller cancelled
)

// routeErrors lists the system's errors for a missing route. Windows has its own numbers,
// WSAENETDOWN, WSAENETUNREACH, WSAEHOSTUNREACH, which package syscall does not map.
var routeErrors = []syscall.Errno{
	syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EADDRNOTAVAIL, 10049, 10050, 10051, 10065,
}

// BlocksUDP reports whether the server can be reached, but not over QUIC.
func (r Reason) BlocksUDP() bool { return r == ReasonUDPBlocked || r == ReasonPathMTU }

// noRoute reports whether the system had no route.
func noRoute(err error) bool {
	var n syscall.Errno
	return errors.As(err, &n) && slices.Contains(routeErrors, n)
}

// Refused reports whether the system refused to send because it had no route or a rule
// forbade it: neither is for lack of time.
func Refused(err error) bool {
	return noRoute(err) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES)
}

// Error reports why a connection could not be opened or ended.
type Error struct {
	Reason Reason
	Server string
	Err    error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("server %s: %s", e.Server, e.Reason)
	}
	return fmt.Sprintf("server %s: %s: %v", e.Server, e.Reason, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// ReasonOf returns the reason inside err; ok is false if there is none.
func ReasonOf(err error) (r Reason, ok bool) {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason, true
	}
	return "", false
}

// Superseded is the server's reason for ending a connection whose session continues on
// another.
const Superseded = "resumed elsewhere"

// IsSuperseded reports whether a connection ended only because its session continues
// on another.
func IsSuperseded(err error) bool {
	r, ok := ReasonOf(err)
	return ok && r == ReasonClosed && strings.Contains(err.Error(), Superseded)
}
