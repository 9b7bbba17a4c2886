package alert

import "time"

// Presence says whether a student on a roster has connected for the exam.
type Presence string

// The presences.
const (
	Connected Presence = "connected"
	// Awaited is a student who has not connected, and may have no time for it yet.
	Awaited Presence = "awaited"
	// Absent is a student who has not connected, although there was time for it.
	Absent Presence = "never-connected"
)

// Attendance is who has connected for an exam that is not over. Correlators keep it:
// its map must not change.
type Attendance struct {
	Exam     string
	Start    time.Time
	Students map[string]Presence // those on the roster
}

// Absentee is a student on the roster of an exam in progress who has not connected.
type Absentee struct {
	Exam, Student string
	Since         time.Time // when the exam began
}

// AbsentCounts are the students of an exam who have not connected.
type AbsentCounts struct {
	Students int `json:"students"` // now
	Most     int `json:"most"`     // at any time since the notice was raised
	Roster   int `json:"roster"`   // students on the roster
}

// Why a warning of an absent student is over, unless the student has connected.
const (
	endExamOver  = "exam-over"
	endExamLater = "exam-later"
	endOffRoster = "off-roster"
)

// Attend takes the attendance of all exams that are not over. Warnings of other exams
// are cleared.
func (c *Correlator) Attend(at time.Time, exams []Attendance) {
	c.Run(at)
	current := map[string]bool{}
	for _, x := range exams {
		current[x.Exam] = true
		a := c.absentees[x.Exam]
		if a == nil {
			a = newAbsentees(x.Exam, x.Start)
			c.absentees[x.Exam] = a
		}
		c.attend(a, x, at)
		c.notifyAbsent(a, at)
	}
	for exam, a := range c.absentees {
		if !current[exam] {
			c.nobodyAbsent(a, at, endExamOver)
		}
		if a.idle() {
			delete(c.absentees, exam)
		}
	}
}

// attend takes the attendance of one exam.
func (c *Correlator) attend(a *absentees, x Attendance, at time.Time) {
	if x.Start.After(at) {
		c.nobodyAbsent(a, at, endExamLater)
		a.since = x.Start
		return
	}
	a.roster = len(x.Students)
	if a.idle() {
		a.since = x.Start
	}
	for _, student := range sortedKeys(a.absent) {
		switch p, ok := x.Students[student]; {
		case !ok:
			c.leaves(a, student, at, endOffRoster)
		case p == Connected:
			c.leaves(a, student, at, "")
		}
	}
	for student, p := range x.Students {
		// A notice for all of them outlives a restart, but not the time that each had.
		if p == Absent || p == Awaited && a.crowd != "" {
			a.absent[student] = true
		}
	}
}

// Connect takes that a student has connected.
func (c *Correlator) Connect(exam, student string, at time.Time) {
	c.Run(at)
	if a := c.absentees[exam]; a != nil && a.absent[student] {
		c.leaves(a, student, at, "")
		c.notifyAbsent(a, at)
	}
}
