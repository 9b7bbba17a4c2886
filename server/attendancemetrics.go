package server

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/server/alert"
)

var (
	neverConnectedDesc  = desc("server_exam_students_never_connected", "Students on the roster of an exam in progress who have no session and had none since it began, although they had the time for it that server.attendance.patience gives. Checks do not count. Absent for an exam while it is not known: after a restart of the server in mid-exam until that time has passed again, unless all are known to have connected. At most 1000 exams, those that began first.", "exam")
	attendanceTakenDesc = desc("server_exam_attendance_timestamp_seconds", "When it was last read from the store who is on the rosters and has connected. Absent before the first time.")
)

// Describe implements prometheus.Collector.
func (a *attendance) Describe(ch chan<- *prometheus.Desc) {
	ch <- neverConnectedDesc
	ch <- attendanceTakenDesc
}

// Collect implements prometheus.Collector.
func (a *attendance) Collect(ch chan<- prometheus.Metric) {
	absent := map[string]int{}
	for _, x := range a.absent() {
		absent[x.Exam]++
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.begun() {
		if a.unknown(c) {
			continue
		}
		ch <- prometheus.MustNewConstMetric(neverConnectedDesc, prometheus.GaugeValue, float64(absent[c.exam]), c.exam)
	}
	if !a.taken.IsZero() {
		ch <- prometheus.MustNewConstMetric(attendanceTakenDesc, prometheus.GaugeValue, float64(a.taken.UnixMilli())/1e3)
	}
}

// begun returns the exams with a roster that have begun, those that began first before
// the others, at most maxExams. Called locked.
func (a *attendance) begun() (list []*rollCall) {
	for _, c := range a.calls {
		if len(c.presences) > 0 {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(x, y *rollCall) int {
		if c := x.start.Compare(y.start); c != 0 {
			return c
		}
		return strings.Compare(x.exam, y.exam)
	})
	return list[:min(len(list), maxExams)]
}

// unknown reports whether it is not known yet who is absent from an exam. Called locked.
func (a *attendance) unknown(c *rollCall) bool {
	return slices.ContainsFunc(c.unsure, func(student string) bool { return !a.connected(attendee{c.exam, student}, c.start) })
}

// AbsentUnknown lists the exams in progress of which it is not known yet who is absent,
// because the server was started in mid-exam.
func (s *Server) AbsentUnknown() []string {
	a := s.attendance
	a.mu.Lock()
	defer a.mu.Unlock()
	var exams []string
	for _, c := range a.calls {
		if a.unknown(c) {
			exams = append(exams, c.exam)
		}
	}
	slices.Sort(exams)
	return exams
}

// Absent lists the absent students of the exams in progress, by exam and student.
func (s *Server) Absent() []alert.Absentee { return s.attendance.absent() }
