package exam

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"examlink/server/store"
)

// Selection selects students of an exam. Conditions that are set must all hold.
type Selection struct {
	Students []string // these; nil: all
	Group    *string  // those of a group
	NotReady bool     // those who have not passed a check in time
	Tokens   []string // of Revoke: these tokens
}

// Batch is what was issued at once. Issued[i] is for Students[i].
type Batch struct {
	Students []store.Student
	Issued   []Issued
	Revoked  []string // tokens that the new ones replace
}

// Tokens returns what was issued for an exam, by student and then by time.
func (m *Manager) Tokens(ctx context.Context, id string) ([]store.Token, error) {
	if _, err := m.Get(ctx, id); err != nil {
		return nil, err
	}
	list, err := everything(ctx, func(t store.Token) string { return t.ID }, of(id, m.o.Store.Tokens().List))
	slices.SortStableFunc(list, func(a, b store.Token) int {
		if c := strings.Compare(a.Student, b.Student); c != 0 {
			return c
		}
		return a.From.Compare(b.From)
	})
	return list, err
}

// Issue issues a join token to each selected student. With replace, the tokens that
// they had are revoked.
func (m *Manager) Issue(ctx context.Context, id string, sel Selection, replace bool) (Batch, error) {
	e, err := m.Get(ctx, id)
	if err == nil && e.Closed {
		err = fmt.Errorf("exam %s is closed: %w", id, store.ErrConflict)
	}
	if err != nil {
		return Batch{}, err
	}
	var b Batch
	m.rosters.Lock() // nobody is removed or erased between the look and the token
	defer m.rosters.Unlock()
	if b.Students, err = m.selected(ctx, id, sel); err != nil {
		return b, err
	}
	issuer := m.o.Issuer()
	if err := issuer.Ready(); err != nil {
		return b, &InputError{"servers", err.Error()}
	}
	now, kept := m.o.Now(), make([]store.Token, 0, len(b.Students))
	for _, s := range b.Students {
		t, err := issuer.Issue(e, s.ID, now)
		if err != nil {
			return b, &InputError{"exam", err.Error()}
		}
		b.Issued, kept = append(b.Issued, t), append(kept, t.Token)
	}
	var old []string
	if replace {
		if old, err = m.valid(ctx, id, b.Students); err != nil {
			return b, err
		}
	}
	store.Describe(ctx, fmt.Sprintf("join tokens: %d issued, %d replaced", len(kept), len(old)), named(b.Students)...)
	if err := m.o.Store.Tokens().Add(ctx, kept); err != nil {
		return b, err
	}
	b.Revoked = old
	return b, m.revoke(ctx, old)
}

// selected returns the selected students, by identifier.
func (m *Manager) selected(ctx context.Context, id string, sel Selection) ([]store.Student, error) {
	roster, _, err := m.Roster(ctx, id)
	if err != nil {
		return nil, err
	}
	want := among(sel.Students)
	ready := map[string]bool{}
	if sel.NotReady {
		_, list, err := m.Readiness(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			ready[r.ID] = r.State.Passes()
		}
	}
	var out []store.Student
	groups := map[string]bool{}
	for _, s := range roster {
		groups[s.Group] = true
		if (sel.Students == nil || want[s.ID]) && (sel.Group == nil || s.Group == *sel.Group) && !ready[s.ID] {
			out = append(out, s)
		}
		delete(want, s.ID)
	}
	for s := range want {
		return nil, &InputError{"students", fmt.Sprintf("%s is not on the roster of exam %s", shown(s), id)}
	}
	if sel.Group != nil && !groups[*sel.Group] {
		return nil, &InputError{"group", fmt.Sprintf("%q, expected a group of the roster of exam %s", *sel.Group, id)}
	}
	return out, nil
}

// valid returns the tokens of students that are neither revoked nor over.
func (m *Manager) valid(ctx context.Context, id string, students []store.Student) (ids []string, err error) {
	tokens, err := m.Tokens(ctx, id)
	if err != nil {
		return nil, err
	}
	want := map[string]bool{}
	for _, s := range students {
		want[s.ID] = true
	}
	now := m.o.Now()
	for _, t := range tokens {
		if want[t.Student] && !t.Revoked && t.Until.After(now) {
			ids = append(ids, t.ID)
		}
	}
	return ids, nil
}

// Revoke revokes the selected tokens, or those of the selected students, who need not
// be on the roster. It returns those that were valid until now.
func (m *Manager) Revoke(ctx context.Context, id string, sel Selection) ([]string, error) {
	list, err := m.selectTokens(ctx, id, sel)
	if err != nil {
		return nil, err
	}
	var students []string
	for _, t := range list {
		if t.Student != "" {
			students = append(students, t.Student)
		}
	}
	slices.Sort(students)
	store.Describe(ctx, fmt.Sprintf("join tokens: %d revoked", len(list)), slices.Compact(students)...)
	return m.revokeAll(ctx, list)
}

// revokeSelected is Revoke as a part of another request.
func (m *Manager) revokeSelected(ctx context.Context, id string, sel Selection) ([]string, error) {
	list, err := m.selectTokens(ctx, id, sel)
	if err != nil {
		return nil, err
	}
	return m.revokeAll(ctx, list)
}

// selectTokens returns the selected tokens that are not revoked.
func (m *Manager) selectTokens(ctx context.Context, id string, sel Selection) (list []store.Token, err error) {
	tokens, err := m.Tokens(ctx, id)
	if err != nil {
		return nil, err
	}
	students, ids := among(sel.Students), among(sel.Tokens)
	for _, t := range tokens {
		if !t.Revoked && (students[t.Student] || ids[t.ID]) {
			list = append(list, t)
		}
		delete(ids, t.ID)
	}
	for t := range ids {
		return nil, &InputError{"tokens", fmt.Sprintf("%q, expected the identifier of a token of exam %s", t, id)}
	}
	return list, nil
}

// revokeAll revokes tokens and returns their identifiers.
func (m *Manager) revokeAll(ctx context.Context, list []store.Token) ([]string, error) {
	ids := make([]string, 0, len(list))
	for _, t := range list {
		ids = append(ids, t.ID)
	}
	return ids, m.revoke(ctx, ids)
}

// named returns the pseudonyms of students.
func named(list []store.Student) []string {
	ids := make([]string, 0, len(list))
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return ids
}

func among(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}

func (m *Manager) revoke(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := m.o.Store.Tokens().Revoke(ctx, ids...); err != nil {
		return err
	}
	m.o.Revoked(ids)
	return nil
}
