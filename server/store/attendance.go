package store

import (
	"context"
	"time"
)

// Attendance says when a student on the roster of an exam was last connected.
type Attendance struct {
	Student string
	// Last is the latest time that was noted, or the last packet of a live session of
	// the student; zero: none was, and there is none. Checks do not count.
	Last time.Time
}

// Attendances keeps when students were connected, all servers of the store together.
// What is noted goes with the student's entry in the roster.
type Attendances interface {
	// Note notes that students of an exam were connected at a time: all of them or
	// none. Students who are not on the roster are passed over, and times that are
	// earlier than what is noted change nothing. Errors: ErrInvalid.
	Note(ctx context.Context, exam string, at time.Time, students ...string) error
	// List returns the students on the roster of an exam by identifier; none of an
	// unknown exam.
	List(ctx context.Context, exam string, p Page) ([]Attendance, error)
}

// CleanAttendance checks a time that is noted, and returns it as it is stored. The error
// is ErrInvalid.
func CleanAttendance(at time.Time) (time.Time, error) {
	at = Instant(at)
	return at, checkTime("connected", at)
}
