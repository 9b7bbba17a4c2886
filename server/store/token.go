package store

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// Token says that a join token was issued. It opens nothing: the token itself is
// not kept.
type Token struct {
	ID   string `json:"id"` // no other token of the store has it
	Exam string `json:"exam"`
	// Student is a pseudonym; empty once the student was erased.
	Student string    `json:"student"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	// Revoked says that nobody is admitted with it any more.
	Revoked bool `json:"revoked"`
	// Opened is when a session was first opened with it; zero: never.
	Opened time.Time `json:"opened,omitzero"`
}

// Clean checks a token and returns it as it is stored. The error is ErrInvalid.
func (t Token) Clean() (Token, error) {
	t.From, t.Until = Instant(t.From), Instant(t.Until)
	err := cmp.Or(
		checkIDs(text{"token", t.ID}, text{"exam", t.Exam}),
		checkTexts(text{"student", t.Student}),
		checkTime("from", t.From), checkTime("until", t.Until),
	)
	if err == nil && !t.Opened.IsZero() {
		t.Opened, err = CleanOpened(t.Opened)
	}
	switch {
	case err != nil:
	case t.Student == "" && !t.Revoked:
		err = fmt.Errorf("student: empty, expected an identifier: %w", ErrInvalid)
	case !t.Until.After(t.From):
		err = fmt.Errorf("until: expected a time after the beginning: %w", ErrInvalid)
	}
	if err != nil {
		return Token{}, fmt.Errorf("join token: %w", err)
	}
	return t, nil
}

// CleanOpened checks when a session was opened with a token, and returns the time as it
// is stored. The error is ErrInvalid.
func CleanOpened(at time.Time) (time.Time, error) {
	return Instant(at), checkTime("opened", at)
}

// CleanTokens checks tokens that are added together, and returns them as they are
// stored. Errors: ErrInvalid; ErrExists when an identifier occurs twice.
func CleanTokens(list []Token) ([]Token, error) {
	clean, seen := make([]Token, 0, len(list)), map[string]bool{}
	for _, t := range list {
		t, err := t.Clean()
		if err != nil {
			return nil, err
		}
		if seen[t.ID] {
			return nil, fmt.Errorf("join token %s: given twice: %w", t.ID, ErrExists)
		}
		seen[t.ID] = true
		clean = append(clean, t)
	}
	return clean, nil
}

// Tokens keeps what was issued.
type Tokens interface {
	// Add adds tokens, all of them or none. They need no exam and no roster in the
	// store. Errors: ErrInvalid; ErrExists when an identifier is there already, or
	// occurs twice.
	Add(ctx context.Context, tokens []Token) error
	// Get returns a token. Errors: ErrNotFound.
	Get(ctx context.Context, id string) (Token, error)
	// List returns the tokens of an exam by identifier.
	List(ctx context.Context, exam string, p Page) ([]Token, error)
	// Revoke revokes tokens, all of them or none; those that are revoked stay so.
	// Errors: ErrNotFound.
	Revoke(ctx context.Context, ids ...string) error
	// Open notes when a session was first opened with a token: later times change
	// nothing, and neither does a token that is not there. Errors: ErrInvalid.
	Open(ctx context.Context, id string, at time.Time) error
	// Erase removes a student from the tokens for good and revokes them: their
	// identifiers stay, so that they admit nobody. It is no error when there are
	// none.
	Erase(ctx context.Context, exam, student string) error
}
