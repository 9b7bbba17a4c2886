package board

import (
	"time"

	"examlink/probe/verdict"
	"examlink/server/event"
	"examlink/server/session"
)

// Student is one student on the roster of an exam.
type Student struct {
	ID, Group string
	// Last is when the student was last connected with a watch; zero: never.
	Last time.Time
	// Absent says that the exam has begun and the student had time to connect.
	Absent bool
}

// Roster is an exam with those who take it.
type Roster struct {
	Exam     string
	Start    time.Time
	Policy   verdict.Policy
	Students []Student
}

// key names a row.
type key struct{ exam, student string }

// rows is what events and rosters come to. It is not safe for concurrent use.
type rows struct {
	policy   verdict.Policy // of exams without a roster
	rosters  map[string]Roster
	students map[key]Student
	sessions map[string]*follower
	of       map[key]map[string]*follower // by session
	left     map[key]time.Time            // when the last watch of a student ended, of this run
	shown    map[key]Row
	erased   map[key]bool // sessions that are about to end leave nothing
}

func newRows(p verdict.Policy) *rows {
	return &rows{
		policy: p, rosters: map[string]Roster{}, students: map[key]Student{}, sessions: map[string]*follower{},
		of: map[key]map[string]*follower{}, left: map[key]time.Time{}, shown: map[key]Row{}, erased: map[key]bool{},
	}
}

func (r *rows) policyOf(exam string) verdict.Policy {
	if x, ok := r.rosters[exam]; ok {
		return x.Policy
	}
	return r.policy
}

// change is a row that has changed, or is gone.
type change struct {
	row  Row // of one that is gone, exam and student only
	gone bool
}

// apply takes the next event and returns what it changes.
func (r *rows) apply(e event.Event) []change {
	if e.Session.ID == "" {
		return nil
	}
	k := key{e.Session.Exam, e.Session.Student}
	f := r.sessions[e.Session.ID]
	switch p := e.Payload.(type) {
	case event.Ended:
		if f == nil {
			return nil
		}
		delete(r.sessions, f.ID)
		if delete(r.of[k], f.ID); len(r.of[k]) == 0 {
			delete(r.of, k)
		}
		if f.Purpose != session.PurposeCheck && !r.erased[k] {
			r.left[k] = e.At
		}
		return r.show(k)
	case event.Refused, event.Revoked:
		return nil
	case event.Admitted:
		delete(r.erased, k)
	case event.Warning:
		if f == nil && !p.Active { // of a session that is over
			return nil
		}
	case event.Reading:
		if !p.Measures {
			return nil
		}
	}
	if f == nil && r.erased[k] { // it is about to end
		return nil
	}
	if f == nil { // a snapshot may begin with any event of a session
		f = &follower{Session: e.Session, since: e.At, warnings: map[string]Warning{}, opened: e.Number}
		r.sessions[e.Session.ID] = f
		if r.of[k] == nil {
			r.of[k] = map[string]*follower{}
		}
		r.of[k][e.Session.ID] = f
	}
	f.take(e, r.policyOf(k.exam))
	return r.show(k)
}

// forget removes all of a student.
func (r *rows) forget(k key) {
	for id := range r.of[k] {
		delete(r.sessions, id)
	}
	delete(r.of, k)
	delete(r.left, k)
	delete(r.students, k)
	delete(r.shown, k)
	r.erased[k] = true
}

// show brings the row of a student up to date.
func (r *rows) show(k key) []change {
	row, ok := r.row(k)
	was, had := r.shown[k]
	switch {
	case !ok && had:
		delete(r.shown, k)
		return []change{{row: Row{Exam: k.exam, Student: k.student}, gone: true}}
	case !ok, had && row.same(was):
		return nil
	}
	r.shown[k] = row
	return []change{{row: row}}
}

// row returns the row of a student: that of the newest watch, or of the newest check, or
// of the roster alone.
func (r *rows) row(k key) (Row, bool) {
	var best *follower
	for _, f := range r.of[k] {
		if best == nil || better(f, best) {
			best = f
		}
	}
	s, listed := r.students[k]
	left, gone := r.left[k]
	roster := r.rosters[k.exam]
	var row Row
	switch {
	case best != nil:
		row = best.row(r.policyOf(k.exam))
	case gone, listed && !s.Last.IsZero() && !s.Last.Before(roster.Start):
		if left.IsZero() {
			left = s.Last
		}
		row = Row{State: Ended, Since: left, Warnings: []Warning{}, Rank: rank(classEnded, 0, left)}
	case listed && s.Absent:
		row = Row{State: NeverConnected, Since: roster.Start, Warnings: []Warning{}, Rank: rank(classAbsent, 0, roster.Start)}
	case listed:
		row = Row{State: NeverConnected, Warnings: []Warning{}, Rank: rank(classAwaited, 0, time.Time{})}
	default:
		return Row{}, false
	}
	row.Exam, row.Student, row.Group = k.exam, k.student, s.Group
	return row, true
}

// better reports whether a session is the one to show: a watch before a check, the newest
// first.
func better(a, b *follower) bool {
	x, y := a.Purpose != session.PurposeCheck, b.Purpose != session.PurposeCheck
	if x != y {
		return x
	}
	return a.opened > b.opened
}

// setRosters takes the rosters of all exams that are shown, and returns what they change.
func (r *rows) setRosters(list []Roster) (changes []change) {
	rosters, students := map[string]Roster{}, map[key]Student{}
	of := map[string]bool{} // exams; whether they have a roster
	for _, x := range list {
		of[x.Exam] = len(x.Students) > 0
		for _, s := range x.Students {
			students[key{x.Exam, s.ID}] = s
		}
		x.Students = nil
		rosters[x.Exam] = x
	}
	affected := map[key]bool{}
	for k := range r.shown {
		affected[k] = true
	}
	for k := range students {
		affected[k] = true
	}
	for k := range r.left {
		_, listed := students[k]
		if x, ok := of[k.exam]; !ok || x && !listed { // the exam is over, or the student is not on its roster any more
			delete(r.left, k)
		}
	}
	r.rosters, r.students = rosters, students
	for k := range affected {
		changes = append(changes, r.show(k)...)
	}
	return changes
}
