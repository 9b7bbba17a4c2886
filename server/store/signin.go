package store

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// SignIn says that somebody is signed in to the proctors' board. Whoever shows the secret
// of which ID is the hash is that person, on every server of the store.
type SignIn struct {
	ID       string // of the secret, which is not kept; no other sign-in of the store has it
	Identity string // as in the audit log
	Role     string // of package auth
	Exams    []string
	// Link is the identifier of the proctor's link that was used up for it; empty: none.
	Link string
	From time.Time
	// Until is when it ends. A link may be used again after that, so it must have expired.
	Until time.Time
}

// Clean checks a sign-in and returns it as it is stored. The error is ErrInvalid.
func (v SignIn) Clean() (SignIn, error) {
	v.From, v.Until = Instant(v.From), Instant(v.Until)
	exams := make([]text, 0, len(v.Exams))
	for _, e := range v.Exams {
		exams = append(exams, text{"exam", e})
	}
	v.Exams = append([]string{}, v.Exams...)
	err := cmp.Or(
		checkIDs(text{"sign-in", v.ID}, text{"identity", v.Identity}, text{"role", v.Role}), checkIDs(exams...),
		checkTexts(text{"link", v.Link}), checkTime("from", v.From), checkTime("until", v.Until),
	)
	if err == nil && !v.Until.After(v.From) {
		err = fmt.Errorf("until: expected a time after the beginning: %w", ErrInvalid)
	}
	if err != nil {
		return SignIn{}, fmt.Errorf("sign-in: %w", err)
	}
	return v, nil
}

// SignIns keeps who is signed in. Expire removes those whose Until has passed.
type SignIns interface {
	// Open adds a sign-in. Errors: ErrInvalid; ErrExists when its identifier is there;
	// ErrConflict when its link was used up.
	Open(ctx context.Context, v SignIn) error
	// Get returns a sign-in, whatever its Until. Errors: ErrNotFound, also when it has
	// ended.
	Get(ctx context.Context, id string) (SignIn, error)
	// End ends all sign-ins of an identity. Their links stay used up. It is no error
	// when there are none.
	End(ctx context.Context, identity string) error
}
