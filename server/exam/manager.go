package exam

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"examlink/probe/plan"
	"examlink/server/store"
)

// ManagerOptions are what a Manager works with. All of them must be set.
type ManagerOptions struct {
	Store store.Store
	Now   func() time.Time
	// Policies returns the names of the policies that exams may have, the one in
	// force first.
	Policies func() []string
	// Issuer returns what issues join tokens.
	Issuer func() Issuer
	// Revoked ends what is open with revoked tokens.
	Revoked func(tokens []string)
	// Settle ends all of a student that goes on, and returns when nothing about the
	// student can come into the store any more.
	Settle func(ctx context.Context, exam, student string) error
}

// Manager creates and changes exams, keeps their rosters, and issues and revokes join
// tokens. It is safe for concurrent use.
type Manager struct {
	o       ManagerOptions
	rosters sync.Mutex // held while a roster is compared and changed, and while tokens are issued from it
}

// NewManager makes a manager.
func NewManager(o ManagerOptions) *Manager { return &Manager{o: o} }

// InputError is one field of a request that is not as expected.
type InputError struct {
	Field   string `json:"field"`
	Problem string `json:"problem"` // names what was expected
}

func (e *InputError) Error() string { return e.Field + ": " + e.Problem }

// ErrChanged says that a roster is no longer what the caller has seen.
var ErrChanged = errors.New("the roster has changed since it was compared")

// examID matches identifiers of exams, which occur in addresses, labels and file names.
var examID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// ValidID reports whether an exam can have an identifier.
func ValidID(id string) bool { return examID.MatchString(id) }

// Create adds an exam. Without a policy it gets the one in force. The error joins an
// InputError for each problem, or is the store's.
func (m *Manager) Create(ctx context.Context, e store.Exam) (store.Exam, error) {
	e.Closed = false
	if e.Policy == "" {
		e.Policy = m.o.Policies()[0]
	}
	e, err := m.check(e)
	if err == nil {
		err = m.o.Store.Exams().Create(ctx, e)
	}
	return e, err
}

// Change is what changes about an exam; nil: it stays.
type Change struct {
	Title  *string
	Start  *time.Time
	End    *time.Time
	Zone   *string
	Policy *string
}

// Update changes an exam. Join tokens that were issued keep the times they have.
func (m *Manager) Update(ctx context.Context, id string, c Change) (store.Exam, error) {
	e, err := m.o.Store.Exams().Get(ctx, id)
	if err != nil {
		return e, err
	}
	set(&e.Title, c.Title)
	set(&e.Start, c.Start)
	set(&e.End, c.End)
	set(&e.Zone, c.Zone)
	set(&e.Policy, c.Policy)
	if e, err = m.check(e); err == nil {
		err = m.o.Store.Exams().Update(ctx, e)
	}
	return e, err
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// check returns an exam as it is stored.
func (m *Manager) check(e store.Exam) (store.Exam, error) {
	var problems []error
	bad := func(field, format string, args ...any) {
		problems = append(problems, &InputError{field, fmt.Sprintf(format, args...)})
	}
	if !ValidID(e.ID) {
		bad("id", "%q, expected 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit", e.ID)
	}
	if err := checkID("title", e.Title, "a title"); e.Title != "" && err != nil {
		bad("title", "%s", strings.TrimPrefix(err.Error(), "title: "))
	}
	if e.Zone == "" {
		bad("zone", "empty, expected the name of a time zone, such as America/Denver")
	}
	var window *plan.FieldError
	switch _, err := plan.NewWindow(e.Start, e.End, e.Zone); {
	case e.Start.IsZero() || e.End.IsZero():
		for field, t := range map[string]time.Time{"start": e.Start, "end": e.End} {
			if t.IsZero() {
				bad(field, "missing, expected a time such as 2026-11-30T16:00:00Z")
			}
		}
	case errors.As(err, &window):
		bad(window.Field, "%s", window.Problem)
	}
	if policies := m.o.Policies(); !slices.Contains(policies, e.Policy) {
		bad("policy", "%q, expected one of %s", e.Policy, strings.Join(policies, ", "))
	}
	if problems != nil {
		slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return e, errors.Join(problems...)
	}
	e, err := e.Clean()
	if err != nil {
		return e, &InputError{"exam", err.Error()}
	}
	return e, nil
}

// Get returns an exam.
func (m *Manager) Get(ctx context.Context, id string) (store.Exam, error) {
	return m.o.Store.Exams().Get(ctx, id)
}

// List returns exams by identifier.
func (m *Manager) List(ctx context.Context, p store.Page) ([]store.Exam, error) {
	return m.o.Store.Exams().List(ctx, p)
}

// Close closes an exam: nothing about it changes any more.
func (m *Manager) Close(ctx context.Context, id string) (store.Exam, error) {
	if err := m.o.Store.Exams().Close(ctx, id); err != nil {
		return store.Exam{}, err
	}
	return m.Get(ctx, id)
}

// everything reads all pages of a list.
func everything[T any](ctx context.Context, id func(T) string, list func(context.Context, store.Page) ([]T, error)) (all []T, err error) {
	p := store.Page{Limit: store.MaxPage}
	for {
		some, err := list(ctx, p)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < p.Size() {
			return all, nil
		}
		p.After = id(some[len(some)-1])
	}
}

// of makes a list of one exam of the list of any.
func of[T any](exam string, list func(context.Context, string, store.Page) ([]T, error)) func(context.Context, store.Page) ([]T, error) {
	return func(ctx context.Context, p store.Page) ([]T, error) { return list(ctx, exam, p) }
}
