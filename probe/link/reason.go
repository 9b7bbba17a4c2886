package link

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// Reason is the closed list of why a connection could not be had or ended.
// Each is a metric label and has words of its own for the student.
type Reason string

// The reasons.
const (
	ReasonAddress     Reason = "address"     // the server's address makes no sense
	ReasonResolve     Reason = "resolve"     // its name could not be looked up
	ReasonNoNetwork   Reason = "no-network"  // this host has no way out
	ReasonNoServer    Reason = "no-server"   // nothing answers there
	ReasonUDPBlocked  Reason = "udp-blocked" // TCP gets through to the server, UDP does not
	ReasonCertificate Reason = "certificate" // the server is not who the token says
	ReasonProtocol    Reason = "protocol"    // it answers, but speaks something else
	ReasonClosed      Reason = "closed"      // the other side ended it
	ReasonSilent      Reason = "silent"      // it stopped answering
	ReasonCancelled   Reason = "cancelled"   // we were told to stop
)

// wayless are the system's words for having no way out. Windows has numbers of
// its own, WSAENETDOWN, WSAENETUNREACH, WSAEHOSTUNREACH, which package syscall
// does not map.
var wayless = []syscall.Errno{
	syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EADDRNOTAVAIL, 10049, 10050, 10051, 10065,
}

// noWay says whether the system had no way to send.
func noWay(err error) bool {
	var n syscall.Errno
	return errors.As(err, &n) && slices.Contains(wayless, n)
}

// Refused says whether the system would not send because it had no way, or was
// told by a rule not to: neither is for want of time.
func Refused(err error) bool {
	return noWay(err) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES)
}

// Error says why a connection could not be had or ended.
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

// ReasonOf returns the reason inside err; ok is false when there is none.
func ReasonOf(err error) (r Reason, ok bool) {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason, true
	}
	return "", false
}

// Superseded is what a server says when it ends a connection whose session goes
// on over another.
const Superseded = "resumed elsewhere"

// IsSuperseded says whether a connection ended only because its session goes on
// over another.
func IsSuperseded(err error) bool {
	r, ok := ReasonOf(err)
	return ok && r == ReasonClosed && strings.Contains(err.Error(), Superseded)
}
