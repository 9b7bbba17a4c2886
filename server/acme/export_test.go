package acme

import (
	"context"
	"time"
)

// Step does what is due, as Run does, and returns how long it would wait then.
func (m *Manager) Step(ctx context.Context) time.Duration { return m.step(ctx) }

// Names of what is in the store.
func (m *Manager) Names() []string {
	return []string{m.name("certificate", m.id), m.name("turn", m.id), m.name("challenge", m.id), m.accountName()}
}

// For the tests of the schedule.
var (
	DueOf = due
	Pause = pause
)
