package plan

import (
	"errors"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// at parses an instant.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02T15:04Z07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func window(t testing.TB, start, end, zone string) Window {
	t.Helper()
	w, err := ParseWindow(start, end, zone)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestParseWindow(t *testing.T) {
	for _, c := range []struct{ name, start, end, zone, wantStart, wantEnd string }{
		{"winter", "2026-11-30T09:00", "2026-11-30T16:50", "America/Denver", "2026-11-30T16:00Z", "2026-11-30T23:50Z"},
		{"summer", "2026-07-01T09:00", "2026-07-01T16:50", "America/Denver", "2026-07-01T15:00Z", "2026-07-01T22:50Z"},
		{"seconds, a space", "2026-11-30 09:00", "2026-11-30T16:50:00", "Europe/Berlin", "2026-11-30T08:00Z", "2026-11-30T15:50Z"},
		{"offsets", "2026-11-30T09:00-07:00", "2026-11-30T23:50:00Z", "", "2026-11-30T16:00Z", "2026-11-30T23:50Z"},
		{"offsets and a zone", "2026-11-30T17:00+01:00", "2026-11-30T23:50Z", "America/Denver", "2026-11-30T16:00Z", "2026-11-30T23:50Z"},
		{"before the gap", "2026-03-08T01:59", "2026-03-08T03:00", "America/Denver", "2026-03-08T08:59Z", "2026-03-08T09:00Z"},
		{"the second of two, by its offset", "2026-11-01T01:30-07:00", "2026-11-01T02:00", "America/Denver", "2026-11-01T08:30Z", "2026-11-01T09:00Z"},
		{"the whole night clocks go back: 24 hours", "2026-10-25T01:00", "2026-10-26T00:00", "Europe/Berlin", "2026-10-24T23:00Z", "2026-10-25T23:00Z"},
		{"half an hour back, after it", "2026-04-05T02:00", "2026-04-05T03:00", "Australia/Lord_Howe", "2026-04-04T15:30Z", "2026-04-04T16:30Z"},
		{"half an hour on, around it", "2026-10-04T01:59", "2026-10-04T02:30", "Australia/Lord_Howe", "2026-10-03T15:29Z", "2026-10-03T15:30Z"},
		{"far from UTC", "2026-11-30T09:00", "2026-11-30T10:00", "Pacific/Kiritimati", "2026-11-29T19:00Z", "2026-11-29T20:00Z"},
	} {
		w, err := ParseWindow(c.start, c.end, c.zone)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !w.Start.Equal(at(t, c.wantStart)) || !w.End.Equal(at(t, c.wantEnd)) {
			t.Errorf("%s: %v to %v, want %s to %s", c.name, w.Start, w.End, c.wantStart, c.wantEnd)
		}
		if c.zone != "" && w.Zone.String() != c.zone || w.Start.Location() != w.Zone || w.End.Location() != w.Zone {
			t.Errorf("%s: shown in %v, %v, %v", c.name, w.Zone, w.Start.Location(), w.End.Location())
		}
	}
	if w, err := ParseWindow("", "", ""); err != nil || !w.IsZero() {
		t.Errorf("nothing reads as %v, %v", w, err)
	}
}

// An offset that matches this computer's own zone is treated like any other.
func TestOffsetsDoNotDependOnThisComputer(t *testing.T) {
	old := time.Local
	t.Cleanup(func() { time.Local = old })
	for _, name := range []string{"America/Denver", "UTC"} {
		time.Local = zone(t, name)
		for text, want := range map[string]string{"2026-11-30T09:00-07:00": "-07:00", "2026-11-30T09:00Z": "UTC"} {
			if w := window(t, text, "2026-11-30T17:00Z", ""); w.Zone.String() != want {
				t.Errorf("in %s %s is shown in %q, want %q", name, text, w.Zone, want)
			}
		}
	}
}

func TestParseWindowErrors(t *testing.T) {
	const start, end, denver = "2026-11-30T09:00", "2026-11-30T16:50", "America/Denver"
	for _, c := range []struct {
		name, start, end, zone string
		want                   []string // a field, then what else is said
	}{
		{"no start", "", end, denver, []string{"start", `"", expected a local time such as "2026-11-30T09:00"`}},
		{"no end", start, "", denver, []string{"end", "expected a local time"}},
		{"a zone alone", "", "", denver, []string{"start", "expected", "end", "expected"}},
		{"no zone", start, end, "", []string{"start", "has no offset; name its zone", "end", "has no offset"}},
		{"one without offset", "2026-11-30T09:00-07:00", end, "", []string{"end", `"2026-11-30T16:50-07:00"`}},
		{"an unknown zone", start, end, "America/Denvr", []string{"zone", `"America/Denvr", expected the name of a time zone`}},
		{"an abbreviation is no zone", start, end, "MDT", []string{"zone", "MDT"}},
		{"this computer's zone", start, end, "Local", []string{"zone", "Local"}},
		{"a path", start, end, "../UTC", []string{"zone", "../UTC"}},
		{"no time", "2026-11-30", end, denver, []string{"start", `"2026-11-30", expected`}},
		{"no day", "2026-02-30T09:00", end, denver, []string{"start", "expected"}},
		{"the American way", "11/30/2026 9:00", end, denver, []string{"start", "expected"}},
		{"end before start", end, start, denver, []string{"end", "expected after the start, 2026-11-30T16:50:00-07:00"}},
		{"no length", start, start, denver, []string{"end", "expected after the start"}},
		{"25 hours", start, "2026-12-01T10:00", denver, []string{"end", "25h0m0s after the start, expected at most 24h0m0s"}},
		{"a whole day of 25 hours", "2026-10-25T00:00", "2026-10-26T00:00", "Europe/Berlin", []string{"end", "25h0m0s"}},
		{"skipped in Denver", "2026-03-08T02:30", "2026-03-08T09:00", denver, []string{"start", "2026-03-08T02:30 does not exist in America/Denver, where clocks go from 01:59:59 straight to 2026-03-08T03:00-06:00"}},
		{"the first that is skipped", "2026-03-08T02:00", "2026-03-08T09:00", denver, []string{"start", "does not exist"}},
		{"skipped in Berlin", "2026-03-29T01:00", "2026-03-29T02:59", "Europe/Berlin", []string{"end", "straight to 2026-03-29T03:00+02:00"}},
		{"skipped in Sydney", "2026-10-04T02:15", "2026-10-04T09:00", "Australia/Sydney", []string{"start", "straight to 2026-10-04T03:00+11:00"}},
		{"skipped on Lord Howe", "2026-10-04T02:29", "2026-10-04T09:00", "Australia/Lord_Howe", []string{"start", "straight to 2026-10-04T02:30+11:00"}},
		{"skipped at midnight", "2026-04-24T00:30", "2026-04-24T09:00", "Africa/Cairo", []string{"start", "does not exist"}},
		{"a day that was skipped", "2011-12-30T09:00", "2011-12-31T01:00", "Pacific/Apia", []string{"start", "straight to 2011-12-31T00:00+14:00"}},
		{"twice in Denver", "2026-11-01T01:30", "2026-11-01T09:00", denver, []string{"start", "comes twice in America/Denver, where clocks are set back; expected it with its offset, 2026-11-01T01:30-06:00 or 2026-11-01T01:30-07:00"}},
		{"twice in Berlin", "2026-10-25T01:00", "2026-10-25T02:00", "Europe/Berlin", []string{"end", "2026-10-25T02:00+02:00 or 2026-10-25T02:00+01:00"}},
		{"twice in Sydney", "2026-04-05T02:30", "2026-04-05T09:00", "Australia/Sydney", []string{"start", "+11:00 or 2026-04-05T02:30+10:00"}},
		{"twice on Lord Howe", "2026-04-05T01:45", "2026-04-05T09:00", "Australia/Lord_Howe", []string{"start", "+11:00 or 2026-04-05T01:45+10:30"}},
	} {
		w, err := ParseWindow(c.start, c.end, c.zone)
		if err == nil || !w.IsZero() {
			t.Errorf("%s: %v, %v, want an error", c.name, w, err)
			continue
		}
		got := []error{err}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			got = joined.Unwrap()
		}
		if len(got) != len(c.want)/2 {
			t.Errorf("%s: %d problems: %v", c.name, len(got), err)
			continue
		}
		for i, err := range got {
			var f *FieldError
			if !errors.As(err, &f) || f.Field != c.want[2*i] || !strings.Contains(f.Problem, c.want[2*i+1]) {
				t.Errorf("%s: %v, want %q", c.name, err, c.want[2*i:2*i+2])
			}
		}
	}
}

