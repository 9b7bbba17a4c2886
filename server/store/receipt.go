package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"examlink/probe/verdict"
)

// Receipt is a signed statement of one check.
type Receipt struct {
	ID      string          `json:"id"` // no other receipt of the store has it
	Exam    string          `json:"exam"`
	Student string          `json:"student"`
	At      time.Time       `json:"at"`   // of the check, by the server's clock
	Late    bool            `json:"late"` // shortly before the exam; the caller says how shortly
	Outcome verdict.Outcome `json:"outcome"`
	Body    []byte          `json:"body"` // a JWS, not looked into; at most MaxBody bytes
}

// Clean checks a receipt and returns it as it is stored. Errors: ErrInvalid,
// ErrTooLarge.
func (r Receipt) Clean() (Receipt, error) {
	r.At, r.Body = Instant(r.At), bytes.Clone(r.Body)
	err := cmp.Or(
		checkIDs(text{"receipt", r.ID}, text{"exam", r.Exam}, text{"student", r.Student}),
		checkTime("time", r.At),
	)
	switch {
	case err != nil:
	case !slices.Contains(verdict.Outcomes(), r.Outcome):
		err = fmt.Errorf("outcome %q, expected one of %q: %w", r.Outcome, verdict.Outcomes(), ErrInvalid)
	case len(r.Body) > MaxBody:
		err = fmt.Errorf("%d bytes, expected at most %d: %w", len(r.Body), MaxBody, ErrTooLarge)
	}
	if err != nil {
		return Receipt{}, fmt.Errorf("receipt: %w", err)
	}
	return r, nil
}

// Same reports whether two receipts are equal.
func (r Receipt) Same(o Receipt) bool {
	return bytes.Equal(r.Body, o.Body) && r.At.Equal(o.At) &&
		r.ID == o.ID && r.Exam == o.Exam && r.Student == o.Student && r.Late == o.Late && r.Outcome == o.Outcome
}

// Later reports whether a receipt is later than another: by its time, then by its
// identifier.
func (r Receipt) Later(o Receipt) bool {
	return cmp.Or(r.At.Compare(o.At), cmp.Compare(r.ID, o.ID)) > 0
}

// Better reports whether a receipt is better than another: by its outcome, in the
// order of verdict.Outcomes, then the later one.
func (r Receipt) Better(o Receipt) bool {
	a, b := slices.Index(verdict.Outcomes(), r.Outcome), slices.Index(verdict.Outcomes(), o.Outcome)
	return a < b || a == b && r.Later(o)
}

// Standing is where a student stands.
type Standing struct {
	Student string
	Best    Receipt // see Receipt.Better
	Last    Receipt // see Receipt.Later
}

// Receipts keeps receipts. They need no exam and no roster in the store.
type Receipts interface {
	// Append adds a receipt; the same one again changes nothing. Errors:
	// ErrInvalid; ErrTooLarge; ErrExists when another receipt has its identifier.
	Append(ctx context.Context, r Receipt) error
	// Get returns a receipt. Errors: ErrNotFound.
	Get(ctx context.Context, id string) (Receipt, error)
	// Standing returns the best and the last receipt of a student. Errors:
	// ErrNotFound when there is none.
	Standing(ctx context.Context, exam, student string) (Standing, error)
	// Standings returns those of an exam by student, for a list of the ready.
	// Students without a receipt are left out.
	Standings(ctx context.Context, exam string, p Page) ([]Standing, error)
	// StandingsBefore does so with the receipts before a time only: those that came
	// in time.
	StandingsBefore(ctx context.Context, exam string, before time.Time, p Page) ([]Standing, error)
	// List returns the receipts of an exam by identifier.
	List(ctx context.Context, exam string, p Page) ([]Receipt, error)
	// Erase removes all receipts of a student for good. It is no error when there
	// are none.
	Erase(ctx context.Context, exam, student string) error
}
