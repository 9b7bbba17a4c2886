package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"examlink/server/store"
)

type audit struct{ *Store }

// Audit implements store.Store.
func (s *Store) Audit() store.Audit { return audit{s} }

const (
	selectAudit = `SELECT a.number, a.at, a.role, a.identity, a.action, a.exam, a.digest, a.subject, a.result, a.reason, a.detail, a.hash,
		coalesce(s.student, ''), coalesce(s.salt, '') FROM audit a LEFT JOIN audit_students s ON s.digest = a.digest `
	auditColumns = 12
)

// hash reads a hash; empty digits are none.
func hash(digits string) (h store.Hash, err error) {
	if digits != "" {
		err = h.UnmarshalText([]byte(digits))
	}
	return h, err
}

// digits writes a hash; none are empty.
func digits(h store.Hash) string {
	if h.IsZero() {
		return ""
	}
	return h.String()
}

func scanAudit(r row) (e store.AuditEntry, err error) {
	var number, at int64
	var digest, own, salt string
	if err := r.Scan(&number, &at, &e.Role, &e.Identity, &e.Action, &e.Exam, &digest, &e.Subject, &e.Result, &e.Reason, &e.Detail, &own, &e.Student, &salt); err != nil {
		return e, err
	}
	e.Number, e.At = uint64(number), instant(at) //nolint:gosec // from 1
	for _, h := range []struct {
		to   *store.Hash
		from string
	}{{&e.Mark.Digest, digest}, {&e.Mark.Salt, salt}, {&e.Hash, own}} {
		if *h.to, err = hash(h.from); err != nil {
			return e, fmt.Errorf("audit entry %d: hash: %w", e.Number, err)
		}
	}
	return e, nil
}

// Append implements store.Audit.
func (t audit) Append(ctx context.Context, entries ...store.AuditEntry) error {
	clean, err := cleanAudit(entries)
	if err != nil || len(clean) == 0 {
		return errors.Join(err, t.enter(ctx))
	}
	ctx, _ = store.Audited(ctx) // nothing but these
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error { return appendAudit(ctx, tx, clean) })
}

func cleanAudit(entries []store.AuditEntry) (clean []store.AuditEntry, err error) {
	for _, e := range entries {
		if e, err = e.Clean(); err != nil {
			return nil, err
		}
		clean = append(clean, e)
	}
	return clean, nil
}

// List implements store.Audit.
func (t audit) List(ctx context.Context, f store.AuditFilter, p store.AuditPage) ([]store.AuditEntry, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	since := int64(0)
	if !f.Since.IsZero() {
		since = max(micros(f.Since), 0)
		if f.Since.After(instant(since)) { // times are cut off
			since++
		}
	}
	args := []any{int64(min(p.After, 1<<62)), since} //nolint:gosec // bounded
	where := "WHERE a.number > $1 AND a.at >= $2"
	condition := func(sql string, values ...any) {
		from := make([]any, len(values))
		for i := range values {
			from[i] = len(args) + i + 1
		}
		where += fmt.Sprintf(" AND "+sql, from...)
		args = append(args, values...)
	}
	if f.Exam != "" {
		condition("a.exam = $%d", f.Exam)
	}
	if f.Student != "" {
		condition("s.exam = $%d AND s.student = $%d", f.Exam, f.Student)
	}
	if f.Who != "" {
		condition("(a.role = $%d OR a.identity = $%d OR a.identity = $%d)", f.Who, f.Who, store.ByAccount+f.Who)
	}
	if !storable(args) {
		return nil, nil
	}
	args = append(args, p.Size())
	out, err := list(ctx, t.read, scanAudit, selectAudit+where+fmt.Sprintf(" ORDER BY a.number LIMIT $%d", len(args)), args...)
	return out, t.failed(ctx, err)
}

const auditEnds = "head_number, head_at, head_hash, base_number, base_at, base_hash"

func scanEnds(r row) (e store.AuditEnds, err error) {
	var numbers, times [2]int64
	var hashes [2]string
	if err := r.Scan(&numbers[0], &times[0], &hashes[0], &numbers[1], &times[1], &hashes[1]); err != nil {
		return e, err
	}
	for i, to := range []*store.AuditEnd{&e.Head, &e.Base} {
		if to.Hash, err = hash(hashes[i]); err != nil {
			return e, fmt.Errorf("audit: hash: %w", err)
		}
		if to.Number = uint64(numbers[i]); to.Number > 0 { //nolint:gosec // from 0
			to.At = instant(times[i])
		}
	}
	return e, nil
}

// Ends implements store.Audit.
func (t audit) Ends(ctx context.Context) (store.AuditEnds, error) {
	return get(ctx, t.Store, "ends of the audit log", scanEnds, "SELECT "+auditEnds+" FROM audit_ends WHERE one = $1", 1)
}

