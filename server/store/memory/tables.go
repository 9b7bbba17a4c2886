package memory

import (
	"context"
	"fmt"
	"slices"

	"examlink/server/store"
)

type exams struct{ *Store }

// exam returns an exam. Called locked.
func (s *Store) exam(id string) (store.Exam, error) {
	e, ok := s.exams.get(id)
	if !ok {
		return store.Exam{}, fmt.Errorf("exam %s: %w", id, store.ErrNotFound)
	}
	return e, nil
}

// openExam returns an exam that is not closed. Called locked.
func (s *Store) openExam(id string) (store.Exam, error) {
	e, err := s.exam(id)
	if err == nil && e.Closed {
		err = fmt.Errorf("exam %s is closed: %w", id, store.ErrConflict)
	}
	return e, err
}

func (t exams) Create(ctx context.Context, e store.Exam) error {
	e.Closed = false
	e, err := e.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func() error {
		if _, ok := t.exams.get(e.ID); ok {
			return fmt.Errorf("exam %s: %w", e.ID, store.ErrExists)
		}
		t.exams.put(e.ID, e)
		return nil
	})
}

func (t exams) Get(ctx context.Context, id string) (store.Exam, error) {
	if err := t.enter(ctx); err != nil {
		return store.Exam{}, err
	}
	defer t.mu.Unlock()
	return t.exam(id)
}

func (t exams) Update(ctx context.Context, e store.Exam) error {
	e.Closed = false
	e, err := e.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func() error {
		if _, err := t.openExam(e.ID); err != nil {
			return err
		}
		t.exams.put(e.ID, e)
		return nil
	})
}

func (t exams) List(ctx context.Context, p store.Page) ([]store.Exam, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	return t.exams.page(p), nil
}

func (t exams) Close(ctx context.Context, id string) error {
	return t.change(ctx, func() error {
		e, err := t.exam(id)
		if err != nil || e.Closed {
			return err
		}
		e.Closed = true
		t.exams.put(e.ID, e)
		return nil
	})
}

type roster struct{ *Store }

func (t roster) Put(ctx context.Context, exam string, students []store.Student) error {
	clean := make([]store.Student, 0, len(students))
	for _, s := range students {
		s.Exam = exam
		s, err := s.Clean()
		if err != nil {
			return err
		}
		clean = append(clean, s)
	}
	return t.change(ctx, func() error {
		if _, err := t.openExam(exam); err != nil {
			return err
		}
		for _, s := range clean {
			t.roster.put(s.Exam, s.ID, s)
		}
		return nil
	})
}

func (t roster) Get(ctx context.Context, exam, student string) (store.Student, error) {
	if err := t.enter(ctx); err != nil {
		return store.Student{}, err
	}
	defer t.mu.Unlock()
	s, ok := t.roster[exam].get(student)
	if !ok {
		return s, fmt.Errorf("student %s of exam %s: %w", student, exam, store.ErrNotFound)
	}
	return s, nil
}

func (t roster) List(ctx context.Context, exam string, p store.Page) ([]store.Student, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	return t.roster[exam].page(p), nil
}

func (t roster) Remove(ctx context.Context, exam string, students ...string) error {
	return t.change(ctx, func() error {
		for _, id := range students {
			t.forgetStudent(exam, id)
		}
		return nil
	})
}

type sessions struct{ *Store }

func (t sessions) Put(ctx context.Context, v store.LiveSession) error {
	v, err := v.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func() error {
		t.sessions.put(v.ID, v)
		return nil
	})
}

func (t sessions) Remove(ctx context.Context, id string) error {
	return t.change(ctx, func() error {
		t.sessions.remove(id)
		return nil
	})
}

func (t sessions) List(ctx context.Context, p store.Page) ([]store.LiveSession, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	return t.sessions.page(p), nil
}

func (t sessions) Adopt(ctx context.Context, server string, others []string) (adopted []store.LiveSession, err error) {
	if server == "" {
		return nil, fmt.Errorf("server: expected an identifier: %w", store.ErrInvalid)
	}
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	t.sessions.all(func(l store.LiveSession) {
		if l.Server != server && !slices.Contains(others, l.Server) {
			l.Server = server
			adopted = append(adopted, l)
		}
	})
	for _, l := range adopted {
		t.sessions.put(l.ID, l)
	}
	return adopted, nil
}
