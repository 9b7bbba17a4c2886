package probe

import (
	"context"
	"errors"
	"syscall"
	"time"

	"examlink/probe/link"
	"examlink/probe/session"
	"examlink/probe/wire"
)

// serverTime limits how long it is asked whether a server answers that has fallen
// silent: twice the moment after which the next server of a token is tried, and a
// handshake over a slow link. Chosen by us.
const serverTime = 5 * time.Second

// wsaRefused is ECONNREFUSED of Windows, which package syscall does not map.
const wsaRefused = syscall.Errno(10061)

// Why a check ended early, in plain words. The sentence of a verdict continues
// "Could not tell: ".
const (
	whyServer = "the server ended the check, and that says nothing about this link"
	whyLink   = "the connection was interrupted during the check and did not come back"
)

// ServerEnded implements Line: the server said goodbye or closed the connection; or it
// fell silent, and now it or another server of the token answers, or its computer refuses
// the connection.
func (l studentLine) ServerEnded(ctx context.Context, err error, silent func() bool) bool {
	switch reason, _ := link.ReasonOf(err); {
	case l.Dismissed(), reason == link.ReasonClosed:
		return true
	case reason != link.ReasonSilent:
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, serverTime)
	defer cancel()
	config := l.o.connection()
	s, err := session.Dial(ctx, &config, l.token, wire.PurposeCheck, session.Earlier{}, 0)
	var refused *RefusedError
	switch {
	case err == nil:
		s.Close(true)
	case !errors.As(err, &refused) && !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, wsaRefused):
		return false
	}
	return silent() // else the link has come back just now
}
