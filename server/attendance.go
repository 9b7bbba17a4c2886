package server

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"examlink/server/alert"
	"examlink/server/delivery"
	"examlink/server/event"
	"examlink/server/exam"
	"examlink/server/session"
)

// Chosen by us.
const (
	attendEvery = 15 * time.Second // how often the attendance is taken at least
	// attendAhead is how long before an exam its roster is read: whoever is on it by
	// then has the patience from the start of the exam, and not from a later reading.
	attendAhead = 5 * time.Minute
)

// Attendance configures when students on a roster are missed. Below one minute a student
// whom another server of the store has could be missed: it writes last packets every
// half a minute.
type Attendance struct {
	Patience time.Duration `mapstructure:"patience" default:"2m" min:"1m" max:"1h" doc:"How long after the start of an exam a student on its roster may take to connect; then the student is never-connected, and proctors are alerted. A student who is put on the roster later, and one who was absent when the server started, has as long from then."`
}

// DefaultAttendance is that of a server that configures none.
func DefaultAttendance() Attendance { return Attendance{Patience: 2 * time.Minute} }

// attendee is a student of an exam.
type attendee struct{ exam, student string }

// attendance knows who has connected for the exams in progress: students with a watch,
// and those who had one after the start of the exam, also with an earlier run or another
// server of the store. It is safe for concurrent use.
type attendance struct {
	exams    *exam.Manager
	notifier *delivery.Notifier // nil: notifications are off
	now      func() time.Time
	patience func() time.Duration
	log      *slog.Logger

	mu      sync.Mutex
	watches map[string]attendee    // by session
	open    map[attendee]int       // how many of them
	ended   map[attendee]time.Time // the last packet of those that are over
	calls   map[string]*rollCall   // by exam
	taken   time.Time
	failing bool
}

func newAttendance(s *Server) *attendance {
	return &attendance{
		exams: s.exams, notifier: s.notifier, now: s.o.Clock.Wall, log: s.o.Log,
		patience: func() time.Duration { return s.settings.Load().Attendance.Patience },
		watches:  map[string]attendee{}, open: map[attendee]int{}, ended: map[attendee]time.Time{}, calls: map[string]*rollCall{},
	}
}

// handle takes an event of a session. It is called before anybody else learns of it, so
// that an attendance that is taken later has it.
func (a *attendance) handle(e event.Event) {
	x := e.Session
	if x.Purpose == session.PurposeCheck {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch e.Payload.(type) {
	case event.Admitted, event.Resumed, event.Restored:
		a.connect(x)
	case event.Ended:
		who, ok := a.watches[x.ID]
		if !ok {
			return
		}
		delete(a.watches, x.ID)
		if a.open[who]--; a.open[who] == 0 {
			delete(a.open, who)
		}
		if x.LastPacket.After(a.ended[who]) {
			a.ended[who] = x.LastPacket
		}
	}
}

// connect takes a session that has been opened or resumed. Called locked.
func (a *attendance) connect(x event.Session) {
	who := attendee{x.Exam, x.Student}
	if _, ok := a.watches[x.ID]; !ok {
		a.watches[x.ID] = who
		a.open[who]++
	}
	if a.notifier != nil {
		a.notifier.Connect(time.Now(), x.Exam, x.Student)
	}
}

// connected says whether a student has connected for an exam. Called locked.
func (a *attendance) connected(who attendee, start time.Time) bool {
	return a.open[who] > 0 || !a.ended[who].Before(start)
}

// run takes the attendance until ctx ends.
func (a *attendance) run(ctx context.Context) {
	for {
		timer := time.NewTimer(a.take(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// take takes the attendance of all exams, and returns how long it is good for. While the
// store fails, the earlier one stays.
func (a *attendance) take(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	rosters, err := a.read(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		if !a.failing && ctx.Err() == nil {
			a.log.Error("attendance not taken", "err", err)
		}
		a.failing = true
		return attendEvery
	}
	now, patience, fresh := a.now(), a.patience(), a.taken.IsZero()
	a.failing, a.taken = false, now
	next := now.Add(attendEvery)
	calls, list := map[string]*rollCall{}, make([]alert.Attendance, 0, len(rosters))
	for _, r := range rosters {
		c := newRollCall(r, a.calls[r.exam.ID], fresh, now)
		due := c.call(now, patience, func(student string) bool { return a.connected(attendee{c.exam, student}, c.start) })
		if due.After(now) && due.Before(next) {
			next = due
		}
		calls[c.exam] = c
		list = append(list, alert.Attendance{Exam: c.exam, Start: c.start, Students: c.presences})
	}
	a.calls = calls
	maps.DeleteFunc(a.ended, func(who attendee, _ time.Time) bool { return calls[who.exam] == nil })
	if a.notifier != nil { // locked: nobody who connects meanwhile is absent
		a.notifier.Attend(time.Now(), list)
	}
	return next.Sub(now)
}

// read reads the exams that are not over, and the rosters of those that have begun or
// begin soon.
func (a *attendance) read(ctx context.Context) (rosters []attendedRoster, err error) {
	exams, err := currentExams(ctx, a.exams, a.now())
	if err != nil {
		return nil, err
	}
	for _, e := range exams {
		r := attendedRoster{exam: e}
		if e.Start.Before(a.now().Add(attendAhead)) {
			r.read = true
			if r.students, err = a.exams.Attendance(ctx, e.ID); err != nil {
				return nil, err
			}
		}
		rosters = append(rosters, r)
	}
	return rosters, nil
}

// absent lists the absent students of the exams in progress, by exam and student.
func (a *attendance) absent() []alert.Absentee {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []alert.Absentee
	for _, c := range a.calls {
		for student, p := range c.presences {
			if p == alert.Absent && !a.connected(attendee{c.exam, student}, c.start) {
				out = append(out, alert.Absentee{Exam: c.exam, Student: student, Since: c.start})
			}
		}
	}
	slices.SortFunc(out, func(x, y alert.Absentee) int {
		if c := strings.Compare(x.Exam, y.Exam); c != 0 {
			return c
		}
		return strings.Compare(x.Student, y.Student)
	})
	return out
}
