package exam

import (
	"context"
)

// Erased says what was removed about a student.
type Erased struct {
	Roster        bool  `json:"roster"` // the student was on it
	Receipts      int64 `json:"receipts"`
	Records       int64 `json:"records"`
	Tokens        int64 `json:"tokens"`        // revoked; they no longer name the student
	Sessions      int64 `json:"sessions"`      // of the table of live sessions
	Notifications int64 `json:"notifications"` // that waited, or were given up
	Audit         int64 `json:"audit"`         // entries of the audit log that name the student no more
}

// Erase removes all that the store has about a student of an exam, and revokes the
// student's join tokens. It is no error when there is nothing.
func (m *Manager) Erase(ctx context.Context, id, student string) (Erased, error) {
	if _, err := m.Get(ctx, id); err != nil {
		return Erased{}, err
	}
	m.rosters.Lock()
	defer m.rosters.Unlock()
	// Sessions end first, so that nothing new is written.
	if _, err := m.revokeSelected(ctx, id, Selection{Students: []string{student}}); err != nil {
		return Erased{}, err
	}
	if err := m.o.Settle(ctx, id, student); err != nil {
		return Erased{}, err
	}
	r, err := m.o.Store.Erase(ctx, id, student)
	return Erased{
		Roster: r.Students > 0, Receipts: r.Receipts, Records: r.Records, Tokens: r.Tokens, Sessions: r.Sessions, Notifications: r.Messages, Audit: r.Audit,
	}, err
}
