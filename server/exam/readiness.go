package exam

import (
	"cmp"
	"slices"
	"time"

	"examlink/probe/verdict"
	"examlink/server/store"
)

// TestAhead is how long before an exam a check is asked for: 72 hours of 3,600
// seconds, however long the days between are.
const TestAhead = 72 * time.Hour

// State says how ready a student is.
type State string

// The states, worst first.
const (
	NotReady     State = "not ready"
	NotTested    State = "not tested"
	CouldNotTell State = "could not tell"
	Late         State = "late"
	Marginal     State = "marginal"
	Ready        State = "ready"
)

// States lists the states, worst first.
func States() []State { return []State{NotReady, NotTested, CouldNotTell, Late, Marginal, Ready} }

// Passes reports whether nothing is left to do for the student.
func (s State) Passes() bool { return s == Marginal || s == Ready }

// Readiness is how ready one student is, with the receipts that say so.
type Readiness struct {
	store.Student
	State  State
	Opened bool           // a session was opened with one of the student's join tokens
	Best   *store.Receipt // nil: none
	Last   *store.Receipt
}

// Evidence is what the readiness of an exam's students follows from.
type Evidence struct {
	Roster []store.Student
	// All are the standings by all receipts, InTime by those before Deadline.
	All, InTime []store.Standing
	Opened      map[string]bool // by student
}

// Deadline is the time before which a check is in time for an exam.
func Deadline(e store.Exam) time.Time { return e.Start.Add(-TestAhead) }

// Judge returns how ready each student of the roster is, worst first.
//
// A student's latest check that could tell decides, since links change. If it
// passed, the student must also have passed a check in time; otherwise the student
// is late.
func Judge(e Evidence) []Readiness {
	all, inTime := byStudent(e.All), byStudent(e.InTime)
	list := make([]Readiness, 0, len(e.Roster))
	for _, s := range e.Roster {
		r := Readiness{Student: s, State: NotTested, Opened: e.Opened[s.ID]}
		if of, ok := all[s.ID]; ok {
			early, tested := inTime[s.ID]
			r.State, r.Opened = stateOf(of, tested && passed(early.Best.Outcome)), true
			r.Best, r.Last = &of.Best, &of.Last
		}
		list = append(list, r)
	}
	order := map[State]int{}
	for i, s := range States() {
		order[s] = i
	}
	slices.SortStableFunc(list, func(a, b Readiness) int {
		return cmp.Or(cmp.Compare(order[a.State], order[b.State]), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func byStudent(list []store.Standing) map[string]store.Standing {
	m := make(map[string]store.Standing, len(list))
	for _, s := range list {
		m[s.Student] = s
	}
	return m
}

func passed(o verdict.Outcome) bool { return o == verdict.Ready || o == verdict.Marginal }

// stateOf is the state of a student with receipts.
func stateOf(s store.Standing, passedInTime bool) State {
	decisive := s.Last
	if decisive.Outcome == verdict.Inconclusive {
		decisive = s.Best
	}
	switch {
	case decisive.Outcome == verdict.NotReady:
		return NotReady
	case decisive.Outcome == verdict.Inconclusive:
		return CouldNotTell
	case !passedInTime:
		return Late
	case decisive.Outcome == verdict.Marginal:
		return Marginal
	}
	return Ready
}

// Count counts students by state.
func Count(list []Readiness) map[State]int {
	n := map[State]int{}
	for _, s := range States() {
		n[s] = 0
	}
	for _, r := range list {
		n[r.State]++
	}
	return n
}
