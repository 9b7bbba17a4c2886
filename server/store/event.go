package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// LoggedEvent is an event in the log through which the servers of one store hear of
// each other's sessions.
type LoggedEvent struct {
	Number uint64 `json:"number"` // its place in the log, from 1; Append sets it
	Server string `json:"server"` // that wrote it: the identifier of one run
	Kind   string `json:"kind"`
	// Exam and Student are whom the event is about, so that Erase finds it; empty:
	// nobody in particular.
	Exam    string          `json:"exam,omitempty"`
	Student string          `json:"student,omitempty"`
	At      time.Time       `json:"at"`   // the clock of that server
	Body    json.RawMessage `json:"body"` // JSON of at most MaxBody bytes
}

// Clean checks an event and returns it as it is stored. Errors: ErrInvalid,
// ErrTooLarge.
func (e LoggedEvent) Clean() (LoggedEvent, error) {
	e.At, e.Body = Instant(e.At), bytes.Clone(e.Body)
	err := cmp.Or(
		checkIDs(text{"server", e.Server}, text{"kind", e.Kind}),
		checkTexts(text{"exam", e.Exam}, text{"student", e.Student}),
		checkTime("time", e.At),
	)
	switch {
	case err != nil:
	case len(e.Body) > MaxBody:
		err = fmt.Errorf("%d bytes, expected at most %d: %w", len(e.Body), MaxBody, ErrTooLarge)
	case !json.Valid(e.Body):
		err = fmt.Errorf("body: expected JSON: %w", ErrInvalid)
	}
	if err != nil {
		return LoggedEvent{}, fmt.Errorf("event: %w", err)
	}
	return e, nil
}

// Events is a log that several servers write and read. Numbers rise in the order in
// which events are committed: who has read up to a number never misses an event with
// a lower one. A number may be missing where an event was removed.
type Events interface {
	// Append adds events at the end in their order, all of them or none, and returns
	// the number of the last one. Errors: ErrInvalid, ErrTooLarge.
	Append(ctx context.Context, events []LoggedEvent) (last uint64, err error)
	// After returns the events behind a number in their order, at most MaxPage.
	After(ctx context.Context, number uint64) ([]LoggedEvent, error)
	// Trim removes the events of some kinds, or of all kinds if there are none, that
	// are older than a time. It returns how many.
	Trim(ctx context.Context, before time.Time, kinds ...string) (removed int64, err error)
}
