package alert

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// roster is an exam's students by number; the first absent ones have never connected,
// and the awaited ones after them have time left.
func roster(exam string, students, absent, awaited int) Attendance {
	x := Attendance{Exam: exam, Start: start, Students: map[string]Presence{}}
	for i := range students {
		p := Connected
		switch {
		case i < absent:
			p = Absent
		case i < absent+awaited:
			p = Awaited
		}
		x.Students[fmt.Sprintf("s%02d", i)] = p
	}
	return x
}

// attends lets time pass and takes the attendance of exams.
func (s *testbed) attends(sec float64, exams ...Attendance) {
	s.wait(sec)
	s.correlator.Attend(at(sec), exams)
}

// Few absent students have a notice each, once.
func TestFewAbsentStudents(t *testing.T) {
	s := newTestbed(t, Rules{})
	s.attends(60, roster("e1", 20, 0, 3))
	s.says()
	s.attends(120, roster("e1", 20, 2, 1))
	s.says("120.00 never-connected raised e1/s00", "120.00 never-connected raised e1/s01")
	s.attends(130, roster("e1", 20, 3, 0))
	s.says("130.00 never-connected raised e1/s02")
	s.wait(140)
	s.correlator.Connect("e1", "s01", at(140))
	s.correlator.Connect("e1", "s01", at(141))
	s.correlator.Connect("e1", "s09", at(141))
	s.correlator.Connect("e2", "s00", at(141))
	s.says("140.00 recovered cleared was never-connected for 140.00 e1/s01")
	x := roster("e1", 20, 3, 0)
	x.Students["s01"] = Connected
	delete(x.Students, "s02")
	s.attends(150, x)
	s.attends(160, x)
	s.says("150.00 recovered cleared was never-connected for 150.00 off-roster e1/s02")
	if n := s.correlator.Active(); len(n) != 1 || n[0].Student != "s00" {
		t.Errorf("active: %+v", n)
	}
	s.attends(7200)
	s.attends(7210)
	s.says("7200.00 recovered cleared was never-connected for 7200.00 exam-over e1/s00")
	if _, ok := s.correlator.Next(); ok || len(s.correlator.absentees) > 0 {
		t.Error("something is left of an exam that is over")
	}
}

// Many absent students of an exam are one notice, which is brought up to date; those who
// are left in the end have a notice each.
func TestManyAbsentStudents(t *testing.T) {
	s := newTestbed(t, Rules{})
	s.attends(120, roster("e1", 200, 80, 0), roster("e2", 50, 0, 0), roster("e3", 9, 9, 0))
	s.says("120.00 never-connected raised e1 80 of 200, most 80", "120.00 never-connected raised e3 9 of 9, most 9")
	id := s.all[0].Warning
	for i := range 12 { // one connects each second
		s.wait(121 + float64(i))
		s.correlator.Connect("e1", fmt.Sprintf("s%02d", i), at(121+float64(i)))
	}
	rest := func(n int) Attendance {
		x := roster("e1", 200, 80, 0)
		for i := range 80 - n {
			x.Students[fmt.Sprintf("s%02d", i)] = Connected
		}
		return x
	}
	s.attends(140, rest(68), roster("e3", 9, 9, 0))
	s.says() // too little has changed
	s.attends(150, rest(30), roster("e3", 9, 9, 0))
	s.attends(160, rest(28), roster("e3", 9, 9, 0))
	s.says() // too soon
	s.attends(190, rest(28), roster("e3", 9, 9, 0))
	s.says("180.00 never-connected raised e1 update 28 of 200, most 80")
	s.attends(250, rest(28), roster("e3", 9, 9, 0))
	s.says()
	s.attends(300, rest(2), roster("e3", 9, 9, 0))
	s.says("300.00 never-connected raised e1/s78", "300.00 never-connected raised e1/s79",
		"300.00 recovered cleared was never-connected for 300.00 e1 2 of 200, most 80")
	if n := s.all[s.said-1]; n.Warning != id {
		t.Errorf("cleared %s, want %s", n.Warning, id)
	}
	s.attends(310, rest(2))
	s.says("310.00 recovered cleared was never-connected for 310.00 exam-over e3 9 of 9, most 9")
	s.correlator.Connect("e1", "s78", at(320))
	s.correlator.Connect("e1", "s79", at(320))
	s.says("320.00 recovered cleared was never-connected for 320.00 e1/s78", "320.00 recovered cleared was never-connected for 320.00 e1/s79")
}

// Students who are put on the roster later join those who are absent.
func TestAbsentStudentsBecomeMany(t *testing.T) {
	s := newTestbed(t, Rules{})
	s.attends(120, roster("e1", 5, 2, 0))
	s.attends(600, roster("e1", 30, 2, 0))
	s.says("120.00 never-connected raised e1/s00", "120.00 never-connected raised e1/s01")
	s.attends(700, roster("e1", 30, 20, 0))
	s.says("700.00 never-connected raised e1 20 of 30, most 20")
	s.attends(770, roster("e1", 40, 40, 0))
	s.attends(790, roster("e1", 40, 40, 0))
	s.says("770.00 never-connected raised e1 update 40 of 40, most 40")
	s.attends(900, roster("e1", 0, 0, 0))
	s.says("900.00 recovered cleared was never-connected for 900.00 off-roster e1/s00", "900.00 recovered cleared was never-connected for 900.00 off-roster e1/s01",
		"900.00 recovered cleared was never-connected for 900.00 e1 0 of 0, most 40")
}

