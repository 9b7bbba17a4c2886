package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"examlink/server/store"
)

func attendee(a store.Attendance) string { return a.Student }

// attended lists the roster of an exam with the seconds at which students were connected.
func attended(t *testing.T, s store.Store, exam string, limit int) (all string) {
	t.Helper()
	for _, a := range pages(t, limit, attendee, func(ctx context.Context, p store.Page) ([]store.Attendance, error) {
		return s.Attendances().List(ctx, exam, p)
	}) {
		switch {
		case a.Last.IsZero():
			all += a.Student + " never "
		default:
			all += fmt.Sprintf("%s %d ", a.Student, int(a.Last.Sub(at(0)).Seconds()))
		}
	}
	return all
}

func testAttendance(t *testing.T, s store.Store) {
	x := s.Attendances()
	must(t, s.Exams().Create(bg(t), exam("e1")))
	must(t, s.Exams().Create(bg(t), exam("e2")))
	must(t, x.Note(bg(t), "e1", at(5), "s1")) // not on the roster yet
	must(t, s.Roster().Put(bg(t), "e1", []store.Student{{ID: "s1"}, {ID: "s2"}, {ID: "s3"}, {ID: "s4"}}))
	must(t, s.Roster().Put(bg(t), "e2", []store.Student{{ID: "s1"}}))
	want := func(what, want string) {
		t.Helper()
		for _, limit := range []int{1, 3, 100} {
			if v := attended(t, s, "e1", limit); v != want {
				t.Errorf("%s, in pages of %d: %s, want %s", what, limit, v, want)
			}
		}
	}
	want("before", "s1 never s2 never s3 never s4 never ")
	must(t, x.Note(bg(t), "e1", at(20), "s1", "s2", "nobody", "a\x00b", "s1"))
	must(t, x.Note(bg(t), "e1", at(10), "s1"))
	must(t, x.Note(bg(t), "e1", at(30), "s2"))
	must(t, x.Note(bg(t), "e9", at(30), "s3"))
	must(t, x.Note(bg(t), "e1", at(30)))
	want("noted", "s1 20 s2 30 s3 never s4 never ")
	wantErr(t, "no time", x.Note(bg(t), "e1", time.Time{}, "s3"), store.ErrInvalid)
	for i, l := range []store.LiveSession{
		{Student: "s1", LastPacket: at(25)}, {Student: "s1", LastPacket: at(23)}, // a student with two tokens
		{Student: "s2", LastPacket: at(25)}, {Student: "s3", LastPacket: at(40), Purpose: "check"}, {Student: "s4", LastPacket: at(41), Exam: "e2"},
		{Student: "s9", LastPacket: at(41)},
	} {
		v := live(numbered("l", i), "live")
		v.Student, v.LastPacket = l.Student, l.LastPacket
		if l.Exam != "" {
			v.Exam = l.Exam
		}
		if l.Purpose != "" {
			v.Purpose = l.Purpose
		}
		must(t, s.Sessions().Put(bg(t), v))
	}
	want("with live sessions", "s1 25 s2 30 s3 never s4 never ")
	must(t, s.Roster().Put(bg(t), "e1", []store.Student{{ID: "s1", Group: "other"}, {ID: "s2", Contact: "two@example.org"}}))
	must(t, s.Sessions().Remove(bg(t), numbered("l", 0)))
	want("changed in the roster", "s1 23 s2 30 s3 never s4 never ")
	must(t, s.Roster().Remove(bg(t), "e1", "s2"))
	must(t, s.Roster().Put(bg(t), "e1", []store.Student{{ID: "s2"}}))
	want("removed, and on the roster again", "s1 23 s2 25 s3 never s4 never ")
	got[store.Removed](t)(s.Erase(bg(t), "e1", "s1"))
	must(t, s.Roster().Put(bg(t), "e1", []store.Student{{ID: "s1"}}))
	want("erased, and on the roster again", "s1 never s2 25 s3 never s4 never ")
	if v := attended(t, s, "e2", 10) + attended(t, s, "e9", 10); v != "s1 never " {
		t.Errorf("other exams: %s", v)
	}
	must(t, x.Note(bg(t), "e1", at(50), "s3"))
	must(t, s.Exams().Close(bg(t), "e1"))
	must(t, x.Note(bg(t), "e1", at(60), "s4")) // until the sessions end
	want("closed", "s1 never s2 25 s3 50 s4 60 ")
	got[store.Removed](t)(s.Expire(bg(t), at(7200+3601), store.Retention{Rosters: time.Hour}))
	want("expired", "")
}
