package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// Contact is how a student is reached, as an address. It stays in the store: it
// prints and logs as "withheld", and does not encode as JSON. Whoever may see it
// converts it to a string.
type Contact string

const withheld = "withheld"

// Format implements fmt.Formatter.
func (Contact) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(withheld)) }

// LogValue implements slog.LogValuer.
func (Contact) LogValue() slog.Value { return slog.StringValue(withheld) }

// MarshalJSON implements json.Marshaler. It fails.
func (Contact) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a contact does not leave the store")
}

// Student is one student of one exam.
type Student struct {
	Exam    string
	ID      string // a pseudonym
	Contact Contact
	Group   string
	Site    string
}

// Clean checks a student and returns it as it is stored. The error is ErrInvalid.
func (s Student) Clean() (Student, error) {
	err := checkIDs(text{"exam", s.Exam}, text{"student", s.ID})
	if err == nil {
		err = checkTexts(text{"contact", string(s.Contact)}, text{"group", s.Group}, text{"site", s.Site})
	}
	if err != nil {
		return Student{}, fmt.Errorf("roster: %w", err)
	}
	return s, nil
}

// Roster keeps the students of exams.
type Roster interface {
	// Put adds students to an exam, or replaces those with the same identifier:
	// all of them or none. Their Exam is set. Errors: ErrInvalid; ErrNotFound when
	// there is no such exam; ErrConflict when it is closed.
	Put(ctx context.Context, exam string, students []Student) error
	// Get returns a student. Errors: ErrNotFound.
	Get(ctx context.Context, exam, student string) (Student, error)
	// List returns the students of an exam by identifier; none of an unknown exam.
	List(ctx context.Context, exam string, p Page) ([]Student, error)
	// Remove erases students of an exam, closed or not. Those who are not there
	// count as removed. Receipts and records have an Erase of their own.
	Remove(ctx context.Context, exam string, students ...string) error
}