// An exam that is moved to a later time has not begun.
func TestAbsentStudentsOfAnExamThatIsMoved(t *testing.T) {
	s := newTestbed(t, Rules{})
	s.attends(120, roster("e1", 9, 1, 0), roster("e2", 9, 9, 0))
	s.says("120.00 never-connected raised e1/s00", "120.00 never-connected raised e2 9 of 9, most 9")
	later := func(exam string, absent, awaited int) Attendance {
		x := roster(exam, 9, absent, awaited)
		x.Start = at(3600)
		return x
	}
	s.attends(130, later("e1", 0, 1), later("e2", 0, 9))
	s.says("130.00 recovered cleared was never-connected for 130.00 exam-later e1/s00",
		"130.00 recovered cleared was never-connected for 130.00 exam-later e2 9 of 9, most 9")
	s.attends(3720, later("e1", 1, 0), later("e2", 0, 0))
	s.says("3720.00 never-connected raised e1/s00")
	if n := s.all[s.said-1]; !n.Since.Equal(at(3600)) {
		t.Errorf("since %v", n.Since)
	}
}

// After a restart nothing is repeated while the students have time to connect, and
// warnings end as if there had been none.
func TestAbsentStudentsAfterARestart(t *testing.T) {
	before := newTestbed(t, Rules{})
	before.attends(120, roster("e1", 9, 2, 0), roster("e2", 30, 20, 0), roster("e3", 9, 1, 0))
	before.says("120.00 never-connected raised e1/s00", "120.00 never-connected raised e1/s01", "120.00 never-connected raised e2 20 of 30, most 20", "120.00 never-connected raised e3/s00")
	b, err := json.Marshal(before.correlator.Active())
	var kept []Notice
	if err == nil {
		err = json.Unmarshal(b, &kept)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := newTestbed(t, Rules{})
	s.correlator.Restore(kept, at(200), time.Hour)
	s.wait(205)
	s.correlator.Connect("e1", "s01", at(205))
	s.says("205.00 recovered cleared was never-connected for 205.00 e1/s01")
	e1 := roster("e1", 9, 0, 2)
	e1.Students["s01"] = Connected
	s.attends(210, e1, roster("e2", 30, 0, 19))
	s.says("210.00 recovered cleared was never-connected for 210.00 exam-over e3/s00")
	s.attends(320, roster("e1", 9, 1, 0), roster("e2", 30, 19, 0))
	s.says()
	s.attends(330, roster("e1", 9, 0, 0), roster("e2", 30, 0, 0))
	s.says("330.00 recovered cleared was never-connected for 330.00 e1/s00", "330.00 recovered cleared was never-connected for 330.00 e2 0 of 30, most 20")
	if a := s.correlator.Active(); len(a) > 0 {
		t.Errorf("active: %+v", a)
	}
}

func TestSentencesAboutAbsentStudents(t *testing.T) {
	one := Notice{Kind: NeverConnected, State: Raised, Exam: "e1", Student: "s1", Since: start, At: at(130)}
	many := one
	many.Student, many.Absent = "", &AbsentCounts{42, 42, 200}
	over := func(n Notice, left int, why string) Notice {
		n.Kind, n.State, n.Was, n.End, n.Duration = Recovered, Cleared, NeverConnected, why, 130
		if n.Absent != nil {
			n.Absent = &AbsentCounts{left, 42, 200}
		}
		return n
	}
	for _, c := range []struct {
		n           Notice
		kind, words string
	}{
		{one, "student.never_connected", "No connection since the exam began 2 min 10 s ago: exam e1, student s1. The computer may be off, the program not started, or the network may block it. This is about a network connection, not about anyone's conduct."},
		{many, "exam.never_connected", "42 of 200 students on the roster of exam e1 have not connected since it began 2 min 10 s ago. This is about a network connection, not about anyone's conduct."},
		{over(one, 0, ""), "student.recovered", "The student has connected, 2 min 10 s after the exam began: exam e1, student s1."},
		{over(one, 0, endExamOver), "student.recovered", "The exam is over, and the student never connected: exam e1, student s1."},
		{over(one, 0, endOffRoster), "student.recovered", "The student is no longer on the roster: exam e1, student s1."},
		{over(many, 0, ""), "exam.recovered", "No student is missing any more: exam e1."},
		{over(many, 2, ""), "exam.recovered", "Most of the missing students have connected, and 2 have not, who have notices of their own: exam e1."},
		{over(many, 12, endExamOver), "exam.recovered", "The exam is over, and 12 of 200 students on its roster never connected: exam e1."},
		{over(many, 12, endExamLater), "exam.recovered", "The exam now begins later: exam e1."},
	} {
		if got := sentence(c.n); got != c.words {
			t.Errorf("%q, want %q", got, c.words)
		}
		if got := c.n.Event().Type; got != c.kind {
			t.Errorf("%s, want %s", got, c.kind)
		}
		if w := c.n.WithoutStudent(); strings.Contains(w.Sentence, "s1") || w.Sentence == "" {
			t.Errorf("%s", w.Sentence)
		}
	}
	if !slices.Equal(NeverConnected.Stages(), []Kind{NeverConnected}) || NeverConnected.severity() != "warning" {
		t.Error("stages or severity")
	}
}
