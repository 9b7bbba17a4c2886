package server

import (
	"errors"
	"fmt"
	"time"

	"examlink/probe/wire"
	"examlink/server/exam"
	"examlink/server/session"
)

// authenticate verifies a join token, and that this server takes its student now. theirs is
// the time by the student's clock; zero: not told. The error is a Refusal.
func (s *Server) authenticate(text string, theirs time.Time) (wire.JoinToken, error) {
	now := s.o.Clock.Wall()
	token, err := exam.VerifyAny(s.settings.Load().TokenKeys, text, now)
	if token.ID != "" { // its signature is good
		s.clocks.note(peerClients, token.ID, theirs, now)
	}
	if errors.Is(err, exam.ErrEarly) {
		err = fmt.Errorf("%w: it begins at %s, and this server's clock says %s", err, utc(time.Unix(token.NotBefore, 0)), utc(now))
	}
	if err == nil && s.revoked.is(token.ID) {
		err = errRevoked
	}
	switch {
	case err != nil:
		return token, &session.Refusal{Reason: wire.RefusedToken, Detail: err.Error()}
	case s.closing.Load():
		return token, &session.Refusal{Reason: wire.RefusedShutdown, Detail: "the server is shutting down"}
	}
	return token, nil
}

// refuseDrained refuses what the other servers take while this one is drained.
func (s *Server) refuseDrained() error {
	if s.draining.Load() {
		return &session.Refusal{Reason: wire.RefusedShutdown, Detail: "the server is being drained: another one takes the session"}
	}
	return nil
}
