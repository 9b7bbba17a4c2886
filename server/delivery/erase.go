package delivery

import (
	"context"
	"slices"
	"time"
)

// Chosen by us.
const (
	lastNotices = 2 * time.Second // for the receivers to hear of the end of a student's sessions
	lastLook    = 20 * time.Millisecond
)

// Forget drops all notices about a student, and returns when none of them can come into
// the store any more. It first takes the events that have been published by now, and
// gives the receivers a moment to accept what waits, so that they hear of the end of the
// student's sessions. Events about the student that are published later bring notices
// again.
func (n *Notifier) Forget(ctx context.Context, exam, student string) error {
	n.process(time.Now())
	n.mu.Lock()
	deliverers := slices.Clone(n.receivers.deliverers)
	n.mu.Unlock()
	waits := func(d *deliverer) bool { return d.queue.awaits(exam, student) }
	for end := time.Now().Add(lastNotices); time.Now().Before(end) && slices.ContainsFunc(deliverers, waits); {
		select {
		case <-time.After(lastLook):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, d := range deliverers {
		if err := d.queue.erase(ctx, exam, student); err != nil {
			return err
		}
	}
	n.saveAll()
	return nil
}

// erase drops the messages about a student, waiting or given up, and waits for an
// access to the store that has one of them.
func (q *queue) erase(ctx context.Context, exam, student string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost = slices.DeleteFunc(q.lost, func(u Undelivered) bool { return u.exam == exam && u.student == student })
	for _, m := range slices.Concat(q.waiting, q.dirty) {
		if m.about(exam, student) {
			q.remove(m)
			m.fate = isErased
		}
	}
	for q.busy != nil && q.busy.about(exam, student) {
		access := q.access
		q.mu.Unlock()
		select {
		case <-access:
		case <-ctx.Done():
			q.mu.Lock()
			return ctx.Err()
		}
		q.mu.Lock()
	}
	return nil
}

// awaits reports whether a message about a student waits for delivery.
func (q *queue) awaits(exam, student string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.ContainsFunc(q.waiting, func(m *message) bool { return m.about(exam, student) })
}
