package exam

import (
	"context"
	"slices"

	"examlink/server/store"
)

// Records lists the latest heads of an exam's records, by session; student, if not
// empty, selects one's. An exam of join tokens alone is not in the store: its records
// are listed all the same. The error is store.ErrNotFound for an exam that has neither.
func (m *Manager) Records(ctx context.Context, id, student string) ([]store.RecordHead, error) {
	all, err := everything(ctx, func(h store.RecordHead) string { return h.Session }, of(id, m.o.Store.Records().List))
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		if _, err := m.Get(ctx, id); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(all, func(h store.RecordHead) bool { return student != "" && h.Student != student }), nil
}
