package memory

import (
	"context"
	"time"

	"examlink/server/store"
)

type attendances struct{ *Store }

func (t attendances) Note(ctx context.Context, exam string, at time.Time, students ...string) error {
	at, err := store.CleanAttendance(at)
	if err != nil {
		return err
	}
	if err := t.enter(ctx); err != nil {
		return err
	}
	defer t.mu.Unlock()
	for _, id := range students {
		if _, ok := t.Store.roster[exam].get(id); !ok {
			continue
		}
		if was, _ := t.connected[exam].get(id); at.After(was) {
			t.connected.put(exam, id, at)
		}
	}
	return nil
}

func (t attendances) List(ctx context.Context, exam string, p store.Page) (list []store.Attendance, err error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	last := map[string]time.Time{}
	t.sessions.all(func(s store.LiveSession) {
		if s.Exam == exam && s.Purpose != "check" && s.LastPacket.After(last[s.Student]) {
			last[s.Student] = s.LastPacket
		}
	})
	for _, s := range t.Store.roster[exam].page(p) {
		a := store.Attendance{Student: s.ID, Last: last[s.ID]}
		if noted, _ := t.connected[exam].get(s.ID); noted.After(a.Last) {
			a.Last = noted
		}
		list = append(list, a)
	}
	return list, nil
}

// lastConnected returns when a student was last connected. Called locked.
func (s *Store) lastConnected(exam, student string) time.Time {
	last, _ := s.connected[exam].get(student)
	s.sessions.all(func(l store.LiveSession) {
		if l.Exam == exam && l.Student == student && l.Purpose != "check" && l.LastPacket.After(last) {
			last = l.LastPacket
		}
	})
	return last
}

// forgetStudent removes a student from a roster, with what was noted of the student.
// Called locked.
func (s *Store) forgetStudent(exam, student string) {
	s.roster.remove(exam, student)
	s.connected.remove(exam, student)
}
