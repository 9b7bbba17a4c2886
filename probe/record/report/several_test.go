package report_test

import (
	"path/filepath"
	"strings"
	"testing"

	"examlink/probe/record"
	"examlink/probe/record/report"
	"examlink/probe/warning"
)

// load reads records.
func load(t *testing.T, names ...string) (out []*record.Record) {
	t.Helper()
	for _, name := range names {
		r, err := record.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// Several records of one exam, in any order, are one account: what lies between them was
// not watched.
func TestSeveralRecords(t *testing.T) {
	first, second := newScript(t), newScript(t)
	first.minutes(60 * min1)
	first.warn(warning.DownloadBelowMinimum, 50*min1, 51*min1, "0.5 Mbit/s")
	first.end(60 * min1)
	if err := second.w.Close(); err != nil {
		t.Fatal(err)
	}
	second.name = filepath.Join(t.TempDir(), "exam-2.jsonl")
	second.open(70 * min1) // its first line says that it began with the first record
	second.minutes(90 * min1)
	second.gap(80*min1, 80*min1+20*sec, record.Network, "")
	second.end(90 * min1)
	later := load(t, second.name)[0]
	later.Lines[0].Start.Started = record.At(began.Add(70 * min1))
	a, err := report.Make(later, load(t, first.name)[0])
	if err != nil {
		t.Fatal(err)
	}
	near(t, "watched", a.Watched, 80*60)
	near(t, "away", a.Away, 10*60)
	near(t, "interrupted", a.Interrupted, 20)
	near(t, "below the minimum", *a.Down.BelowFor, 10*60) // until the first watch ended
	near(t, "watched of the exam", a.Window.Watched, 80*60)
	if len(a.Gaps) != 2 || a.Gaps[0].Cause != record.ClientStopped || a.Gaps[0].Duration != 600 || len(a.Files) != 2 || a.Files[0].Name != first.name {
		t.Errorf("gaps %+v, files %+v", a.Gaps, a.Files)
	}
	if got := text(t, a); !strings.Contains(got, "The 2 records are intact: ") || !strings.Contains(got, "(37 %); not from 08:55:00 to 09:00:00, 10:00:00 to 10:10:00 and 10:30:00 to 12:30:00") {
		t.Error(got)
	}
	html(t, a)
	for _, c := range []struct {
		records []*record.Record
		want    string
	}{
		{nil, "expected one or more"},
		{load(t, first.name, first.name), "are the same record"},
		{[]*record.Record{load(t, first.name)[0], altered(load(t, second.name)[0], func(s *record.Start) { s.Exam = "other" })}, "expected one exam"},
		{[]*record.Record{load(t, first.name)[0], altered(load(t, second.name)[0], func(s *record.Start) { s.Student = "s-0018" })}, "expected one student"},
	} {
		if _, err := report.Make(c.records...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func altered(r *record.Record, change func(*record.Start)) *record.Record {
	change(r.Lines[0].Start)
	return r
}

// How a connection was kept up is no cause of its interruption.
func TestTitlesOfGaps(t *testing.T) {
	s := newScript(t)
	s.minutes(10 * min1)
	s.gap(1*min1, 1*min1+9*sec, record.TransportChange, record.ToWebSocket)
	s.gap(2*min1, 2*min1+9*sec, record.TransportChange, string(warning.CauseMoved))
	s.gap(3*min1, 3*min1+9*sec, record.TransportChange, record.ToUDP)
	s.end(10 * min1)
	a := account(t, s.name)
	got := text(t, a)
	for _, want := range []string{
		"the network blocked UDP                  watching went on over TCP",
		"the computer changed to another network",
		"the network did not carry packets        watching went on over UDP",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in\n%s", want, got)
		}
	}
	if page := html(t, a); strings.Contains(got+page, "being set up") || strings.Contains(got+page, "other transport") || !strings.Contains(page, "G1 UDP blocked, 9 s") {
		t.Error("it says what was being done in place of a cause")
	}
}
