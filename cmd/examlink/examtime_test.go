package main

import (
	"strings"
	"testing"
	"time"

	"examlink/probe/wire"
)

func TestExamLines(t *testing.T) {
	denver, err := time.LoadLocation("America/Denver")
	if err != nil {
		t.Fatal(err)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	starts := time.Date(2026, 11, 2, 9, 0, 0, 0, denver) // the day after clocks change there
	token := wire.JoinToken{Exam: "msds-5001", Starts: starts.Unix(), Ends: starts.Add(8 * time.Hour).Unix(), Zone: "America/Denver"}
	for _, c := range []struct {
		before time.Duration
		want   string
	}{
		{100 * time.Hour, "100 hours ahead: the rule to test 72 hours before is met"},
		{72 * time.Hour, "72 hours ahead: the rule"},
		{72*time.Hour - time.Second, "71 hours ahead, less than the 72 hours"},
		{-time.Hour, "has begun"},
		{-9 * time.Hour, "is over"},
	} {
		got := strings.Join(examLines(token, starts.Add(-c.before), berlin), "\n")
		if !strings.Contains(got, c.want) || !strings.Contains(got, "Mon 2 Nov 2026 17:00 CET, which is Mon 2 Nov 2026 09:00 MST there") {
			t.Errorf("%v before: %s", c.before, got)
		}
	}
	if got := examLines(token, starts, denver); strings.Contains(got[0], "which is") {
		t.Errorf("one zone, said twice: %s", got[0])
	}
}
