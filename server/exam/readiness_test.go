package exam_test

import (
	"testing"
	"time"

	"examlink/probe/verdict"
	"examlink/server/exam"
	"examlink/server/store"
	"examlink/server/store/memory"
)

var begins = time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)

// TestJudge takes receipts through a store, so that it sees what the standings of one
// come to. Times are hours before the exam.
func TestJudge(t *testing.T) {
	const r, m, n, i = verdict.Ready, verdict.Marginal, verdict.NotReady, verdict.Inconclusive
	type check struct {
		hours   float64
		outcome verdict.Outcome
	}
	second := 1.0 / 3600
	for _, c := range []struct {
		name   string
		checks []check
		want   exam.State
	}{
		{"none", nil, exam.NotTested},
		{"ready in time", []check{{100, r}}, exam.Ready},
		{"at 72 hours and a second", []check{{72 + second, r}}, exam.Ready},
		{"at 72 hours", []check{{72, r}}, exam.Late},
		{"a second inside", []check{{72 - second, m}}, exam.Late},
		{"after the exam began", []check{{-1, r}}, exam.Late},
		{"ready in time, and again inside", []check{{100, r}, {50, r}}, exam.Ready},
		{"marginal in time, ready inside", []check{{100, m}, {50, r}}, exam.Ready},
		{"ready in time, marginal inside", []check{{100, r}, {50, m}}, exam.Marginal},
		{"ready in time, not ready inside", []check{{100, r}, {50, n}}, exam.NotReady},
		{"not ready in time, ready inside", []check{{100, n}, {50, r}}, exam.Late},
		{"not ready, then ready, in time", []check{{200, n}, {100, r}}, exam.Ready},
		{"ready, then not ready, in time", []check{{200, r}, {100, n}}, exam.NotReady},
		{"ready, then inconclusive", []check{{200, r}, {100, i}}, exam.Ready},
		{"not ready, then inconclusive", []check{{200, n}, {100, i}}, exam.NotReady},
		{"inconclusive", []check{{100, i}}, exam.CouldNotTell},
		{"inconclusive, inside", []check{{1, i}}, exam.CouldNotTell},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := memory.New()
			e := store.Exam{ID: "e1", Start: begins}
			for k, x := range c.checks {
				at := begins.Add(-time.Duration(x.hours*3600+.5) * time.Second)
				if x.hours < 0 {
					at = begins.Add(time.Hour)
				}
				if err := s.Receipts().Append(t.Context(), store.Receipt{ID: string(rune('a' + k)), Exam: "e1", Student: "s1", At: at, Outcome: x.outcome}); err != nil {
					t.Fatal(err)
				}
			}
			all, err := s.Receipts().Standings(t.Context(), "e1", store.Page{})
			if err != nil {
				t.Fatal(err)
			}
			early, err := s.Receipts().StandingsBefore(t.Context(), "e1", exam.Deadline(e), store.Page{})
			if err != nil {
				t.Fatal(err)
			}
			got := exam.Judge(exam.Evidence{Roster: []store.Student{{ID: "s1"}}, All: all, InTime: early})
			if len(got) != 1 || got[0].State != c.want || got[0].Opened != (len(c.checks) > 0) {
				t.Errorf("%+v, want %s", got, c.want)
			}
			if c.checks != nil && got[0].Last.Outcome != c.checks[len(c.checks)-1].outcome {
				t.Errorf("last %+v", got[0].Last)
			}
		})
	}
}

func TestJudgeOrdersWorstFirst(t *testing.T) {
	of := func(student string, o verdict.Outcome) store.Standing {
		r := store.Receipt{Student: student, Outcome: o}
		return store.Standing{Student: student, Best: r, Last: r}
	}
	all := []store.Standing{of("a", verdict.Ready), of("b", verdict.Marginal), of("c", verdict.Ready), of("d", verdict.Inconclusive), of("f", verdict.NotReady), of("z", verdict.Ready)}
	list := exam.Judge(exam.Evidence{
		Roster: []store.Student{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "d"}, {ID: "e"}, {ID: "f"}, {ID: "g"}},
		All:    all, InTime: append(all[:2:2], of("d", verdict.Inconclusive)), Opened: map[string]bool{"g": true},
	})
	order := ""
	for _, r := range list {
		order += r.ID
		if r.Opened != (r.ID != "e") {
			t.Errorf("%s: opened %t", r.ID, r.Opened)
		}
	}
	if order != "fegdcba" {
		t.Errorf("order %s", order)
	}
	n := exam.Count(list)
	for _, s := range exam.States() {
		want := 1
		if s == exam.NotTested {
			want = 2
		}
		if n[s] != want {
			t.Errorf("%d %s, want %d", n[s], s, want)
		}
	}
}
