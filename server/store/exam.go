package store

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// Exam is one exam.
type Exam struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Start and End are the window: UTC, End after Start.
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Zone is the time zone in which the window is shown: a name of the IANA
	// database, as Europe/Zurich. Whether it exists is not checked.
	Zone   string `json:"zone"`
	Policy string `json:"policy"` // the name of a policy
	Closed bool   `json:"closed"` // nothing about the exam changes any more
}

// Clean checks an exam and returns it as it is stored. The error is ErrInvalid.
func (e Exam) Clean() (Exam, error) {
	e.Start, e.End = Instant(e.Start), Instant(e.End)
	err := cmp.Or(
		checkIDs(text{"exam", e.ID}, text{"time zone", e.Zone}, text{"policy", e.Policy}),
		checkTexts(text{"title", e.Title}),
		checkTime("start", e.Start), checkTime("end", e.End),
	)
	if err == nil && !e.End.After(e.Start) {
		err = fmt.Errorf("end: expected a time after the start: %w", ErrInvalid)
	}
	if err != nil {
		return Exam{}, fmt.Errorf("exam: %w", err)
	}
	return e, nil
}

// Exams keeps exams by their identifiers.
type Exams interface {
	// Create adds an exam, which is open whatever Closed says. Errors: ErrInvalid;
	// ErrExists when there is one with the identifier.
	Create(ctx context.Context, e Exam) error
	// Get returns an exam. Errors: ErrNotFound.
	Get(ctx context.Context, id string) (Exam, error)
	// Update replaces all of an exam but its identifier and Closed. Errors:
	// ErrInvalid; ErrNotFound; ErrConflict when the exam is closed.
	Update(ctx context.Context, e Exam) error
	// List returns exams by identifier.
	List(ctx context.Context, p Page) ([]Exam, error)
	// Close closes an exam; one that is closed stays so. Errors: ErrNotFound.
	Close(ctx context.Context, id string) error
}
