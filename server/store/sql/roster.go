package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"examlink/server/store"
)

type roster struct{ *Store }

const selectStudent = "SELECT exam, student, contact, team, site FROM roster "

func scanStudent(r row) (s store.Student, err error) {
	err = r.Scan(&s.Exam, &s.ID, (*string)(&s.Contact), &s.Group, &s.Site)
	return s, err
}

func (t roster) Put(ctx context.Context, exam string, students []store.Student) error {
	clean := make([]store.Student, 0, len(students))
	place := map[string]int{}
	for _, s := range students {
		s.Exam = exam
		s, err := s.Clean()
		if err != nil {
			return err
		}
		if i, ok := place[s.ID]; ok {
			clean[i] = s // a statement can put a row once
			continue
		}
		place[s.ID] = len(clean)
		clean = append(clean, s)
	}
	if !storable([]any{exam}) {
		return fmt.Errorf("exam %s: %w", exam, store.ErrNotFound)
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := lockExam(ctx, tx, exam); err != nil {
			return err
		}
		for some := range slices.Chunk(clean, t.dialect.rows) {
			var args []any
			for _, s := range some {
				args = append(args, s.Exam, s.ID, string(s.Contact), s.Group, s.Site)
			}
			_, err := execute(ctx, tx, "INSERT INTO roster (exam, student, contact, team, site) VALUES "+places(len(some), 5)+
				" ON CONFLICT (exam, student) DO UPDATE SET contact = excluded.contact, team = excluded.team, site = excluded.site", args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (t roster) Get(ctx context.Context, exam, student string) (store.Student, error) {
	return get(ctx, t.Store, fmt.Sprintf("student %s of exam %s", student, exam), scanStudent, selectStudent+"WHERE exam = $1 AND student = $2", exam, student)
}

func (t roster) List(ctx context.Context, exam string, p store.Page) ([]store.Student, error) {
	return page(ctx, t.Store, p, scanStudent, selectStudent+"WHERE exam = $1 AND student > $2 ORDER BY student LIMIT $3", exam)
}

func (t roster) Remove(ctx context.Context, exam string, students ...string) error {
	ids := slices.Compact(slices.Sorted(slices.Values(students)))
	ids = slices.DeleteFunc(ids, func(id string) bool { return !storable([]any{exam, id}) })
	if len(ids) == 0 {
		return t.enter(ctx)
	}
	err := t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// Else this and Put could each have rows that the other waits for.
		if err := lockExam(ctx, tx, exam); err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
			return err
		}
		for some := range slices.Chunk(ids, t.dialect.rows) {
			args := []any{exam}
			var in []string
			for _, id := range some {
				args = append(args, id)
				in = append(in, fmt.Sprintf("$%d", len(args)))
			}
			if _, err := execute(ctx, tx, "DELETE FROM roster WHERE exam = $1 AND student IN ("+strings.Join(in, ", ")+")", args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.forget(ctx)
}
