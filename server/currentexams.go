package server

import (
	"context"
	"slices"
	"time"

	"examlink/server/exam"
	"examlink/server/store"
)

// currentExams returns the exams that are not closed and end after a time, those that
// begin first before the others.
func currentExams(ctx context.Context, m *exam.Manager, after time.Time) (exams []store.Exam, err error) {
	p := store.Page{Limit: store.MaxPage}
	for {
		some, err := m.List(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, e := range some {
			if !e.Closed && e.End.After(after) {
				exams = append(exams, e)
			}
		}
		if len(some) < p.Size() {
			break
		}
		p.After = some[len(some)-1].ID
	}
	slices.SortStableFunc(exams, func(a, b store.Exam) int { return a.Start.Compare(b.Start) })
	return exams, nil
}
