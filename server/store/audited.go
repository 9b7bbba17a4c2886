package store

import (
	"context"
	"sync"
)

// auditKey is that of a context's AuditedChange.
type auditKey struct{}

// AuditedChange is a request whose entries in the audit log are committed together with
// the first change that it makes in a store: both or neither. It is safe for concurrent
// use.
type AuditedChange struct {
	mu      sync.Mutex
	entries []AuditEntry
	written bool
}

// Audited returns a context for one request. The first change of a store that is made
// with it, other than Audit.Append, also appends the entries; if they cannot be
// appended, the change fails.
func Audited(ctx context.Context, entries ...AuditEntry) (context.Context, *AuditedChange) {
	c := &AuditedChange{entries: entries}
	return context.WithValue(ctx, auditKey{}, c), c
}

// Amend changes the entries of the context's request, if it has any that are still to
// be written.
func Amend(ctx context.Context, change func(*AuditEntry)) {
	if c, ok := ctx.Value(auditKey{}).(*AuditedChange); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		for i := range c.entries {
			change(&c.entries[i])
		}
	}
}

// MostConcerned is how many students a request may concern for each of them to have an
// entry. Chosen by us: a request about a whole roster has one entry.
const MostConcerned = 100

// Describe adds a detail to the entry of the context's request, if it is still to be
// written. If it concerns some students, and at most MostConcerned, there will be an
// entry about each.
func Describe(ctx context.Context, detail string, students ...string) {
	Amend(ctx, func(e *AuditEntry) {
		if e.Detail != "" && detail != "" {
			e.Detail += "; "
		}
		e.Detail += detail
	})
	c, ok := ctx.Value(auditKey{}).(*AuditedChange)
	if !ok || len(students) == 0 || len(students) > MostConcerned {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) != 1 {
		return
	}
	one := c.entries[0]
	c.entries = nil
	for _, s := range students {
		one.Student = s
		c.entries = append(c.entries, one)
	}
}

// Pending returns the entries that are still to be written with a change.
func Pending(ctx context.Context) (entries []AuditEntry, c *AuditedChange) {
	c, _ = ctx.Value(auditKey{}).(*AuditedChange)
	if c == nil {
		return nil, nil
	}
	return c.Entries(), c
}

// Entries returns the entries that are still to be written.
func (c *AuditedChange) Entries() []AuditEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.written {
		return nil
	}
	return append([]AuditEntry{}, c.entries...)
}

// Written notes that the entries were committed. Stores call it.
func (c *AuditedChange) Written() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written = true
}
