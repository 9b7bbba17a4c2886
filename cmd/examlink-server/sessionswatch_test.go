package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"examlink/server/board"
	"examlink/server/session"
)

// manyRows are rows in the board's order: two dropped, then good ones.
func manyRows(n int) board.Rows {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	v, low := 0.2e6, 3.456e6
	page := board.Rows{At: now}
	for i := range n {
		r := board.Row{Exam: "msds-5001", Student: fmt.Sprintf("s-%04d", i), State: board.Good, Download: &board.Rate{Low: &low, Minimum: session.MeetsBound}}
		if i < 2 {
			r.State, r.LastPacket = board.Dropped, now.Add(-time.Duration(i+4)*time.Second)
			r.Upload = &board.Rate{Value: &v, Minimum: session.BelowBound}
			r.Warnings = []board.Warning{{Kind: "upload-below-minimum"}, {Kind: "below-minimum"}, {Kind: "below-minimum"}}
		}
		page.Rows = append(page.Rows, r)
	}
	return page
}

// A screen has the worst rows and what is left out, and never a line or a column more.
func TestWatchFitsTheScreen(t *testing.T) {
	for _, n := range []int{0, 1, 2, 19, 20, 21, 22, 23, 400} {
		for _, size := range [][2]int{{80, 24}, {80, 6}, {40, 24}, {80, 3}, {80, 1}, {132, 50}} {
			page := manyRows(n)
			page.Incidents = []board.IncidentState{{Sentence: "9 of 40 sessions are silent at once, which is most likely our side and not theirs at all."}}
			lines := boardLines(page, size[0], size[1])
			if len(lines) > size[1] && size[1] > 3 {
				t.Errorf("%d rows on %v: %d lines", n, size, len(lines))
			}
			for _, l := range lines {
				if utf8.RuneCountInString(l) > size[0] {
					t.Errorf("%d rows on %v: %q", n, size, l)
				}
			}
			text := strings.Join(lines, "\n")
			if shown := strings.Count(text, "s-0"); size[1] > 6 && shown < n && !strings.Contains(text, fmt.Sprintf("and %d more: ", n-shown)) {
				t.Errorf("%d rows on %v: %d are shown, and the rest is not counted:\n%s", n, size, shown, text)
			}
			if n > 0 && size[1] > 4 && !strings.Contains(text, "s-0000") {
				t.Errorf("%d rows on %v: the worst is not seen", n, size)
			}
		}
	}
}

func TestWatchLines(t *testing.T) {
	page := manyRows(3)
	page.Rows[2].Student = "\x1b[2Jevil-and-longer"
	page.Rows = append(page.Rows, board.Row{Exam: "e", Student: "s-9", State: board.NeverConnected})
	want := []string{
		"2 in trouble of 4, at 09:00:00 UTC",
		"STATE             LAST  STUDENT        EXAM       DOWN   UP     WARNINGS",
		"dropped           4s    s-0000         msds-5001  >3.46  0.2!   upload-below-mi…",
		"dropped           5s    s-0001         msds-5001  >3.46  0.2!   upload-below-mi…",
		"good              now   ?[2Jevil-and-… msds-5001  >3.46  -",
		"never-connected   -     s-9            e          -      -",
	}
	if got := boardLines(page, 80, 0); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
