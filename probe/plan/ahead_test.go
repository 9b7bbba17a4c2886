package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestAhead(t *testing.T) {
	starts := time.Date(2026, 11, 2, 16, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		before time.Duration
		want   []Said
		says   string // the first sentence
	}{
		{100 * time.Hour, []Said{{"early", 100}, {"repeat", 100}}, "This check is 100 hours ahead: the rule to test 72 hours before is met."},
		{72 * time.Hour, []Said{{"early", 72}, {"repeat", 72}}, "This check is 72 hours ahead: the rule to test 72 hours before is met."},
		{72*time.Hour - time.Nanosecond, []Said{{"late", 71}}, "This check is 71 hours ahead, less than the 72 hours that are asked for: it counts as late."},
		{time.Second, []Said{{"late", 0}}, "This check is 0 hours ahead, less than the 72 hours that are asked for: it counts as late."},
		{0, []Said{{Words: "begun"}}, "The exam has begun."},
		{-2*time.Hour + time.Second, []Said{{Words: "begun"}}, "The exam has begun."},
		{-2 * time.Hour, []Said{{Words: "over"}}, "The exam is over."},
	} {
		got := Ahead(starts, starts.Add(2*time.Hour), starts.Add(-c.before))
		if !slices.Equal(got, c.want) || fmt.Sprint(got[0]) != c.says {
			t.Errorf("%v before: %v, want %v, %q", c.before, got, c.want, c.says)
		}
	}
}
