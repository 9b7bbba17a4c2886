package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"examlink/server/exam"
	"examlink/server/session"
)

// errErased says that a session's student was erased since it was opened.
var errErased = errors.New("the student was erased")

// student names a student of an exam.
type student struct{ exam, id string }

// erasures keeps sessions that were open when their student was erased from writing
// anything about the student afterwards. It is safe for concurrent use.
type erasures struct {
	now func() time.Duration // the clock that nobody sets

	mu   sync.Mutex
	last map[student]time.Duration // the latest erasure
	busy map[student]int           // writes under way
	idle chan struct{}             // closed, and replaced, when a write has ended
}

func newErasures(now func() time.Duration) *erasures {
	return &erasures{now: now, last: map[student]time.Duration{}, busy: map[student]int{}, idle: make(chan struct{})}
}

// write makes a write about a session's student. The error is errErased if the student
// was erased since the session was opened, or that of the write.
func (e *erasures) write(s *session.Session, f func() error) error {
	who := student{s.Exam, s.Student}
	e.mu.Lock()
	if at, ok := e.last[who]; ok && s.Opened() <= at {
		e.mu.Unlock()
		return errErased
	}
	e.busy[who]++
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.busy[who]--; e.busy[who] == 0 {
			delete(e.busy, who)
		}
		close(e.idle)
		e.idle = make(chan struct{})
	}()
	return f()
}

// add forbids writes of the sessions that are open, and waits for those under way.
func (e *erasures) add(ctx context.Context, exam, id string) error {
	who := student{exam, id}
	e.mu.Lock()
	e.last[who] = e.now()
	for e.busy[who] > 0 {
		idle := e.idle
		e.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return fmt.Errorf("the student's data is being written: %w", ctx.Err())
		}
		e.mu.Lock()
	}
	e.mu.Unlock()
	return nil
}

// Chosen by us.
const (
	settleLook = 20 * time.Millisecond // at a table that lags behind
	settleTime = 20 * time.Second
)

// settleStudent ends all of a student that goes on, and returns when nothing about the
// student can come into the store any more.
func (s *Server) settleStudent(ctx context.Context, of, student string) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	s.endRevoked(append(s.sessions.EndStudent(of, student), s.tokensElsewhere(of, student)...))
	for len(s.tokensElsewhere(of, student)) > 0 && !s.closing.Load() { // until those servers say that they have ended
		select {
		case <-time.After(settleLook):
		case <-ctx.Done():
			return fmt.Errorf("the student's sessions with other servers have not ended: %w", ctx.Err())
		}
	}
	if err := s.erased.add(ctx, of, student); err != nil {
		return err
	}
	s.board.Forget(exam.NewID(), of, student)
	last := s.events.Last()
	for live := s.live.Load(); live != nil && live.handled.Load() < last && !s.closing.Load(); {
		select {
		case <-time.After(settleLook):
		case <-ctx.Done():
			return fmt.Errorf("the list of live sessions is not up to date: %w", ctx.Err())
		}
	}
	if s.notifier == nil {
		return nil
	}
	return s.notifier.Forget(ctx, of, student)
}