func TestNewWindow(t *testing.T) {
	start := at(t, "2026-11-30T16:00Z")
	w, err := NewWindow(start, start.Add(time.Hour), "America/Denver")
	if err != nil || w.Start.Hour() != 9 || w.Zone.String() != "America/Denver" {
		t.Errorf("%v, %v", w, err)
	}
	if w, err := NewWindow(start, start.Add(time.Hour), ""); err != nil || w.Zone != time.UTC || w.Start.Hour() != 16 {
		t.Errorf("without a zone %v, %v", w, err)
	}
	for field, f := range map[string]func() (Window, error){
		"zone": func() (Window, error) { return NewWindow(start, start.Add(time.Hour), "Mars/Base") },
		"end":  func() (Window, error) { return NewWindow(start, start, "UTC") },
	} {
		var e *FieldError
		if w, err := f(); !errors.As(err, &e) || e.Field != field || !w.IsZero() {
			t.Errorf("%s: %v, %v", field, w, err)
		}
	}
}

// A parsed window shows the same on the clocks again, or is refused.
func FuzzParseWindow(f *testing.F) {
	f.Add("2026-11-30T09:00", "2026-11-30T16:50", "America/Denver")
	f.Add("2026-03-08T02:30", "2026-03-08T03:30", "America/Denver")
	f.Add("2026-10-25T02:30+01:00", "2026-10-25T03:30Z", "Europe/Berlin")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, start, end, name string) {
		w, err := ParseWindow(start, end, name)
		if err != nil {
			if !w.IsZero() {
				t.Fatalf("refused, and yet %v", w)
			}
			return
		}
		if w.IsZero() {
			return
		}
		if d := w.End.Sub(w.Start); d <= 0 || d > MaxLength {
			t.Fatalf("lasts %v", d)
		}
		const form = "2006-01-02T15:04"
		if len(start) == len(form) && strings.Contains(start, "T") && w.Start.Format(form) != start {
			t.Fatalf("%q in %s reads as %v", start, name, w.Start)
		}
		if w.End.UTC().Year() > 9999 {
			return // RFC 3339 ends there
		}
		// In UTC: historic offsets had seconds, which RFC 3339 lacks.
		again, err := ParseWindow(w.Start.UTC().Format(time.RFC3339), w.End.UTC().Format(time.RFC3339), name)
		if err != nil || !again.Start.Equal(w.Start) || !again.End.Equal(w.End) {
			t.Fatalf("%v reads again as %v, %v", w, again, err)
		}
	})
}
