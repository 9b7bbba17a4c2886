package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"examlink/server/store"
)

// Erase implements store.Store.
func (s *Store) Erase(ctx context.Context, exam, student string) (r store.Removed, err error) {
	pending, request := store.Pending(ctx)
	entries, err := cleanAudit(pending)
	if err != nil {
		return r, err
	}
	if err := s.enter(ctx); err != nil {
		return r, err
	}
	defer s.mu.Unlock()
	s.audit.append(entries) // first, so that they too name the student no more
	request.Written()
	r.Audit = s.audit.erase(exam, student)
	if _, ok := s.roster[exam].get(student); ok {
		s.forgetStudent(exam, student)
		r.Students++
	}
	r.Receipts = int64(s.eraseReceipts(exam, student))
	r.Records = int64(s.eraseHeads(exam, student))
	r.Tokens = s.eraseTokens(exam, student)
	r.Sessions = s.removeSessions(func(l store.LiveSession) bool { return l.Exam == exam && l.Student == student })
	r.Events = s.removeEvents(func(e store.LoggedEvent) bool { return e.Exam == exam && e.Student == student })
	for _, q := range s.parked {
		r.Messages += q.remove(func(m store.Message) bool { return m.Exam == exam && m.Student == student })
		r.Messages += q.removeUndelivered(func(u store.Undelivered) bool { return u.Exam == exam && u.Student == student })
	}
	return r, nil
}

// Expire implements store.Store.
func (s *Store) Expire(ctx context.Context, now time.Time, keep store.Retention) (r store.Removed, err error) {
	if err := s.enter(ctx); err != nil {
		return r, err
	}
	defer s.mu.Unlock()
	over := func(t time.Time, kept time.Duration) bool { return kept > 0 && t.Before(store.Instant(now.Add(-kept))) }
	s.exams.all(func(e store.Exam) {
		if over(e.End, keep.Rosters) {
			r.Students += s.roster.clear(e.ID)
			s.connected.clear(e.ID)
		}
	})
	for _, of := range s.receipts {
		var old []store.Receipt
		of.all(func(v store.Receipt) {
			if over(v.At, keep.Receipts) {
				old = append(old, v)
			}
		})
		for _, v := range old {
			s.removeReceipt(v)
			r.Receipts++
		}
	}
	for id, h := range s.headOf {
		if over(h.At, keep.Records) {
			s.heads.remove(h.Exam, id)
			delete(s.headOf, id)
			r.Records++
		}
	}
	s.expireSignIns(now)
	r.Audit = s.audit.expire(func(e store.AuditEntry) bool { return over(e.At, keep.Audit) })
	r.Sessions = s.removeSessions(func(l store.LiveSession) bool { return over(l.LastPacket, keep.Sessions) })
	for _, q := range s.parked {
		r.Messages += q.removeUndelivered(func(u store.Undelivered) bool { return over(u.GivenUp, keep.Undelivered) })
	}
	return r, nil
}

// About implements store.Store.
func (s *Store) About(ctx context.Context, exam, student string) (a store.About, err error) {
	if err := s.enter(ctx); err != nil {
		return a, err
	}
	defer s.mu.Unlock()
	if v, ok := s.roster[exam].get(student); ok {
		a.Roster, a.Connected = &v, s.lastConnected(exam, student)
	}
	a.Tokens = s.tokensOf(exam, student)
	if of := s.receipts[exam]; of != nil {
		of.all(func(v store.Receipt) {
			if v.Student == student {
				a.Receipts = append(a.Receipts, copied(v))
			}
		})
	}
	if of := s.heads[exam]; of != nil {
		of.all(func(v store.RecordHead) {
			if v.Student == student {
				a.Records = append(a.Records, v)
			}
		})
	}
	s.sessions.all(func(v store.LiveSession) {
		if v.Exam == exam && v.Student == student {
			a.Sessions = append(a.Sessions, v)
		}
	})
	for _, receiver := range slices.Sorted(maps.Keys(s.parked)) {
		waiting, lost := s.parked[receiver].about(exam, student)
		a.Waiting, a.Undelivered = append(a.Waiting, waiting...), append(a.Undelivered, lost...)
	}
	for _, e := range s.events {
		if e.Exam == exam && e.Student == student {
			a.Events = append(a.Events, e)
		}
	}
	return a, nil
}

// about returns the messages about a student.
func (q *Queue) about(exam, student string) (waiting []store.Message, lost []store.Undelivered) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.waiting {
		if m.Exam == exam && m.Student == student {
			m.Body = bytes.Clone(m.Body)
			waiting = append(waiting, m)
		}
	}
	for _, u := range q.lost {
		if u.Exam == exam && u.Student == student {
			lost = append(lost, u)
		}
	}
	return waiting, lost
}

// removeSessions removes some live sessions. Called locked.
func (s *Store) removeSessions(which func(store.LiveSession) bool) (n int64) {
	var ids []string
	s.sessions.all(func(l store.LiveSession) {
		if which(l) {
			ids = append(ids, l.ID)
		}
	})
	for _, id := range ids {
		s.sessions.remove(id)
	}
	return int64(len(ids))
}

// remove removes some messages.
func (q *Queue) remove(which func(store.Message) bool) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	before := len(q.waiting)
	q.waiting = slices.DeleteFunc(q.waiting, which)
	return int64(before - len(q.waiting))
}

// removeUndelivered removes some messages that were given up.
func (q *Queue) removeUndelivered(which func(store.Undelivered) bool) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	before := len(q.lost)
	q.lost = slices.DeleteFunc(q.lost, which)
	return int64(before - len(q.lost))
}
