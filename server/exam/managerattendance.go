package exam

import (
	"context"

	"examlink/server/store"
)

// Attendance returns when the students on the roster of an exam were last connected, by
// identifier.
func (m *Manager) Attendance(ctx context.Context, id string) ([]store.Attendance, error) {
	return everything(ctx, func(a store.Attendance) string { return a.Student }, of(id, m.o.Store.Attendances().List))
}
