package server_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"examlink/probe/verdict"
	"examlink/server"
	"examlink/server/store"
)

// The students of an exam by state, until a day after it.
func TestExamStudents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		ctx, x := context.Background(), s.srv.Store()
		start := time.Now().Add(30 * time.Minute)
		for _, err := range []error{
			x.Exams().Create(ctx, store.Exam{ID: "e1", Start: start, End: start.Add(time.Hour), Zone: "UTC", Policy: "default"}),
			x.Roster().Put(ctx, "e1", []store.Student{{ID: "s0"}, {ID: "s1"}, {ID: "s2"}, {ID: "s3"}, {ID: "s4"}}),
			x.Receipts().Append(ctx, store.Receipt{ID: "r2", Exam: "e1", Student: "s2", At: start.Add(-80 * time.Hour), Outcome: verdict.Ready}),
			x.Receipts().Append(ctx, store.Receipt{ID: "r3", Exam: "e1", Student: "s3", At: start.Add(-time.Hour), Outcome: verdict.Marginal}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		s.kept("t1")
		s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		time.Sleep(20 * time.Second)
		want := `
			# HELP examlink_server_exam_students HELP
			# TYPE examlink_server_exam_students gauge
			examlink_server_exam_students{exam="e1",state="could not tell"} 0
			examlink_server_exam_students{exam="e1",state="late"} 1
			examlink_server_exam_students{exam="e1",state="marginal"} 0
			examlink_server_exam_students{exam="e1",state="not opened"} 2
			examlink_server_exam_students{exam="e1",state="not ready"} 0
			examlink_server_exam_students{exam="e1",state="opened"} 1
			examlink_server_exam_students{exam="e1",state="ready"} 1
		`
		const name = "examlink_server_exam_students"
		help := helpOf(t, s, name)
		if err := testutil.GatherAndCompare(s.registry(), strings.NewReader(strings.Replace(want, "HELP\n", help+"\n", 1)), name); err != nil {
			t.Error(err)
		}
		time.Sleep(26 * time.Hour)
		if n, err := testutil.GatherAndCount(s.registry(), name); n != 0 || err != nil {
			t.Errorf("%d series a day after the exam, %v", n, err)
		}
	})
}

func helpOf(t *testing.T, s *testbed, name string) string {
	t.Helper()
	families, err := s.registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetHelp()
		}
	}
	return ""
}
