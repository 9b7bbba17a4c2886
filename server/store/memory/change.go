package memory

import "examlink/server/store"

// Table is one of the store's tables.
type Table string

// The tables.
const (
	Exams    Table = "exams"
	Roster   Table = "roster"
	Receipts Table = "receipts"
	Records  Table = "records"
	Sessions Table = "sessions"
)

// Tables lists every table.
func Tables() []Table { return []Table{Exams, Roster, Receipts, Records, Sessions} }

// Change is one change to one table; one field is set. To apply a change twice, or
// all changes again in their order, leads to the same state.
type Change struct {
	Exam    *store.Exam
	Student *store.Student
	Receipt *store.Receipt
	Record  *store.RecordHead
	Session *store.LiveSession
	Gone    *Gone
}

// Gone is what was removed.
type Gone struct {
	Exam    string // of all but a session
	Student string // the student whose entries are gone
	Session string // of Sessions only
}

// Log keeps what a store must not lose. Its methods are called one at a time.
type Log interface {
	// Append commits changes to a table. After an error they are not made.
	Append(t Table, changes []Change) error
	// Applied is called once the changes are made: the log may replace what it has
	// of the table by what all yields. When something was erased it has to.
	Applied(t Table, erased bool, all func(yield func(Change))) error
	// Close ends the use of the log.
	Close() error
}

// Apply makes a change without the log, as when a log is read; table t is the one
// that it was found in. A change that does not belong there, or is not complete, is
// refused.
func (s *Store) Apply(t Table, c Change) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := clean(t, c)
	if ok {
		s.apply(t, c)
	}
	return ok
}

// clean checks a change that was read.
func clean(t Table, c Change) (Change, bool) {
	var err error
	switch {
	case c.Gone != nil:
		if t == Sessions {
			return c, c.Gone.Session != ""
		}
		return c, t != Exams && c.Gone.Exam != "" && c.Gone.Student != ""
	case t == Exams && c.Exam != nil:
		*c.Exam, err = c.Exam.Clean()
	case t == Roster && c.Student != nil:
		*c.Student, err = c.Student.Clean()
	case t == Receipts && c.Receipt != nil:
		*c.Receipt, err = c.Receipt.Clean()
	case t == Records && c.Record != nil:
		*c.Record, err = c.Record.Clean()
	case t == Sessions && c.Session != nil:
		*c.Session, err = c.Session.Clean()
	default:
		return c, false
	}
	return c, err == nil
}

// Snapshot yields the changes that lead to the present state of a table.
func (s *Store) Snapshot(t Table, yield func(Change)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshot(t, yield)
}

func (s *Store) snapshot(t Table, yield func(Change)) {
	switch t {
	case Exams:
		s.exams.all(func(v store.Exam) { yield(Change{Exam: &v}) })
	case Roster:
		s.roster.all(func(v store.Student) { yield(Change{Student: &v}) })
	case Receipts:
		s.receipts.all(func(v store.Receipt) { yield(Change{Receipt: &v}) })
	case Records:
		s.heads.all(func(v store.RecordHead) { yield(Change{Record: &v}) })
	case Sessions:
		s.sessions.all(func(v store.LiveSession) { yield(Change{Session: &v}) })
	}
}

// apply makes a change. Called locked.
func (s *Store) apply(t Table, c Change) {
	switch {
	case c.Exam != nil:
		s.exams.put(c.Exam.ID, *c.Exam)
	case c.Student != nil:
		s.roster.put(c.Student.Exam, c.Student.ID, *c.Student)
	case c.Receipt != nil:
		s.addReceipt(*c.Receipt)
	case c.Record != nil:
		s.addHead(*c.Record)
	case c.Session != nil:
		s.sessions.put(c.Session.ID, *c.Session)
	case t == Roster:
		s.roster.remove(c.Gone.Exam, c.Gone.Student)
	case t == Receipts:
		s.eraseReceipts(c.Gone.Exam, c.Gone.Student)
	case t == Records:
		s.eraseHeads(c.Gone.Exam, c.Gone.Student)
	case t == Sessions:
		s.sessions.remove(c.Gone.Session)
	}
}
