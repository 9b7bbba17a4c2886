package session

import (
	"time"

	"examlink/probe/link"
	"examlink/server/event"
)

// Earlier is a watch that an earlier run of the server followed until its end, or a
// server that is gone.
type Earlier struct {
	ID, Exam, Student, Token string
	Transport                link.Transport
	State                    State
	LastPacket               time.Time // the server's clock
}

// Restore takes up the watches of an earlier run, so that a student who does not come
// back is missed. Those that were live have patience to resume before their silence
// counts; those that were silent already are as they were. It leaves out sessions that
// this run knows, and such as are over, publishes that it follows the others, and returns
// how many they are.
func (r *Registry) Restore(list []Earlier, patience time.Duration) int {
	taken := r.restore(list, patience)
	for _, s := range taken {
		r.publish(s, event.Restored{})
	}
	return len(taken)
}

func (r *Registry) restore(list []Earlier, patience time.Duration) (taken []*Session) {
	now, wall, forget := r.o.Clock.Now(), r.o.Clock.Wall(), r.o.Silence().Forget
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range list {
		silent := max(wall.Sub(e.LastPacket), 0)
		if r.sessions[e.ID] != nil || e.State != Live && e.State.Severity() < Suspect.Severity() || silent >= forget {
			continue
		}
		s := &Session{
			ID: e.ID, Exam: e.Exam, Student: e.Student, Token: e.Token, Purpose: PurposeWatch,
			state: e.State, since: wall, opened: e.LastPacket, openedAt: now - silent, lastSeen: now - silent,
			probing: true, heard: true, last: e.Transport,
		}
		if e.State == Live {
			from := now + patience
			s.patience = &from
		}
		r.put(s)
		taken = append(taken, s)
	}
	return taken
}
