package alert

import (
	"maps"
	"slices"
	"time"
)

// Chosen by us.
const (
	// absentAlone is how many absent students of an exam have notices of their own.
	// More of them have one notice together: a whole room may be late.
	absentAlone = 3
	// absentUpdate is the least time between two notices of that number.
	absentUpdate = time.Minute
)

// absentees are the absent students of one exam. There is a warning of each while they
// are few, and otherwise one of all of them.
type absentees struct {
	exam   string
	since  time.Time // when the exam began
	roster int
	absent map[string]bool   // by student
	alone  map[string]string // the warnings of single students

	crowd      string // the warning of all of them; "": none
	most       int    // since it was raised
	notifiedAt time.Time
	notified   int       // how many its latest notice named
	update     time.Time // when its next notice is due; zero: none is
}

func newAbsentees(exam string, since time.Time) *absentees {
	return &absentees{exam: exam, since: since, absent: map[string]bool{}, alone: map[string]string{}}
}

// idle says whether there is nothing to remember.
func (a *absentees) idle() bool { return a.crowd == "" && len(a.absent) == 0 }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// leaves takes a student who is no longer absent. Why is empty if the student has
// connected.
func (c *Correlator) leaves(a *absentees, student string, at time.Time, why string) {
	delete(a.absent, student)
	if warning := a.alone[student]; warning != "" {
		delete(a.alone, student)
		n := a.notice(warning, at, Cleared, why)
		n.Student = student
		c.send(n)
	}
}

// nobodyAbsent clears all warnings of an exam.
func (c *Correlator) nobodyAbsent(a *absentees, at time.Time, why string) {
	left := len(a.absent)
	for _, student := range sortedKeys(a.absent) {
		c.leaves(a, student, at, why)
	}
	if a.crowd != "" {
		c.clearCrowd(a, at, left, why)
	}
}

// notifyAbsent sends the notices that a change of the absent students calls for.
func (c *Correlator) notifyAbsent(a *absentees, at time.Time) {
	few := len(a.absent) <= absentAlone
	switch {
	case a.crowd == "" && !few:
		a.crowd, a.most = newID("warning"), 0
		c.notifyCrowd(a, at, false)
	case a.crowd != "" && !few:
		a.scheduleUpdate(at)
	default:
		for _, student := range sortedKeys(a.absent) {
			if a.alone[student] == "" {
				a.alone[student] = newID("warning")
				n := a.notice(a.alone[student], at, Raised, "")
				n.Student = student
				c.send(n)
			}
		}
		if a.crowd != "" { // after the single ones: Alertmanager has one alert of all
			c.clearCrowd(a, at, len(a.absent), "")
		}
	}
}

// scheduleUpdate decides when the next notice of all absent students is due: once their
// number has changed by a part, but not too often.
func (a *absentees) scheduleUpdate(at time.Time) {
	a.most = max(a.most, len(a.absent))
	switch {
	case !a.outdated():
		a.update = time.Time{}
	case a.update.IsZero():
		if a.update = a.notifiedAt.Add(absentUpdate); a.update.Before(at) {
			a.update = at
		}
	}
}

// outdated says whether the latest notice is no longer right.
func (a *absentees) outdated() bool {
	change := max(len(a.absent)-a.notified, a.notified-len(a.absent))
	return change > 0 && float64(change) >= incidentNews*float64(a.notified)
}

// updateAbsent sends the updates that are due.
func (c *Correlator) updateAbsent(now time.Time) {
	for _, exam := range sortedKeys(c.absentees) {
		if a := c.absentees[exam]; !a.update.IsZero() && !a.update.After(now) {
			c.notifyCrowd(a, a.update, true)
		}
	}
}

func (c *Correlator) notifyCrowd(a *absentees, at time.Time, update bool) {
	a.most = max(a.most, len(a.absent))
	a.notifiedAt, a.notified, a.update = at, len(a.absent), time.Time{}
	n := a.notice(a.crowd, at, Raised, "")
	n.Update, n.Absent = update, &AbsentCounts{len(a.absent), a.most, a.roster}
	c.send(n)
}

// clearCrowd clears the warning of all absent students, of whom some may be left.
func (c *Correlator) clearCrowd(a *absentees, at time.Time, left int, why string) {
	n := a.notice(a.crowd, at, Cleared, why)
	n.Absent = &AbsentCounts{left, max(a.most, left), a.roster}
	a.crowd, a.most, a.update = "", 0, time.Time{}
	c.send(n)
}

// notice begins a notice about absent students.
func (a *absentees) notice(warning string, at time.Time, st State, why string) Notice {
	n := Notice{Warning: warning, Kind: NeverConnected, State: st, Exam: a.exam, Since: a.since, At: at, End: why}
	if st == Cleared {
		n.Kind, n.Was, n.Duration = Recovered, NeverConnected, at.Sub(a.since).Seconds()
	}
	return n
}

// restoreAbsent takes up a warning of an earlier run.
func (c *Correlator) restoreAbsent(n Notice) {
	a := c.absentees[n.Exam]
	if a == nil {
		a = newAbsentees(n.Exam, n.Since)
		c.absentees[n.Exam] = a
	}
	if n.Absent == nil {
		a.absent[n.Student], a.alone[n.Student] = true, n.Warning
		return
	}
	a.crowd, a.most, a.roster = n.Warning, n.Absent.Most, n.Absent.Roster
	a.notifiedAt, a.notified = n.At, n.Absent.Students
}
