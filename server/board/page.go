package board

import (
	"slices"
	"strings"
	"time"

	"examlink/probe/verdict"
	"examlink/server/event"
	"examlink/server/session"
)

// Page is the whole board of one exam.
type Page struct {
	Schema string `json:"schema"`
	Exam   string `json:"exam"`
	// Mark is the place of the page among the changes: the first change to read is that
	// after it.
	Mark    string          `json:"mark"`
	At      time.Time       `json:"at"`
	Minimum Bounds          `json:"minimum"`
	Better  Bounds          `json:"recommended"`
	Rows    []Row           `json:"rows"` // the worst first
	Notices []IncidentState `json:"incidents"`
}

// Bounds are those of an exam's policy; 0: none.
type Bounds struct {
	Download float64 `json:"download_bits_per_second"`
	Upload   float64 `json:"upload_bits_per_second"`
}

// IncidentState is an incident that is active: many sessions in the same trouble at once.
type IncidentState struct {
	ID       string    `json:"id"`
	Affected int       `json:"affected"`
	Since    time.Time `json:"since"`
	Sentence string    `json:"sentence"`
}

// Change is one change of a board.
type Change struct {
	Schema string    `json:"schema"`
	At     time.Time `json:"at"`            // when it was noticed, by the server's clock
	Row    *Row      `json:"row,omitempty"` // a row that is new or has changed
	// Gone is a student who is on the board no more.
	Gone string `json:"gone,omitempty"`
	// Incident is one that is active or has changed; Over is the identifier of one that is
	// over.
	Incident *IncidentState `json:"incident,omitempty"`
	Over     string         `json:"over,omitempty"`
}

// Page returns the board of an exam.
func (b *Board) Page(exam string) Page {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.rows.policyOf(exam)
	page := Page{
		Schema: Schema, Exam: exam, Mark: Mark{b.run, b.number}.String(), At: b.now().UTC(),
		Minimum: boundsOf(p.Minimum), Better: boundsOf(p.Recommended),
	}
	page.Rows, page.Notices = b.seen(func(e string) bool { return e == exam })
	return page
}

// seen returns the rows of the exams for which a function is true, the worst first, and the
// incidents that belong to them. Called locked.
func (b *Board) seen(may func(exam string) bool) (rows []Row, incidents []IncidentState) {
	rows, incidents = []Row{}, []IncidentState{}
	for k, row := range b.rows.shown {
		if may(k.exam) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, Compare)
	for _, e := range b.incidents {
		if x := e.Payload.(event.Incident); len(x.Exams) == 0 || slices.ContainsFunc(x.Exams, may) {
			incidents = append(incidents, *stateOf(x))
		}
	}
	slices.SortFunc(incidents, func(x, y IncidentState) int { return strings.Compare(x.ID, y.ID) })
	return rows, incidents
}

func boundsOf(b verdict.Bounds) Bounds { return Bounds{float64(b.Download), float64(b.Upload)} }

// Rows are the rows of several exams together.
type Rows struct {
	Schema    string          `json:"schema"`
	At        time.Time       `json:"at"`
	Rows      []Row           `json:"rows"` // the worst first
	Incidents []IncidentState `json:"incidents"`
}

// Rows returns the rows of all exams for which a function is true.
func (b *Board) Rows(may func(exam string) bool) Rows {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := Rows{Schema: RowsSchema, At: b.now().UTC()}
	all.Rows, all.Incidents = b.seen(may)
	return all
}

// Session returns the row of one session, whether the board shows that or a newer one of
// the same student; false if it has not heard of the session.
func (b *Board) Session(id string) (Row, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.rows.sessions[id]
	if f == nil {
		return Row{}, false
	}
	return f.row(b.rows.policyOf(f.Exam)), true
}

// Minimum returns the least rates of an exam's policy.
func (b *Board) Minimum(exam string) Bounds {
	b.mu.Lock()
	defer b.mu.Unlock()
	return boundsOf(b.rows.policyOf(exam).Minimum)
}

// Placed returns a row for Compare, of a session of which nothing but its state is known.
func Placed(s session.State, exam, student string) Row {
	f := follower{Session: event.Session{State: string(s), Exam: exam, Student: student}}
	return f.row(verdict.Policy{})
}
