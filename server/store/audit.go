package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Action is what was done, of a closed list.
type Action string

// The actions.
const (
	Viewed       Action = "viewed"
	Exported     Action = "exported" // with contacts, or all about a student
	Created      Action = "created"
	Changed      Action = "changed"
	ClosedExam   Action = "closed"
	Imported     Action = "imported" // a roster
	Issued       Action = "issued"   // join tokens
	Revoked      Action = "revoked"  // join tokens
	KeyRotated   Action = "key-rotated"
	KeyRemoved   Action = "key-removed"
	Erased       Action = "erased"       // a student
	Acknowledged Action = "acknowledged" // a warning
	SignedIn     Action = "signed-in"
	SignedOut    Action = "signed-out"
	BackedUp     Action = "backup"
	Restored     Action = "restore"
	Drained      Action = "drained" // a server, or it takes sessions again
)

// Actions lists the actions.
func Actions() []Action {
	return []Action{
		Viewed, Exported, Created, Changed, ClosedExam, Imported, Issued, Revoked, KeyRotated, KeyRemoved, Erased,
		Acknowledged, SignedIn, SignedOut, BackedUp, Restored, Drained,
	}
}

// Result is how an action ended.
type Result string

// The results.
const (
	OK      Result = "ok"
	Refused Result = "refused" // or it failed; AuditEntry.Reason says why
)

// ByAccount is followed by an account in the identity of an operator whose program says
// which account of the operating system it runs as. Nothing proves the account.
const ByAccount = "admin-token:"

// AuditEntry is one entry of the audit log: somebody did something, or was refused.
// It names no student by name or contact.
type AuditEntry struct {
	Number uint64    `json:"number"` // its place in the log, from 1, without a gap
	At     time.Time `json:"at"`     // the clock of the server or the computer that wrote it
	// Role and Identity say who it was: a role of package auth, "command" for the command
	// line, or "nobody" for a caller without credentials.
	Role     string `json:"role"`
	Identity string `json:"identity,omitempty"`
	Action   Action `json:"action"`
	Exam     string `json:"exam,omitempty"` // empty: no exam in particular
	// Student is the pseudonym of the student concerned; empty for nobody in particular
	// and for a student who was erased. Mark stands for it in the chain.
	Student string      `json:"student,omitempty"`
	Mark    StudentMark `json:"mark,omitzero"`
	Subject string      `json:"subject,omitempty"` // what else it concerns, such as a token's identifier
	Result  Result      `json:"result"`
	Reason  string      `json:"reason,omitempty"` // of a refusal
	Detail  string      `json:"detail,omitempty"` // short, for people
	// Hash covers the entry and the hash of the one before it.
	Hash Hash `json:"hash"`
}

// Clean checks an entry that is to be appended and returns it as it is stored, still
// without Number, Mark and Hash. The error is ErrInvalid.
func (e AuditEntry) Clean() (AuditEntry, error) {
	e.At, e.Number, e.Mark, e.Hash = Instant(e.At), 0, StudentMark{}, Hash{}
	texts := []text{
		{"role", e.Role}, {"identity", e.Identity}, {"exam", e.Exam}, {"student", e.Student}, {"subject", e.Subject},
		{"reason", e.Reason}, {"detail", e.Detail},
	}
	err := cmp.Or(checkIDs(texts[0]), checkTexts(texts...), checkTime("time", e.At))
	switch {
	case err != nil:
	case !slices.Contains(Actions(), e.Action):
		err = fmt.Errorf("action %q, expected one of %q: %w", e.Action, Actions(), ErrInvalid)
	case e.Result != OK && e.Result != Refused:
		err = fmt.Errorf("result %q, expected %s or %s: %w", e.Result, OK, Refused, ErrInvalid)
	}
	for _, t := range texts {
		if err == nil && strings.ContainsFunc(t.value, unwritable) {
			err = fmt.Errorf("%s: %q, expected no control characters: %w", t.name, t.value, ErrInvalid)
		}
	}
	if err != nil {
		return AuditEntry{}, fmt.Errorf("audit: %w", err)
	}
	return e, nil
}

// unwritable are characters that programs write into JSON in different ways, so that
// they would come to different hashes.
func unwritable(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// AuditFilter selects entries. Conditions that are set must all hold.
type AuditFilter struct {
	Exam    string
	Student string    // of Exam; entries about erased students are not found
	Who     string    // an identity, a role, or an account that used the admin token
	Since   time.Time // entries of this time or later
}

// None reports whether the filter selects everything.
func (f AuditFilter) None() bool { return f == AuditFilter{} }

// Matches reports whether the filter selects an entry.
func (f AuditFilter) Matches(e AuditEntry) bool {
	return (f.Exam == "" || e.Exam == f.Exam) && (f.Student == "" || e.Exam == f.Exam && e.Student == f.Student) &&
		(f.Who == "" || e.Role == f.Who || e.Identity == f.Who || e.Identity == ByAccount+f.Who) && !e.At.Before(f.Since)
}

// AuditPage selects a part of a list of entries by number. The zero value is its
// beginning.
type AuditPage struct {
	After uint64 // the last number of the page before
	Limit int    // entries; 0: DefaultPage; at most MaxPage are returned
}

// Size is how many entries the page has at most.
func (p AuditPage) Size() int { return Page{Limit: p.Limit}.Size() }

// Audit is the audit log: entries are appended, never changed, and removed by
// Store.Expire only, the oldest first. Several servers may append to one log.
type Audit interface {
	// Append adds entries in their order, all of them or none, and numbers them. Errors:
	// ErrInvalid.
	Append(ctx context.Context, entries ...AuditEntry) error
	// List returns entries by number.
	List(ctx context.Context, f AuditFilter, p AuditPage) ([]AuditEntry, error)
	// Ends returns where the chain begins and ends.
	Ends(ctx context.Context) (AuditEnds, error)
}
