// Package board is the proctors' board: one row for each student of an exam, the worst
// first, kept up to date by a server's events, with the page that shows it. Readers follow
// it by number, without a gap and without a repeat.
//
// It knows what a student's state comes to. It refuses to know who may see it, and how
// events come about.
package board

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"examlink/probe/verdict"
	"examlink/server/event"
)

// Schemas of what readers get.
const (
	Schema       = "examlink.board/1"
	ChangeSchema = "examlink.board-change/1"
	RowsSchema   = "examlink.board-rows/1"
)

// DefaultKept is how many changes a board keeps for readers that come back. With 400
// students and a reading each 40 s in both directions that is more than a minute. Chosen
// by us.
const DefaultKept = 4096

// ErrGone says that the changes after a number are not kept any more, or that the number
// is of another run: begin again with a snapshot.
var ErrGone = errors.New("board: the changes since then are not kept")

// Mark is a place among the changes of a board: that after the change with the number.
// Numbers count from 1 in each run of a server.
type Mark struct {
	Run    string
	Number uint64
}

// String is the mark as the identifier of a server-sent event.
func (m Mark) String() string { return m.Run + "-" + strconv.FormatUint(m.Number, 10) }

// ParseMark reads a mark. The error is ErrGone.
func ParseMark(s string) (Mark, error) {
	i := strings.LastIndexByte(s, '-') // a run's name may have hyphens
	n, err := strconv.ParseUint(s[i+1:], 10, 64)
	if i < 0 || err != nil {
		return Mark{}, ErrGone
	}
	return Mark{s[:i], n}, nil
}

// Message is a change as readers get it.
type Message struct {
	Mark Mark
	Body []byte // JSON of a Change; read-only
	exam string // empty: of every exam
}

// Board is the board of a server. It is safe for concurrent use.
type Board struct {
	now  func() time.Time
	kept int

	mu        sync.Mutex
	run       string
	rows      *rows
	incidents map[string]event.Event
	log       []Message // the latest, in order
	number    uint64    // of the latest
	news      chan struct{}
	closed    bool
}

// New makes a board. run names the run of the server; p is the policy of exams without a
// roster.
func New(run string, p verdict.Policy, now func() time.Time, kept int) *Board {
	if kept <= 0 {
		kept = DefaultKept
	}
	return &Board{now: now, kept: kept, run: run, rows: newRows(p), incidents: map[string]event.Event{}, news: make(chan struct{})}
}

// Apply takes the next event of the server.
func (b *Board) Apply(e event.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p, ok := e.Payload.(event.Incident); ok {
		b.incident(p, e)
		return
	}
	b.publish(b.rows.apply(e))
}

// SetRosters takes the rosters of all exams that are shown. Those of other exams are
// forgotten.
func (b *Board) SetRosters(p verdict.Policy, list []Roster) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows.policy = p
	b.publish(b.rows.setRosters(list))
}

// Restart forgets everything: the reader of events has missed some, and begins with a
// snapshot. Readers begin again, too.
func (b *Board) Restart(run string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.run, b.number, b.log = run, 0, nil
	rosters, students := b.rows.rosters, b.rows.students
	b.rows = newRows(b.rows.policy)
	b.rows.rosters, b.rows.students = rosters, students
	for k := range students {
		b.rows.show(k)
	}
	b.incidents = map[string]event.Event{}
	b.wake()
}

// Forget forgets a student who was erased, also in the changes that are kept: readers begin
// again. run names what begins.
func (b *Board) Forget(run, exam, student string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows.forget(key{exam, student})
	b.run, b.number, b.log = run, 0, nil
	b.wake()
}

// incident takes a change of an incident. Called locked.
func (b *Board) incident(p event.Incident, e event.Event) {
	c := Change{Over: p.ID}
	if p.Active {
		b.incidents[p.ID] = e
		c = Change{Incident: stateOf(p)}
	} else {
		delete(b.incidents, p.ID)
	}
	for _, exam := range p.Exams {
		b.append(exam, c)
	}
	if len(p.Exams) == 0 {
		b.append("", c)
	}
	b.wake()
}

func stateOf(p event.Incident) *IncidentState {
	return &IncidentState{p.ID, p.Affected, p.Since.UTC(), p.Sentence}
}

// publish makes messages of changes. Called locked.
func (b *Board) publish(changes []change) {
	for _, c := range changes {
		if c.gone {
			b.append(c.row.Exam, Change{Gone: c.row.Student})
		} else {
			b.append(c.row.Exam, Change{Row: &c.row})
		}
	}
	if len(changes) > 0 {
		b.wake()
	}
}

// append adds a message. Called locked.
func (b *Board) append(exam string, c Change) {
	c.Schema, c.At = ChangeSchema, b.now().UTC()
	body, err := json.Marshal(c)
	if err != nil { // never: rates are finite
		return
	}
	b.number++
	if len(b.log) >= 2*b.kept { // moved seldom
		b.log = append(b.log[:0], b.log[len(b.log)-b.kept:]...)
	}
	b.log = append(b.log, Message{Mark{b.run, b.number}, body, exam})
}

// wake wakes the readers. Called locked.
func (b *Board) wake() {
	close(b.news)
	b.news = make(chan struct{})
}

// Close ends the reading of changes: After returns ErrGone.
func (b *Board) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.wake()
}

// Place returns the place after the latest change.
func (b *Board) Place() Mark {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Mark{b.run, b.number}
}

// After returns the changes of an exam after a mark, the mark after them, and a channel
// that is closed when there are more. The error is ErrGone.
func (b *Board) After(exam string, m Mark) (list []Message, next Mark, news <-chan struct{}, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.log[max(len(b.log)-b.kept, 0):]
	if b.closed || m.Run != b.run || m.Number > b.number || m.Number < b.number-uint64(len(kept)) {
		return nil, m, nil, ErrGone
	}
	for _, x := range kept[len(kept)-int(b.number-m.Number):] {
		if x.exam == exam || x.exam == "" {
			list = append(list, x)
		}
	}
	return list, Mark{b.run, b.number}, b.news, nil
}
