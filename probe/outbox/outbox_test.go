package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/probe/journal"
	"examlink/probe/lockfile"
	"examlink/probe/wire"
)

var start = time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC)

func open(t *testing.T, o Options) *Queue {
	t.Helper()
	q, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// drain takes everything, in order.
func drain(q *Queue) (out []wire.Report) {
	for {
		r, ok := q.Next()
		if !ok {
			return out
		}
		out = append(out, r)
		q.Taken(r.Number)
	}
}

func contents(reports []wire.Report) string {
	var out []string
	for _, r := range reports {
		out = append(out, fmt.Sprintf("%d %s %s", r.Number, r.Kind, r.Contents))
	}
	return strings.Join(out, ", ")
}

func TestInOrderUntilTaken(t *testing.T) {
	q := open(t, Options{})
	if _, ok := q.Next(); ok {
		t.Error("an empty outbox has a report")
	}
	q.Put(wire.ReportMinute, start, 1)
	q.Put(wire.ReportWarning, start, 2)
	for range 2 {
		if r, ok := q.Next(); !ok || r.Number != 1 || r.Kind != wire.ReportMinute || !r.At.Equal(start) || r.Origin == "" || len(r.Origin) > wire.MaxOrigin {
			t.Errorf("%+v, %v", r, ok)
		}
	}
	select {
	case <-q.Wake():
	default:
		t.Error("nobody was woken")
	}
	q.Taken(1)
	q.Put(wire.ReportMinute, start, 3)
	q.Refused(2)
	if got := contents(drain(q)); got != "3 minute 3" {
		t.Error(got)
	}
	if s := q.Stats(); s.Taken != 2 || s.Refused != 1 || s.Waiting != 0 || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
}

func TestSurvivesTheProcess(t *testing.T) {
	o := Options{File: filepath.Join(t.TempDir(), "q"), Of: "me"}
	q := open(t, o)
	for i := range 4 {
		q.Put(wire.ReportWarning, start, i)
	}
	q.Taken(2)
	origin := q.origin
	if _, err := Open(o); !errors.Is(err, lockfile.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	_ = q.file.Close(false) // killed
	f, err := os.OpenFile(o.File, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteString(`{"report":{"origin":"` + origin + `","numb`)
	_ = f.Close()

	q = open(t, o)
	if s := q.Stats(); s.LeftByAnEarlierRun != 2 || q.origin != origin {
		t.Errorf("%+v", s)
	}
	q.Put(wire.ReportMinute, start, "new")
	if got := contents(drain(q)); got != `3 warning 2, 4 warning 3, 5 minute "new"` {
		t.Error(got)
	}
	_ = q.file.Close(false) // killed
	// Numbers are never reused, even in an empty outbox.
	q = open(t, o)
	q.Put(wire.ReportMinute, start, 0)
	if r, _ := q.Next(); r.Number != 6 || q.origin != origin {
		t.Errorf("%+v", r)
	}
	_ = q.Close()
	// Reports of another owner are not delivered.
	o.Of = "another"
	q = open(t, o)
	if r, ok := q.Next(); ok || q.origin == origin {
		t.Errorf("%+v", r)
	}
	// An empty outbox leaves no file.
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(o.File); err == nil {
		t.Error("an empty outbox left its file")
	}
}

// A process that ends during a rewrite loses nothing.
func TestSurvivesItsOwnRewriting(t *testing.T) {
	o := Options{File: filepath.Join(t.TempDir(), "q")}
	q := open(t, o)
	q.Put(wire.ReportWarning, start, 1)
	q.Put(wire.ReportWarning, start, 2)
	_ = q.Close()
	b, err := os.ReadFile(o.File)
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range [][]byte{nil, b[:len(b)/2], b} {
		if err := errors.Join(os.WriteFile(o.File+journal.SpareSuffix, b, 0o600), os.WriteFile(o.File, left, 0o600)); err != nil {
			t.Fatal(err)
		}
		q = open(t, o)
		if got := q.Stats().Waiting; got != 2 {
			t.Errorf("with %d bytes left: %d reports, want 2", len(left), got)
		}
		_ = q.Close()
	}
	if _, err := os.Stat(o.File + journal.SpareSuffix); err == nil {
		t.Error("the copy is still there")
	}
}

// The oldest minutes are dropped first, warnings last, and drops are reported.
// Neither memory nor file exceeds the bound.
func TestBound(t *testing.T) {
	o := Options{File: filepath.Join(t.TempDir(), "q"), MaxBytes: LeastBytes}
	q := open(t, o)
	body := strings.Repeat("x", 1000)
	for i := range 300 {
		kind := wire.ReportMinute
		if i%20 == 0 {
			kind = wire.ReportWarning
		}
		q.Put(kind, start.Add(time.Duration(i)*time.Minute), map[string]any{"i": i, "x": body})
		info, err := os.Stat(o.File)
		if s := q.Stats(); err != nil || s.Bytes > LeastBytes/2+maxLine || info.Size() > LeastBytes+maxLine {
			t.Fatalf("after %d: %+v, %d bytes in the file", i, s, info.Size())
		}
	}
	_ = q.Close()
	q = open(t, o)
	stats := map[wire.ReportKind]int{}
	var last uint64
	var gone wire.Dropped
	for _, r := range drain(q) {
		stats[r.Kind]++
		if r.Number <= last {
			t.Errorf("%d after %d", r.Number, last)
		}
		last = r.Number
		if r.Kind == wire.ReportDropped {
			if err := json.Unmarshal(r.Contents, &gone); err != nil {
				t.Error(err)
			}
		}
	}
	if stats[wire.ReportWarning] != 15 || stats[wire.ReportDropped] != 1 || gone.Warnings != 0 || int(gone.Minutes) != 285-stats[wire.ReportMinute] || stats[wire.ReportMinute] < 5 {
		t.Errorf("%v, dropped %+v", stats, gone)
	}
	for range 100 {
		q.Put(wire.ReportWarning, start, body)
	}
	if s := q.Stats(); s.DroppedWarnings == 0 || s.DroppedMinutes != 0 {
		t.Errorf("%+v", s)
	}
	q.Put(wire.ReportMinute, start, strings.Repeat("x", wire.MaxReport))
	if s := q.Stats(); s.DroppedMinutes != 1 {
		t.Errorf("too large a report: %+v", s)
	}
}

// The file does not grow with delivered reports.
func TestFileStaysSmall(t *testing.T) {
	o := Options{File: filepath.Join(t.TempDir(), "q")}
	q := open(t, o)
	for i := range 2000 {
		q.Put(wire.ReportMinute, start, strings.Repeat("x", 500))
		q.Taken(uint64(i + 1))
	}
	if info, err := os.Stat(o.File); err != nil || info.Size() > slackBytes+maxLine {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
}

func TestWorksWithoutItsFile(t *testing.T) {
	q, err := Open(Options{File: filepath.Join(t.TempDir(), "none", "q")})
	if err == nil {
		t.Fatal("opened a file in a directory that is not there")
	}
	q.Put(wire.ReportMinute, start, 1)
	if got := contents(drain(q)); got != "1 minute 1" {
		t.Error(got)
	}
	name := filepath.Join(t.TempDir(), "q")
	q = open(t, Options{File: name})
	if err := os.Mkdir(name+journal.SpareSuffix, 0o700); err != nil { // makes the rewrite fail
		t.Fatal(err)
	}
	for range 10 {
		q.Put(wire.ReportMinute, start, strings.Repeat("x", slackBytes/8))
		drain(q)
	}
	if err := q.Err(); err == nil || q.Err() != nil {
		t.Errorf("%v, and only once", err)
	}
	q.Put(wire.ReportMinute, start, 1)
	if got := contents(drain(q)); got != "11 minute 1" {
		t.Error(got)
	}
}

func FuzzFile(f *testing.F) {
	f.Add([]byte(`{"origin":"a","next":3}` + "\n" + `{"report":{"origin":"a","number":2,"at":"2026-10-01T09:00:00Z","kind":"minute","contents":{}}}` + "\n" + `{"gone":1}`))
	f.Add([]byte("\x00\n{}\n[]\nnull"))
	f.Fuzz(func(t *testing.T, b []byte) {
		name := filepath.Join(t.TempDir(), "q")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		q, err := Open(Options{File: name})
		if err != nil {
			t.Skip(err)
		}
		defer q.Close()
		q.Put(wire.ReportMinute, start, 1)
		last := uint64(0)
		for _, r := range drain(q) {
			if r.Number <= last {
				t.Errorf("%d after %d", r.Number, last)
			}
			last = r.Number
		}
	})
}
