package delivery

import (
	"cmp"
	"log/slog"
	"slices"

	"examlink/server/store"
)

// refresh takes over what other servers have changed in the store's queue: it adds the
// messages that they have put there, and drops those that they have delivered, given up
// or erased.
func (q *queue) refresh() error {
	q.mu.Lock()
	q.gone = map[uint64]bool{}
	before := uint64(0)
	for _, m := range q.waiting {
		before = max(before, m.Number)
	}
	q.mu.Unlock()
	ctx, cancel := accessStore()
	defer cancel()
	waiting, err := q.kept.Waiting(ctx)
	var lost []store.Undelivered
	if err == nil {
		lost, err = q.kept.Undelivered(ctx)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	gone := q.gone
	q.gone = nil
	if err != nil {
		return err
	}
	q.lost = q.lost[:0:0]
	for _, u := range lost {
		q.lost = append(q.lost, undeliveredOf(u))
	}
	stored := map[uint64]bool{}
	for _, m := range waiting {
		stored[m.Number] = true
		if !gone[m.Number] && !q.has(m) {
			x := newMessage(m)
			x.settle()
			q.waiting = append(q.waiting, x)
			q.bytes += x.size
		}
	}
	for _, m := range slices.Clone(q.waiting) {
		if m.Number != 0 && m.Number <= before && !m.dirty && !stored[m.Number] {
			q.remove(m)
		}
	}
	for _, m := range q.dirty {
		if m.fate == isGivenUp {
			q.lost = append(q.lost, undeliveredOf(store.Undelivered{
				Receiver: q.receiver, ID: m.ID, Kind: m.Kind, At: m.At, Exam: m.Exam, Student: m.Student,
				GivenUp: m.reason.At, Why: m.reason.Why, Sentence: m.reason.Sentence,
			}))
		}
	}
	slices.SortStableFunc(q.waiting, func(a, b *message) int { return cmp.Compare(a.Number-1, b.Number-1) }) // those without one last
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return nil
}

// logRefresh logs the first of consecutive errors of refresh.
func (q *queue) logRefresh(log *slog.Logger, err error) {
	q.mu.Lock()
	before := q.stale
	q.stale = err != nil
	q.mu.Unlock()
	if err != nil && !before {
		log.Warn("queue not compared with the store, will retry", "receiver", q.receiver, "err", err)
	}
}

// has reports whether a message of the store is known here, waiting or not any more.
// Called locked.
func (q *queue) has(m store.Message) bool {
	is := func(x *message) bool { return x.ID == m.ID }
	return slices.ContainsFunc(q.waiting, is) || slices.ContainsFunc(q.dirty, is)
}
