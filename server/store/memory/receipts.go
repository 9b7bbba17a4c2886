package memory

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"examlink/server/store"
)

// addReceipt adds a receipt. Called locked.
func (s *Store) addReceipt(r store.Receipt) {
	s.examOf[r.ID] = r.Exam
	s.receipts.put(r.Exam, r.ID, r)
	s.stand(r)
}

// stand takes a receipt into the standing of its student. Called locked.
func (s *Store) stand(r store.Receipt) {
	of, ok := s.standing[r.Exam].get(r.Student)
	s.standing.put(r.Exam, r.Student, with(of, ok, r))
}

// receipt finds a receipt. Called locked.
func (s *Store) receipt(id string) (store.Receipt, bool) { return s.receipts[s.examOf[id]].get(id) }

// with returns a standing with another receipt; ok is false when there was none.
func with(of store.Standing, ok bool, r store.Receipt) store.Standing {
	if !ok || r.Better(of.Best) {
		of.Best = r
	}
	if !ok || r.Later(of.Last) {
		of.Last = r
	}
	of.Student = r.Student
	return of
}

// removeReceipt removes one receipt. Called locked.
func (s *Store) removeReceipt(r store.Receipt) {
	s.receipts.remove(r.Exam, r.ID)
	delete(s.examOf, r.ID)
	of := s.standing[r.Exam].of[r.Student]
	if of.Best.ID != r.ID && of.Last.ID != r.ID {
		return
	}
	s.standing.remove(r.Exam, r.Student)
	if left := s.receipts[r.Exam]; left != nil {
		left.all(func(o store.Receipt) {
			if o.Student == r.Student {
				s.stand(o)
			}
		})
	}
}

// eraseReceipts removes a student's receipts. Called locked.
func (s *Store) eraseReceipts(exam, student string) int {
	if _, ok := s.standing[exam].get(student); !ok {
		return 0
	}
	var ids []string
	s.receipts[exam].all(func(r store.Receipt) {
		if r.Student == student {
			ids = append(ids, r.ID)
		}
	})
	for _, id := range ids {
		s.receipts.remove(exam, id)
		delete(s.examOf, id)
	}
	s.standing.remove(exam, student)
	return len(ids)
}

// addHead takes a head. Called locked.
func (s *Store) addHead(h store.RecordHead) {
	s.headOf[h.Session] = h
	s.heads.put(h.Exam, h.Session, h)
}

// eraseHeads removes a student's heads. Called locked.
func (s *Store) eraseHeads(exam, student string) int {
	ids := s.sessionsOf(exam, student)
	for _, id := range ids {
		s.heads.remove(exam, id)
		delete(s.headOf, id)
	}
	return len(ids)
}

// sessionsOf are the sessions of a student that have a head. Called locked.
func (s *Store) sessionsOf(exam, student string) (ids []string) {
	if r := s.heads[exam]; r != nil {
		r.all(func(h store.RecordHead) {
			if h.Student == student {
				ids = append(ids, h.Session)
			}
		})
	}
	return ids
}

type receipts struct{ *Store }

func (t receipts) Append(ctx context.Context, r store.Receipt) error {
	r, err := r.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func() error {
		if old, ok := t.receipt(r.ID); ok {
			if old.Same(r) {
				return nil
			}
			return fmt.Errorf("receipt %s: %w", r.ID, store.ErrExists)
		}
		t.addReceipt(r)
		return nil
	})
}

// copied is a receipt that the caller may change.
func copied(r store.Receipt) store.Receipt {
	r.Body = bytes.Clone(r.Body)
	return r
}

func copiedStanding(s store.Standing) store.Standing {
	s.Best, s.Last = copied(s.Best), copied(s.Last)
	return s
}

func (t receipts) Get(ctx context.Context, id string) (store.Receipt, error) {
	if err := t.enter(ctx); err != nil {
		return store.Receipt{}, err
	}
	defer t.mu.Unlock()
	r, ok := t.receipt(id)
	if !ok {
		return r, fmt.Errorf("receipt %s: %w", id, store.ErrNotFound)
	}
	return copied(r), nil
}

func (t receipts) Standing(ctx context.Context, exam, student string) (store.Standing, error) {
	if err := t.enter(ctx); err != nil {
		return store.Standing{}, err
	}
	defer t.mu.Unlock()
	of, ok := t.standing[exam].get(student)
	if !ok {
		return of, fmt.Errorf("receipts of student %s of exam %s: %w", student, exam, store.ErrNotFound)
	}
	return copiedStanding(of), nil
}

func (t receipts) Standings(ctx context.Context, exam string, p store.Page) ([]store.Standing, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	out := t.standing[exam].page(p)
	for i := range out {
		out[i] = copiedStanding(out[i])
	}
	return out, nil
}

func (t receipts) StandingsBefore(ctx context.Context, exam string, before time.Time, p store.Page) ([]store.Standing, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	var early relation[store.Standing]
	if r := t.receipts[exam]; r != nil {
		r.all(func(v store.Receipt) {
			if v.At.Before(store.Instant(before)) {
				of, ok := early.get(v.Student)
				early.put(v.Student, with(of, ok, v))
			}
		})
	}
	list := early.page(p)
	for i := range list {
		list[i] = copiedStanding(list[i])
	}
	return list, nil
}

func (t receipts) List(ctx context.Context, exam string, p store.Page) ([]store.Receipt, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	out := t.receipts[exam].page(p)
	for i := range out {
		out[i] = copied(out[i])
	}
	return out, nil
}

func (t receipts) Erase(ctx context.Context, exam, student string) error {
	return t.change(ctx, func() error {
		t.eraseReceipts(exam, student)
		return nil
	})
}

type records struct{ *Store }

func (t records) Append(ctx context.Context, h store.RecordHead) error {
	h, err := h.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func() error {
		if latest, ok := t.headOf[h.Session]; ok {
			if again, err := h.Follows(latest); again || err != nil {
				return err
			}
		}
		t.addHead(h)
		return nil
	})
}

func (t records) Head(ctx context.Context, session string) (store.RecordHead, error) {
	if err := t.enter(ctx); err != nil {
		return store.RecordHead{}, err
	}
	defer t.mu.Unlock()
	h, ok := t.headOf[session]
	if !ok {
		return h, fmt.Errorf("record of session %s: %w", session, store.ErrNotFound)
	}
	return h, nil
}

func (t records) List(ctx context.Context, exam string, p store.Page) ([]store.RecordHead, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	return t.heads[exam].page(p), nil
}

func (t records) Erase(ctx context.Context, exam, student string) error {
	return t.change(ctx, func() error {
		t.eraseHeads(exam, student)
		return nil
	})
}
