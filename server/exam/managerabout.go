package exam

import (
	"context"
	"fmt"

	"examlink/server/store"
)

// About is all that a store has on one student of an exam.
type About struct {
	store.About
	Audit []store.AuditEntry // that name the student, by number
}

// About returns all that the store has on a student of an exam. The error is
// store.ErrNotFound when there is nothing.
func (m *Manager) About(ctx context.Context, id, student string) (a About, err error) {
	if _, err := m.Get(ctx, id); err != nil {
		return a, err
	}
	if a.About, err = m.o.Store.About(ctx, id, student); err != nil {
		return a, err
	}
	p := store.AuditPage{Limit: store.MaxPage}
	for {
		some, err := m.o.Store.Audit().List(ctx, store.AuditFilter{Exam: id, Student: student}, p)
		if err != nil {
			return a, err
		}
		a.Audit = append(a.Audit, some...)
		if len(some) < p.Size() {
			break
		}
		p.After = some[len(some)-1].Number
	}
	kept := len(a.Tokens) + len(a.Receipts) + len(a.Records) + len(a.Sessions) + len(a.Waiting) + len(a.Undelivered) + len(a.Audit)
	if a.Roster == nil && kept == 0 {
		return a, fmt.Errorf("%s of exam %s: %w", shown(student), id, store.ErrNotFound)
	}
	return a, nil
}
