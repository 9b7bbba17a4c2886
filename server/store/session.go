package store

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// LiveSession is a session that has not ended, as far as a later run of the server
// needs it to miss those who do not come back.
type LiveSession struct {
	ID         string    `json:"id"`
	Exam       string    `json:"exam"`
	Student    string    `json:"student"`
	Token      string    `json:"token"` // the join token's identifier, which opens nothing
	Purpose    string    `json:"purpose"`
	Transport  string    `json:"transport"`
	State      string    `json:"state"`
	LastPacket time.Time `json:"last_packet"` // the server's clock
	// Server is the run of a server that has the session; empty: one of a version that
	// did not say.
	Server string `json:"server,omitempty"`
}

// Clean checks a session and returns it as it is stored. The error is ErrInvalid.
func (s LiveSession) Clean() (LiveSession, error) {
	s.LastPacket = Instant(s.LastPacket)
	err := cmp.Or(
		checkIDs(text{"session", s.ID}, text{"exam", s.Exam}, text{"student", s.Student}),
		checkTexts(text{"token", s.Token}, text{"purpose", s.Purpose}, text{"transport", s.Transport}, text{"state", s.State}, text{"server", s.Server}),
		checkTime("last packet", s.LastPacket),
	)
	if err != nil {
		return LiveSession{}, fmt.Errorf("live session: %w", err)
	}
	return s, nil
}

// Sessions keeps the live sessions. What is kept here may be lost with the power,
// in every implementation: it changes often.
type Sessions interface {
	// Put adds a session, or replaces the one with its identifier. Errors:
	// ErrInvalid.
	Put(ctx context.Context, s LiveSession) error
	// Remove removes a session. It is no error when it is not there.
	Remove(ctx context.Context, id string) error
	// List returns the sessions by identifier.
	List(ctx context.Context, p Page) ([]LiveSession, error)
	// Adopt gives a server all sessions of servers that are neither it nor among some
	// others, and returns them by identifier.
	Adopt(ctx context.Context, server string, others []string) ([]LiveSession, error)
}
