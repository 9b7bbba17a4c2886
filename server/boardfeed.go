package server

import (
	"context"
	"errors"
	"time"

	"examlink/probe/verdict"
	"examlink/server/board"
	"examlink/server/event"
	"examlink/server/exam"
	"examlink/server/store"
)

// Chosen by us.
const (
	rosterEvery = 10 * time.Second // how often the board reads the rosters
	// rosterAhead is how long before an exam its students are on the board, and rosterAfter
	// how long after it.
	rosterAhead = 24 * time.Hour
	rosterAfter = time.Hour
)

// Board returns the proctors' board.
func (s *Server) Board() *board.Board { return s.board }

// runBoard keeps the board up to date until ctx ends. It subscribes before it returns, so
// that the board has every session that is opened later. The returned function waits.
func (s *Server) runBoard(ctx context.Context) (wait func()) {
	sub := s.events.Subscribe(0, 0)
	done := make(chan struct{}, 2)
	go func() { s.feedBoard(ctx, sub); done <- struct{}{} }() // both end with ctx
	go func() { s.feedRosters(ctx); done <- struct{}{} }()
	return func() { <-done; <-done }
}

// feedBoard passes events on.
func (s *Server) feedBoard(ctx context.Context, sub *event.Subscription) {
	var last uint64
	for {
		e, err := sub.Next(ctx)
		switch {
		case err == nil:
			last = e.Number
			s.board.Apply(e)
		case errors.Is(err, event.ErrSlow):
			if sub = s.events.Subscribe(last+1, 0); sub.Snapshot {
				s.board.Restart(exam.NewID())
			}
		default:
			sub.Close()
			return
		}
	}
}

// feedRosters reads the rosters of exams that are on, or soon. While the store fails, the
// board has those that were read last.
func (s *Server) feedRosters(ctx context.Context) {
	tick := time.NewTicker(rosterEvery)
	defer tick.Stop()
	failing := false
	for {
		list, err := s.boardRosters(ctx)
		if err == nil {
			s.board.SetRosters(s.settings.Load().Policy, list)
		} else if !failing && ctx.Err() == nil {
			s.o.Log.Error("rosters not read for the board", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Server) boardRosters(ctx context.Context) (list []board.Roster, err error) {
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	now := s.o.Clock.Wall()
	exams, err := currentExams(ctx, s.exams, now.Add(-rosterAfter))
	if err != nil {
		return nil, err
	}
	absent := map[attendee]bool{}
	for _, x := range s.attendance.absent() {
		absent[attendee{x.Exam, x.Student}] = true
	}
	for _, e := range exams {
		if e.Start.After(now.Add(rosterAhead)) {
			continue
		}
		r, err := s.boardRoster(ctx, e, absent)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// boardRoster reads one roster.
func (s *Server) boardRoster(ctx context.Context, e store.Exam, absent map[attendee]bool) (board.Roster, error) {
	r := board.Roster{Exam: e.ID, Start: e.Start, Policy: s.policyNamed(e.Policy)}
	students, _, err := s.exams.Roster(ctx, e.ID)
	if err != nil {
		return r, err
	}
	attended, err := s.exams.Attendance(ctx, e.ID)
	if err != nil {
		return r, err
	}
	last := make(map[string]time.Time, len(attended))
	for _, a := range attended {
		last[a.Student] = a.Last
	}
	for _, x := range students {
		r.Students = append(r.Students, board.Student{ID: x.ID, Group: x.Group, Last: last[x.ID], Absent: absent[attendee{e.ID, x.ID}]})
	}
	return r, nil
}

// policyNamed returns the policy of a name, or the one in force.
func (s *Server) policyNamed(name string) verdict.Policy { return s.settings.Load().policy(name) }
