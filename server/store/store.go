// Package store keeps what a server must not lose: exams, rosters, who was connected,
// receipts, the heads of records, the join tokens that were issued, live sessions, notices
// still to be delivered, who is signed in, who looked at what or changed it, what servers
// that share a store tell each other, and what they hold together. It declares the
// interfaces and their values; the packages below it implement them,
// and package storetest holds every implementation to the same behaviour.
//
// It refuses to know what receipts, records and messages say: they are bytes.
//
// All implementations agree on this:
//
//   - Every method is safe for concurrent use.
//   - A change is committed before its method returns nil, and every later read
//     sees it. After another error nothing has changed, except that a change whose
//     storage failed may be found when the store is opened again. An
//     implementation says what a commit outlives: the process, or a loss of power.
//   - Values are copies: the caller may change what it gave and what it got.
//   - Times are UTC, to the microsecond: what is finer is cut off.
//   - Identifiers are ordered by their bytes.
//   - A context that has ended stops a method with the context's error.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Errors that callers branch on. They are wrapped: use errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
	// ErrConflict says that the stored state does not permit the change.
	ErrConflict = errors.New("conflicts with what is stored")
	// ErrInvalid says that a value can never be stored as it is.
	ErrInvalid = errors.New("invalid")
	// ErrTooLarge says that a body has more than MaxBody bytes.
	ErrTooLarge = errors.New("too large")
	ErrClosed   = errors.New("the store is closed")
)

// Chosen by us.
const (
	MaxText     = 1 << 10   // bytes of an identifier or any other text
	MaxBody     = 128 << 10 // bytes of a receipt or a message
	DefaultPage = 100       // entries
	MaxPage     = 1000      // entries
)

// Store groups the interfaces, which stay valid until Close.
type Store interface {
	Exams() Exams
	Roster() Roster
	Attendances() Attendances
	Receipts() Receipts
	Records() Records
	Tokens() Tokens
	SignIns() SignIns
	Sessions() Sessions
	Events() Events
	Members() Members
	Audit() Audit
	Values() Values
	// Queue opens the queue of a receiver, made if it is not there; its name is
	// lower-case letters, digits and hyphens. Errors: ErrInvalid for another name;
	// ErrConflict while the queue is open.
	Queue(ctx context.Context, receiver string) (Queue, error)
	// Erase removes all of a student of an exam for good: from the roster, receipts,
	// records, live sessions, queues and events. The audit log keeps its entries, which
	// name the student no more. It is no error when there is nothing. An
	// implementation says whether the bytes are gone from its files too.
	Erase(ctx context.Context, exam, student string) (Removed, error)
	// About returns all that is kept about a student of an exam, which is what Erase
	// removes, but for the audit log. Live sessions are as they were last stored.
	About(ctx context.Context, exam, student string) (About, error)
	// Expire removes for good what is older than its retention at the given time, and
	// sign-ins that are over by then.
	// After an error a part may have been removed.
	Expire(ctx context.Context, now time.Time, r Retention) (Removed, error)
	// Close ends the use of the store, with its queues. Whatever is called later
	// fails with ErrClosed. It may be called more than once.
	Close() error
}

// Page selects a part of a list that is ordered by identifier. The zero value is
// the beginning of the list.
type Page struct {
	After string // the last identifier of the page before; "": from the beginning
	Limit int    // entries; 0: DefaultPage; at most MaxPage are returned
}

// Size is how many entries the page has at most. A list that returns fewer has no
// further page.
func (p Page) Size() int {
	if p.Limit <= 0 {
		return DefaultPage
	}
	return min(p.Limit, MaxPage)
}

// text is a named text, to be checked.
type text struct{ name, value string }

// checkTexts checks texts that may be empty. PostgreSQL takes neither a zero byte
// nor what is not UTF-8.
func checkTexts(list ...text) error {
	for _, t := range list {
		switch {
		case len(t.value) > MaxText:
			return fmt.Errorf("%s: %d bytes, expected at most %d: %w", t.name, len(t.value), MaxText, ErrInvalid)
		case !utf8.ValidString(t.value) || strings.Contains(t.value, "\x00"):
			return fmt.Errorf("%s: expected UTF-8 without a zero byte: %w", t.name, ErrInvalid)
		}
	}
	return nil
}

// checkIDs checks identifiers.
func checkIDs(list ...text) error {
	for _, t := range list {
		if t.value == "" {
			return fmt.Errorf("%s: empty, expected an identifier: %w", t.name, ErrInvalid)
		}
	}
	return checkTexts(list...)
}

// checkTime checks that a time is set, and within the years that every
// implementation can keep.
func checkTime(name string, t time.Time) error {
	if y := t.UTC().Year(); y < 1970 || y > 2200 {
		return fmt.Errorf("%s: expected a time between the years 1970 and 2200: %w", name, ErrInvalid)
	}
	return nil
}

// Instant is a time as it is stored.
func Instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
