package store

import (
	"cmp"
	"context"
	"fmt"
)

// Member is one run of a server that uses the store together with others.
type Member struct {
	ID       string `json:"id"`   // drawn at random for each run
	Name     string `json:"name"` // for people
	Version  string `json:"version"`
	Draining bool   `json:"draining"` // it takes no sessions, and hands over those it has
	Beats    uint64 `json:"beats"`    // how often it has said that it is alive; Beat counts
}

// Clean checks a member and returns it as it is stored. The error is ErrInvalid.
func (m Member) Clean() (Member, error) {
	m.Name, m.Version = plain(m.Name), plain(m.Version)
	if err := cmp.Or(checkIDs(text{"server", m.ID}), checkTexts(text{"name", m.Name}, text{"version", m.Version})); err != nil {
		return Member{}, fmt.Errorf("member: %w", err)
	}
	return m, nil
}

// Membership is who uses a store.
type Membership struct {
	Members []Member `json:"members"` // by identifier
	Leader  string   `json:"leader"`  // the member that judges for all; empty before there was one; it may have left
	Term    uint64   `json:"term"`    // how often the leader has changed
}

// Members keeps who uses the store, and which of them leads. No clock is compared: a
// member whose beats stay the same for too long by its observer's own clock is gone.
type Members interface {
	// Beat adds a member, or counts its beats up, and returns who is there. Errors:
	// ErrInvalid.
	Beat(ctx context.Context, m Member) (Membership, error)
	// Lead makes a member the leader after the one of a term. Errors: ErrConflict when
	// another came first.
	Lead(ctx context.Context, id string, term uint64) error
	// Leave removes a member. It is no error when it is not there.
	Leave(ctx context.Context, id string) error
}
