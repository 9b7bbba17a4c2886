package sql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"examlink/probe/verdict"
	"examlink/server/store"
)

type receipts struct{ *Store }

const receiptColumns = "r.id, r.exam, r.student, r.at, r.late, r.outcome, r.body"

func scanReceipt(r row) (v store.Receipt, err error) {
	err = scanReceiptAnd(r, &v)
	return v, err
}

func scanReceiptAnd(r row, v *store.Receipt, more ...any) error {
	var at int64
	err := r.Scan(append([]any{&v.ID, &v.Exam, &v.Student, &at, &v.Late, (*string)(&v.Outcome), &v.Body}, more...)...)
	v.At = instant(at)
	return err
}

func (t receipts) Append(ctx context.Context, r store.Receipt) error {
	r, err := r.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := execute(ctx, tx, `INSERT INTO receipts (id, exam, student, at, late, outcome, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
			r.ID, r.Exam, r.Student, micros(r.At), r.Late, string(r.Outcome), blob(r.Body))
		if err != nil || n > 0 {
			return err
		}
		old, err := first(ctx, tx, "receipt "+r.ID, scanReceipt, "SELECT "+receiptColumns+" FROM receipts r WHERE r.id = $1", r.ID)
		if err == nil && !old.Same(r) {
			err = fmt.Errorf("receipt %s: %w", r.ID, store.ErrExists)
		}
		return err
	})
}

func (t receipts) Get(ctx context.Context, id string) (store.Receipt, error) {
	return get(ctx, t.Store, "receipt "+id, scanReceipt, "SELECT "+receiptColumns+" FROM receipts r WHERE r.id = $1", id)
}

func (t receipts) List(ctx context.Context, exam string, p store.Page) ([]store.Receipt, error) {
	return page(ctx, t.Store, p, scanReceipt, "SELECT "+receiptColumns+" FROM receipts r WHERE r.exam = $1 AND r.id > $2 ORDER BY r.id LIMIT $3", exam)
}

// standings selects the best and the last receipt of each student of an exam that
// a condition selects, and says which they are. Ranking reads the index alone.
func standings(condition string) string {
	var rank strings.Builder
	for i, o := range verdict.Outcomes() {
		fmt.Fprintf(&rank, " WHEN '%s' THEN %d", o, i)
	}
	return "SELECT " + receiptColumns + `, s.best = 1, s.last = 1 FROM (
		SELECT id,
			row_number() OVER (PARTITION BY student ORDER BY CASE outcome` + rank.String() + ` END, at DESC, id DESC) AS best,
			row_number() OVER (PARTITION BY student ORDER BY at DESC, id DESC) AS last
		FROM receipts WHERE exam = $1 AND student ` + condition + `
	) s JOIN receipts r ON r.id = s.id WHERE s.best = 1 OR s.last = 1 ORDER BY r.student`
}

// ranked is a receipt with its rank among those of its student.
type ranked struct {
	store.Receipt
	best, last bool
}

func scanRanked(r row) (v ranked, err error) {
	err = scanReceiptAnd(r, &v.Receipt, &v.best, &v.last)
	return v, err
}

// byStudent puts the receipts of each student together.
func byStudent(list []ranked) (out []store.Standing) {
	for i, r := range list {
		if i == 0 || r.Student != list[i-1].Student {
			out = append(out, store.Standing{Student: r.Student})
		}
		of := &out[len(out)-1]
		if r.best {
			of.Best = r.Receipt
		}
		if r.last {
			of.Last = r.Receipt
			of.Last.Body = blob(r.Body) // not that of Best
		}
	}
	return out
}

func (t receipts) Standing(ctx context.Context, exam, student string) (store.Standing, error) {
	missing := fmt.Errorf("receipts of student %s of exam %s: %w", student, exam, store.ErrNotFound)
	if err := t.enter(ctx); err != nil {
		return store.Standing{}, err
	}
	if !storable([]any{exam, student}) {
		return store.Standing{}, missing
	}
	some, err := list(ctx, t.read, scanRanked, standings("= $2"), exam, student)
	switch {
	case err != nil:
		return store.Standing{}, t.failed(ctx, err)
	case len(some) == 0:
		return store.Standing{}, missing
	}
	return byStudent(some)[0], nil
}

func (t receipts) Standings(ctx context.Context, exam string, p store.Page) ([]store.Standing, error) {
	some, err := page(ctx, t.Store, p, scanRanked,
		standings("IN (SELECT DISTINCT student FROM receipts WHERE exam = $1 AND student > $2 ORDER BY student LIMIT $3)"), exam)
	return byStudent(some), err
}

func (t receipts) StandingsBefore(ctx context.Context, exam string, before time.Time, p store.Page) ([]store.Standing, error) {
	// A number of ours has no quotes to escape, and is no parameter of the page.
	limit := fmt.Sprintf("AND at < %d", micros(store.Instant(before)))
	some, err := page(ctx, t.Store, p, scanRanked,
		standings("IN (SELECT DISTINCT student FROM receipts WHERE exam = $1 AND student > $2 "+limit+" ORDER BY student LIMIT $3) "+limit), exam)
	return byStudent(some), err
}

func (t receipts) Erase(ctx context.Context, exam, student string) error {
	return t.eraseFrom(ctx, "receipts", exam, student)
}
