package memory

import (
	"context"
	"slices"
	"sort"

	"examlink/server/store"
)

// auditLog is the audit log. Its methods are called with the store locked.
type auditLog struct {
	entries  []store.AuditEntry // by number, without Student and Salt
	ends     store.AuditEnds
	students map[[2]string]store.StudentMark // by exam and pseudonym
	names    map[store.Hash]string           // pseudonyms by digest
}

// append adds entries that were checked.
func (l *auditLog) append(entries []store.AuditEntry) {
	for _, e := range entries {
		if e.Student != "" {
			e.Mark = store.StudentMark{Digest: l.mark(e.Exam, e.Student).Digest}
		}
		e.Student = ""
		e = e.Chain(l.ends.Head)
		l.ends.Head = e.End()
		l.entries = append(l.entries, e)
	}
}

// mark returns the mark of a student, made if there is none.
func (l *auditLog) mark(exam, student string) store.StudentMark {
	of := [2]string{exam, student}
	m, ok := l.students[of]
	if !ok {
		m = store.NewStudentMark(exam, student)
		if l.students == nil {
			l.students, l.names = map[[2]string]store.StudentMark{}, map[store.Hash]string{}
		}
		l.students[of], l.names[m.Digest] = m, student
	}
	return m
}

// erase removes the pseudonym and the salt of a student, and says how many entries are
// about the student.
func (l *auditLog) erase(exam, student string) (n int64) {
	of := [2]string{exam, student}
	m, ok := l.students[of]
	if !ok {
		return 0
	}
	for _, e := range l.entries {
		if e.Mark.Digest == m.Digest {
			n++
		}
	}
	delete(l.students, of)
	delete(l.names, m.Digest)
	return n
}

// expire removes the oldest entries, up to the first that is not over.
func (l *auditLog) expire(over func(store.AuditEntry) bool) int64 {
	n := 0
	for n < len(l.entries) && over(l.entries[n]) {
		l.ends.Base = l.entries[n].End()
		n++
	}
	l.entries = slices.Delete(l.entries, 0, n)
	left := map[store.Hash]bool{}
	for _, e := range l.entries {
		left[e.Mark.Digest] = true
	}
	for of, m := range l.students {
		if !left[m.Digest] {
			delete(l.students, of)
			delete(l.names, m.Digest)
		}
	}
	return int64(n)
}

type audit struct{ *Store }

func cleanAudit(entries []store.AuditEntry) (clean []store.AuditEntry, err error) {
	for _, e := range entries {
		if e, err = e.Clean(); err != nil {
			return nil, err
		}
		clean = append(clean, e)
	}
	return clean, nil
}

func (t audit) Append(ctx context.Context, entries ...store.AuditEntry) error {
	clean, err := cleanAudit(entries)
	if err != nil {
		return err
	}
	if err := t.enter(ctx); err != nil {
		return err
	}
	defer t.mu.Unlock()
	t.audit.append(clean)
	return nil
}

func (t audit) List(ctx context.Context, f store.AuditFilter, p store.AuditPage) (out []store.AuditEntry, err error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	l := &t.audit
	from := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].Number > p.After })
	for _, e := range l.entries[from:] {
		if len(out) == p.Size() {
			break
		}
		if !e.Mark.IsZero() {
			if name, ok := l.names[e.Mark.Digest]; ok {
				e.Student, e.Mark = name, l.students[[2]string{e.Exam, name}]
			}
		}
		if f.Matches(e) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (t audit) Ends(ctx context.Context) (store.AuditEnds, error) {
	if err := t.enter(ctx); err != nil {
		return store.AuditEnds{}, err
	}
	defer t.mu.Unlock()
	return t.audit.ends, nil
}
