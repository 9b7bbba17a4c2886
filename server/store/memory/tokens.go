package memory

import (
	"context"
	"fmt"
	"time"

	"examlink/server/store"
)

// addToken adds or replaces a token. Called locked.
func (s *Store) addToken(t store.Token) {
	if exam, ok := s.tokenExam[t.ID]; ok && exam != t.Exam {
		s.tokens.remove(exam, t.ID)
	}
	s.tokenExam[t.ID] = t.Exam
	s.tokens.put(t.Exam, t.ID, t)
}

// token finds a token. Called locked.
func (s *Store) token(id string) (store.Token, bool) { return s.tokens[s.tokenExam[id]].get(id) }

// eraseTokens removes a student from the tokens. Called locked.
func (s *Store) eraseTokens(exam, student string) (n int64) {
	for _, t := range s.tokensOf(exam, student) {
		t.Student, t.Revoked, t.Opened = "", true, time.Time{}
		s.addToken(t)
		n++
	}
	return n
}

// tokensOf returns the tokens of a student. Called locked.
func (s *Store) tokensOf(exam, student string) (list []store.Token) {
	if r := s.tokens[exam]; r != nil && student != "" {
		r.all(func(t store.Token) {
			if t.Student == student {
				list = append(list, t)
			}
		})
	}
	return list
}

type tokens struct{ *Store }

func (t tokens) Add(ctx context.Context, list []store.Token) error {
	clean, err := store.CleanTokens(list)
	if err != nil {
		return err
	}
	return t.change(ctx, func() error {
		for _, v := range clean {
			if _, ok := t.token(v.ID); ok {
				return fmt.Errorf("join token %s: %w", v.ID, store.ErrExists)
			}
		}
		for _, v := range clean {
			t.addToken(v)
		}
		return nil
	})
}

func (t tokens) Get(ctx context.Context, id string) (store.Token, error) {
	if err := t.enter(ctx); err != nil {
		return store.Token{}, err
	}
	defer t.mu.Unlock()
	v, ok := t.token(id)
	if !ok {
		return v, fmt.Errorf("join token %s: %w", id, store.ErrNotFound)
	}
	return v, nil
}

func (t tokens) List(ctx context.Context, exam string, p store.Page) ([]store.Token, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	return t.Store.tokens[exam].page(p), nil
}

func (t tokens) Revoke(ctx context.Context, ids ...string) error {
	return t.change(ctx, func() error {
		for _, id := range ids {
			if _, ok := t.token(id); !ok {
				return fmt.Errorf("join token %s: %w", id, store.ErrNotFound)
			}
		}
		for _, id := range ids {
			v, _ := t.token(id)
			v.Revoked = true
			t.addToken(v)
		}
		return nil
	})
}

func (t tokens) Open(ctx context.Context, id string, at time.Time) error {
	at, err := store.CleanOpened(at)
	if err != nil {
		return err
	}
	return t.change(ctx, func() error {
		v, ok := t.token(id)
		if !ok || !v.Opened.IsZero() || v.Student == "" {
			return nil
		}
		v.Opened = at
		t.addToken(v)
		return nil
	})
}

func (t tokens) Erase(ctx context.Context, exam, student string) error {
	return t.change(ctx, func() error {
		t.eraseTokens(exam, student)
		return nil
	})
}
