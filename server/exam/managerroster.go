package exam

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"examlink/server/store"
)

// Preview is what a roster would change.
type Preview struct {
	Changes
	// Version is that of the roster as it is now.
	Version string
	Ignored []string // names of columns that mean nothing here
}

// Roster returns the students of an exam and the roster's version.
func (m *Manager) Roster(ctx context.Context, id string) ([]store.Student, string, error) {
	if _, err := m.Get(ctx, id); err != nil {
		return nil, "", err
	}
	list, err := everything(ctx, func(s store.Student) string { return s.ID }, of(id, m.o.Store.Roster().List))
	return list, RosterVersion(list), err
}

// Compare returns what a roster in CSV would change. The error is a *RosterError when
// it cannot be read.
func (m *Manager) Compare(ctx context.Context, id string, csv []byte) (Preview, error) {
	p, _, err := m.compare(ctx, id, csv)
	return p, err
}

func (m *Manager) compare(ctx context.Context, id string, csv []byte) (Preview, []store.Student, error) {
	next, err := ParseRoster(csv)
	if err != nil {
		return Preview{}, nil, err
	}
	for i := range next.Students {
		next.Students[i].Exam = id
	}
	e, err := m.Get(ctx, id)
	switch {
	case err != nil:
		return Preview{}, nil, err
	case e.Closed:
		return Preview{}, nil, fmt.Errorf("exam %s is closed: %w", id, store.ErrConflict)
	}
	now, version, err := m.Roster(ctx, id)
	return Preview{CompareRosters(now, next.Students), version, next.Ignored}, next.Students, err
}

// Import replaces the roster by one in CSV, provided that it still has the version
// that the caller has compared with. Join tokens of students who are removed are
// revoked. The error is ErrChanged for another version.
func (m *Manager) Import(ctx context.Context, id string, csv []byte, version string) (Preview, error) {
	m.rosters.Lock()
	defer m.rosters.Unlock()
	p, next, err := m.compare(ctx, id, csv)
	if err != nil {
		return p, err
	}
	if p.Version != version {
		return p, ErrChanged
	}
	put := map[string]bool{}
	for _, s := range p.Added {
		put[s] = true
	}
	for _, s := range p.Changed {
		put[s.Student] = true
	}
	var students []store.Student
	for _, s := range next {
		if put[s.ID] {
			students = append(students, s)
		}
	}
	concerned := slices.Concat(slices.Sorted(maps.Keys(put)), p.Removed)
	store.Describe(ctx, fmt.Sprintf("%d added, %d changed, %d removed", len(p.Added), len(p.Changed), len(p.Removed)), concerned...)
	if err := m.o.Store.Roster().Put(ctx, id, students); err != nil {
		return p, err
	}
	if len(p.Removed) > 0 {
		if _, err := m.revokeSelected(ctx, id, Selection{Students: p.Removed}); err != nil {
			return p, fmt.Errorf("students were added and changed, but none removed: %w", err)
		}
		if err := m.o.Store.Roster().Remove(ctx, id, p.Removed...); err != nil {
			return p, fmt.Errorf("students were added and changed, but not removed: %w", err)
		}
	}
	p.Version = RosterVersion(next)
	return p, nil
}

// Readiness returns how ready each student of an exam is, worst first.
func (m *Manager) Readiness(ctx context.Context, id string) (store.Exam, []Readiness, error) {
	e, err := m.Get(ctx, id)
	if err != nil {
		return e, nil, err
	}
	var v Evidence
	if v.Roster, _, err = m.Roster(ctx, id); err != nil {
		return e, nil, err
	}
	student := func(s store.Standing) string { return s.Student }
	if v.All, err = everything(ctx, student, of(id, m.o.Store.Receipts().Standings)); err != nil {
		return e, nil, err
	}
	v.InTime, err = everything(ctx, student, func(ctx context.Context, p store.Page) ([]store.Standing, error) {
		return m.o.Store.Receipts().StandingsBefore(ctx, id, Deadline(e), p)
	})
	if err != nil {
		return e, nil, err
	}
	tokens, err := m.Tokens(ctx, id)
	if err != nil {
		return e, nil, err
	}
	v.Opened = map[string]bool{}
	for _, t := range tokens {
		if !t.Opened.IsZero() {
			v.Opened[t.Student] = true
		}
	}
	return e, Judge(v), nil
}
