package server

import (
	"time"

	"examlink/server/alert"
	"examlink/server/store"
)

// attendedRoster is an exam with its roster as the store has it; no students: the exam
// is not soon.
type attendedRoster struct {
	exam     store.Exam
	students []store.Attendance
	read     bool // it is soon
}

// rollCall is the attendance of one exam.
type rollCall struct {
	exam       string
	start, end time.Time
	students   []store.Attendance
	listed     map[string]time.Time // since when students are known to be on the roster
	read       bool                 // the roster is known
	// late is when the roster was read first, if that was only after the start because
	// the server or its store was away: who is on it then may have been absent for long.
	// Zero: it was in time, or the exam is new.
	late time.Time
	// unsure are the students of whom it is not known yet whether they are absent.
	unsure []string
	// presences are those of the students once the exam has begun. The notifier has the
	// map, too: it does not change.
	presences map[string]alert.Presence
}

// newRollCall prepares the attendance of an exam; was is the one before, nil: none. Fresh
// says that no attendance has been taken before, of any exam.
func newRollCall(r attendedRoster, was *rollCall, fresh bool, now time.Time) *rollCall {
	c := &rollCall{exam: r.exam.ID, start: r.exam.Start, end: r.exam.End, students: r.students, listed: map[string]time.Time{}, read: r.read}
	switch {
	case was != nil && was.read:
		c.late = was.late
	case r.read && now.After(c.start) && (fresh || was != nil):
		c.late = now
	}
	for _, s := range r.students {
		c.listed[s.Student] = now
		if was != nil {
			if at, ok := was.listed[s.Student]; ok {
				c.listed[s.Student] = at
			}
		}
	}
	return c
}

// call finds out who is absent now, and returns when that changes by itself; zero: it
// does not. Here says who has connected with this server; the store's word counts, too.
func (c *rollCall) call(now time.Time, patience time.Duration, here func(student string) bool) (next time.Time) {
	if now.Before(c.start) {
		if len(c.students) > 0 {
			next = c.start
		}
		return next
	}
	c.presences = make(map[string]alert.Presence, len(c.students))
	next = c.end
	for _, s := range c.students {
		due := c.start.Add(patience)
		if listed := c.listed[s.Student]; listed.After(c.start) {
			due = listed.Add(patience)
		}
		switch {
		case !s.Last.Before(c.start) || here(s.Student):
			c.presences[s.Student] = alert.Connected
		case !now.Before(due):
			c.presences[s.Student] = alert.Absent
		default:
			c.presences[s.Student] = alert.Awaited
			if known := c.start.Add(patience); c.listed[s.Student].Equal(c.late) {
				if now.Before(known) {
					due = known
				} else {
					c.unsure = append(c.unsure, s.Student)
				}
			}
			if due.Before(next) {
				next = due
			}
		}
	}
	return next
}