// lockAudit keeps others from the log until the transaction ends, also in other
// processes, and returns its ends.
func lockAudit(ctx context.Context, tx *sql.Tx) (store.AuditEnds, error) {
	return first(ctx, tx, "ends of the audit log", scanEnds, "UPDATE audit_ends SET one = one WHERE one = $1 RETURNING "+auditEnds, 1)
}

// appendAudit appends entries that were checked. It locks the log, so it comes before
// every other change of its transaction: two transactions cannot wait for each other.
func appendAudit(ctx context.Context, tx *sql.Tx, entries []store.AuditEntry) error {
	ends, err := lockAudit(ctx, tx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(entries, 50) {
		var args []any
		for _, e := range some {
			if e.Student != "" {
				if e.Mark, err = markStudent(ctx, tx, e.Exam, e.Student); err != nil {
					return err
				}
			}
			e = e.Chain(ends.Head)
			ends.Head = e.End()
			args = append(args, int64(e.Number), micros(e.At), e.Role, e.Identity, string(e.Action), e.Exam, digits(e.Mark.Digest), //nolint:gosec // one more than the one before
				e.Subject, string(e.Result), e.Reason, e.Detail, digits(e.Hash))
		}
		if _, err := execute(ctx, tx, "INSERT INTO audit (number, at, role, identity, action, exam, digest, subject, result, reason, detail, hash) VALUES "+
			places(len(some), auditColumns), args...); err != nil {
			return err
		}
	}
	_, err = execute(ctx, tx, "UPDATE audit_ends SET head_number = $1, head_at = $2, head_hash = $3 WHERE one = $4",
		int64(ends.Head.Number), micros(ends.Head.At), digits(ends.Head.Hash), 1) //nolint:gosec // as above
	return err
}

// markStudent returns the mark of a student, made if there is none.
func markStudent(ctx context.Context, tx *sql.Tx, exam, student string) (m store.StudentMark, err error) {
	m, err = first(ctx, tx, "mark", func(r row) (m store.StudentMark, err error) {
		var digest, salt string
		if err = r.Scan(&digest, &salt); err == nil {
			m.Digest, err = hash(digest)
		}
		if err == nil {
			m.Salt, err = hash(salt)
		}
		return m, err
	}, "SELECT digest, salt FROM audit_students WHERE exam = $1 AND student = $2", exam, student)
	if !errors.Is(err, store.ErrNotFound) {
		return m, err
	}
	m = store.NewStudentMark(exam, student)
	_, err = execute(ctx, tx, "INSERT INTO audit_students (exam, student, digest, salt) VALUES ($1, $2, $3, $4)", exam, student, digits(m.Digest), digits(m.Salt))
	return m, err
}

// expireAudit removes the oldest entries, up to the first that is not before a time,
// and some at once. What it removed last is where the chain begins.
func expireAudit(ctx context.Context, tx *sql.Tx, before time.Time) (n int64, err error) {
	ends, err := lockAudit(ctx, tx)
	if err != nil {
		return 0, err
	}
	number := func(r row) (n int64, err error) { err = r.Scan(&n); return n, err }
	next, err := first(ctx, tx, "audit", number, "SELECT coalesce(min(number), $1) FROM audit WHERE at >= $2", int64(ends.Head.Number+1), micros(before)) //nolint:gosec // from 0
	if err != nil {
		return 0, err
	}
	last := min(next-1, int64(ends.Base.Number)+expireAtOnce) //nolint:gosec // from 0
	base, err := first(ctx, tx, "audit entry", scanAudit, selectAudit+"WHERE a.number <= $1 ORDER BY a.number DESC LIMIT 1", last)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if n, err = execute(ctx, tx, "DELETE FROM audit WHERE number <= $1", last); err != nil {
		return 0, err
	}
	if _, err = execute(ctx, tx, "UPDATE audit_ends SET base_number = $1, base_at = $2, base_hash = $3 WHERE one = $4",
		int64(base.Number), micros(base.At), digits(base.Hash), 1); err != nil { //nolint:gosec // from 1
		return 0, err
	}
	_, err = execute(ctx, tx, "DELETE FROM audit_students WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.digest = audit_students.digest)")
	return n, err
}

// eraseFromAudit removes a student's pseudonym and salt from the audit log. The entries
// stay, and count.
func eraseFromAudit(ctx context.Context, tx *sql.Tx, exam, student string) (n int64, err error) {
	n, err = first(ctx, tx, "audit", func(r row) (n int64, err error) { err = r.Scan(&n); return n, err },
		"SELECT count(*) FROM audit a JOIN audit_students s ON s.digest = a.digest WHERE s.exam = $1 AND s.student = $2", exam, student)
	if err != nil {
		return 0, err
	}
	_, err = execute(ctx, tx, "DELETE FROM audit_students WHERE exam = $1 AND student = $2", exam, student)
	return n, err
}
