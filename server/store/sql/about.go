package sql

import (
	"context"

	"examlink/server/store"
)

// About implements store.Store. Its parts are read one after the other.
func (s *Store) About(ctx context.Context, exam, student string) (a store.About, err error) {
	if err := s.enter(ctx); err != nil {
		return a, err
	}
	if !storable([]any{exam, student}) || student == "" {
		return a, nil
	}
	a, err = s.about(ctx, exam, student)
	return a, s.failed(ctx, err)
}

func (s *Store) about(ctx context.Context, exam, student string) (a store.About, err error) {
	roster, err := allAbout(ctx, s, scanStudent, selectStudent, "student", exam, student)
	if err != nil {
		return a, err
	}
	if len(roster) > 0 {
		a.Roster = &roster[0]
	}
	connected, err := list(ctx, s.read, scanAttendance, selectAttendance+"WHERE roster.exam = $1 AND roster.student = $2", exam, student)
	if err != nil {
		return a, err
	}
	if len(connected) > 0 {
		a.Connected = connected[0].Last
	}
	if a.Tokens, err = allAbout(ctx, s, scanToken, selectToken, "id", exam, student); err != nil {
		return a, err
	}
	if a.Receipts, err = allAbout(ctx, s, scanReceipt, "SELECT "+receiptColumns+" FROM receipts r ", "id", exam, student); err != nil {
		return a, err
	}
	if a.Records, err = allAbout(ctx, s, scanHead, selectHead, "session", exam, student); err != nil {
		return a, err
	}
	if a.Sessions, err = allAbout(ctx, s, scanSession, selectSession, "id", exam, student); err != nil {
		return a, err
	}
	if a.Waiting, err = allAbout(ctx, s, scanMessage, selectMessage, "receiver, number", exam, student); err != nil {
		return a, err
	}
	if a.Undelivered, err = allAbout(ctx, s, scanUndelivered, selectUndelivered, "receiver, place", exam, student); err != nil {
		return a, err
	}
	a.Events, err = allAbout(ctx, s, scanEvent, selectEvent, "number", exam, student)
	return a, err
}

// allAbout reads all rows about a student.
func allAbout[T any](ctx context.Context, s *Store, scan func(row) (T, error), query, order, exam, student string) ([]T, error) {
	return list(ctx, s.read, scan, query+"WHERE exam = $1 AND student = $2 ORDER BY "+order, exam, student)
}
