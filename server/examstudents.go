package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/server/exam"
)

// Chosen by us.
const (
	countEvery   = 15 * time.Second
	countTimeout = 30 * time.Second // of all exams together
	countAfter   = 24 * time.Hour   // after its end an exam is no longer counted
)

// What "not tested" is split into.
const (
	notOpened = "not opened"
	opened    = "opened"
)

var (
	examStudentsDesc = desc("server_exam_students", "Students on the roster of an exam that is not closed and ended less than a day ago, by how ready they are. Not opened: no session was opened with the student's join tokens. Opened: one was, and no check has a receipt. Could not tell: no check was conclusive. Late: the latest conclusive check passed, and none did at least 72 hours before the exam. The states add up to the roster. At most 1000 exams, those that begin first.", "exam", "state")
	examStartDesc    = desc("server_exam_start_timestamp_seconds", "When an exam with students in examlink_server_exam_students begins.", "exam")
	examCountedDesc  = desc("server_exam_students_timestamp_seconds", "When examlink_server_exam_students was counted last. Absent before the first time.")
)

// counted is one exam's students by state.
type counted struct {
	exam     string
	start    time.Time
	students map[string]int
}

// examStudents counts students by exam now and then, so that a scrape does not wait
// for the store.
type examStudents struct {
	exams *exam.Manager
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	list    []counted
	at      time.Time
	failing bool
}

// run counts until ctx ends.
func (s *examStudents) run(ctx context.Context) {
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	for {
		s.count(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// count counts all exams. After an error the earlier counts stay.
func (s *examStudents) count(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	list, err := s.read(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.list, s.at = list, s.now()
	} else if !s.failing && ctx.Err() == nil {
		s.log.Error("students not counted", "err", err)
	}
	s.failing = err != nil
}

func (s *examStudents) read(ctx context.Context) (list []counted, err error) {
	exams, err := currentExams(ctx, s.exams, s.now().Add(-countAfter))
	if err != nil {
		return nil, err
	}
	for _, e := range exams[:min(len(exams), maxExams)] {
		_, students, err := s.exams.Readiness(ctx, e.ID)
		if err != nil {
			return nil, err
		}
		n := map[string]int{notOpened: 0, opened: 0}
		for state, count := range exam.Count(students) {
			if state != exam.NotTested {
				n[string(state)] = count
			}
		}
		for _, r := range students {
			switch {
			case r.State != exam.NotTested:
			case r.Opened:
				n[opened]++
			default:
				n[notOpened]++
			}
		}
		list = append(list, counted{e.ID, e.Start, n})
	}
	return list, nil
}

// Describe implements prometheus.Collector.
func (s *examStudents) Describe(ch chan<- *prometheus.Desc) {
	ch <- examStudentsDesc
	ch <- examStartDesc
	ch <- examCountedDesc
}

// Collect implements prometheus.Collector.
func (s *examStudents) Collect(ch chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, e := range s.list {
		for state, n := range e.students {
			gauge(examStudentsDesc, float64(n), e.exam, state)
		}
		gauge(examStartDesc, float64(e.start.Unix()), e.exam)
	}
	if !s.at.IsZero() {
		gauge(examCountedDesc, float64(s.at.UnixMilli())/1e3)
	}
}
