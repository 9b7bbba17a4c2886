package record

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A killed client loses at most the last second: its current minute is in the
// live file, and the next start makes it a line.
func TestKilled(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	w := open(t, name, began, Options{})
	appendAll(t, w, began.Add(time.Minute), minuteAt(began))
	at := began.Add(time.Minute)
	for s := 1; s <= 42; s++ {
		at = began.Add(time.Minute + time.Duration(s)*time.Second)
		m := Minute{From: At(began.Add(time.Minute)), To: At(at), Sent: uint64(10 * s), Received: uint64(10 * s)}
		if err := w.Live(at, &m, nil); err != nil {
			t.Fatal(err)
		}
		if s == 30 { // lines go on beside it
			appendAll(t, w, at, Session{State: "silent"})
		}
	}
	w.kill()

	if r := whole(t, name); r.Pending == nil || r.Pending.Minute == nil || r.Pending.Minute.Sent != 420 || !r.Pending.T.Equal(at) {
		t.Fatalf("pending %+v", r.Pending)
	}
	again := at.Add(90 * time.Second)
	w = open(t, name, again, Options{})
	appendAll(t, w, again.Add(time.Minute), minuteAt(again), End{Why: EndStopped})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := whole(t, name)
	if got, want := types(r), "start minute session minute gap start minute end"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	m, g := r.Lines[3].Minute, r.Lines[4].Gap
	if !m.Folded || m.Sent != 420 || !m.To.Equal(at) {
		t.Errorf("folded minute %+v", m)
	}
	if g.Cause != ClientStopped || !g.From.Equal(at) || !g.To.Equal(again) || !strings.Contains(g.Words, "killed") {
		t.Errorf("gap %+v", g)
	}
	if _, err := os.Stat(name + LiveSuffix); !errors.Is(err, os.ErrNotExist) || r.Pending != nil {
		t.Errorf("the file beside a record that was closed: %v", err)
	}
}

// A pending minute is written once.
func TestPendingIsNotToldTwice(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	w := open(t, name, began, Options{})
	m := minuteAt(began)
	_ = w.Live(began.Add(59*time.Second), &m, &Gap{From: At(began), To: At(began), Cause: Network})
	appendAll(t, w, began.Add(time.Minute), m, Gap{From: At(began), To: At(began.Add(time.Minute)), Cause: Network})
	w.kill()
	w = open(t, name, began.Add(2*time.Minute), Options{})
	w.kill()
	w = open(t, name, began.Add(3*time.Minute), Options{})
	w.kill()
	r := whole(t, name)
	if got, want := types(r), "start minute gap gap start gap start"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if g := r.Lines[3].Gap; g.Cause != ClientStopped || !g.From.Equal(began.Add(time.Minute)) {
		t.Errorf("%+v", g)
	}
}

// A client killed during an interruption leaves two gaps: the interruption and
// its own absence.
func TestKilledInAGap(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	w := open(t, name, began, Options{})
	_ = w.Live(began.Add(50*time.Second), nil, &Gap{From: At(began.Add(20 * time.Second)), To: At(began.Add(50 * time.Second)), Cause: ServerGone})
	w.kill()
	open(t, name, began.Add(80*time.Second), Options{}).kill()
	r := whole(t, name)
	if types(r) != "start gap gap start" {
		t.Fatal(types(r))
	}
	if a, b := r.Lines[1].Gap, r.Lines[2].Gap; a.Cause != ServerGone || a.Duration() != 30*time.Second || b.Cause != ClientStopped || b.Duration() != 30*time.Second {
		t.Errorf("%+v, %+v", a, b)
	}
}

func TestTornLine(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	w := open(t, name, began, Options{})
	appendAll(t, w, began.Add(time.Minute), minuteAt(began), minuteAt(began))
	w.kill()
	b, _ := os.ReadFile(name)
	for cut := 1; cut < len(b); cut += 37 {
		if err := os.WriteFile(name, b[:len(b)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		w := open(t, name, began.Add(2*time.Minute), Options{})
		w.kill()
		r := whole(t, name)
		noted := strings.Contains(types(r), "note gap start")
		if kept := cut < len(b)-1-len(strings.SplitN(string(b), "\n", 2)[0]); kept && b[len(b)-cut-1] != '\n' && !noted {
			t.Errorf("%d bytes torn: %s", cut, types(r))
		}
	}
}

// One slot may be torn, as by a power loss: the other is a second older.
func TestTornSlot(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	w := open(t, name, began, Options{})
	for s := 1; s <= 7; s++ {
		_ = w.Live(began.Add(time.Duration(s)*time.Second), &Minute{Sent: uint64(s)}, nil)
	}
	w.kill()
	side, _ := os.ReadFile(name + LiveSuffix)
	if len(side) != 2*slotSize {
		t.Fatalf("%d bytes beside the record", len(side))
	}
	side[slotSize+100] ^= 1 // 7 is odd: the second slot
	_ = os.WriteFile(name+LiveSuffix, side, 0o600)
	if r := whole(t, name); r.Pending == nil || r.Pending.Minute.Sent != 6 {
		t.Errorf("pending %+v", r.Pending)
	}
	// The live file of another record is ignored.
	other := filepath.Join(t.TempDir(), "r.jsonl")
	w = open(t, other, began.Add(time.Second), Options{})
	w.kill()
	_ = os.WriteFile(other+LiveSuffix, side, 0o600)
	if r := whole(t, other); r.Pending != nil {
		t.Errorf("pending %+v of another record", r.Pending)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good := string(exam(t, 2))
	for _, c := range []struct{ name, want string }{
		{write("broken.jsonl", strings.Replace(good, "598", "599", 1)), ":3: prev does not fit line 2"},
		{write("other.jsonl", strings.Replace(good, "msds-5001", "msds-5002", 1)), `:1: a record of exam "msds-5002", expected "msds-5001"`},
		{write("notes.txt", "my notes\n"), "notes.txt:1: "},
		{filepath.Join(dir, "none", "r.jsonl"), "r.jsonl"},
		{dir, "directory"},
	} {
		before, _ := os.ReadFile(c.name)
		if strings.HasPrefix(filepath.Base(c.name), "other") { // whole, but of another exam
			before = exam(t, 2)
			_ = os.WriteFile(c.name, before, 0o600)
			s := start
			s.Exam = "msds-5002"
			if _, err := Open(c.name, s, began, Options{}); err == nil || !strings.Contains(err.Error(), `:1: a record of exam "msds-5001", expected "msds-5002"`) {
				t.Errorf("%v", err)
			}
		} else if _, err := Open(c.name, start, began, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
		if after, _ := os.ReadFile(c.name); string(after) != string(before) {
			t.Errorf("%s was changed", c.name)
		}
	}
	if _, err := Open(filepath.Join(dir, "small.jsonl"), start, began, Options{MaxBytes: 100}); err == nil || !strings.Contains(err.Error(), "expected 65536 or more") {
		t.Error(err)
	}
	w := open(t, filepath.Join(dir, "r.jsonl"), began, Options{})
	if _, err := Open(filepath.Join(dir, "r.jsonl"), start, began, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("%v, want in use", err)
	}
	w.kill()
}

// At its bound a record leaves out minutes, notes that, keeps more important
// lines, and never grows further.
func TestBound(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	w := open(t, name, began, Options{MaxBytes: leastBytes})
	for i := range 1000 {
		from := began.Add(time.Duration(i) * time.Minute)
		appendAll(t, w, from.Add(time.Minute), minuteAt(from))
		if i == 500 {
			appendAll(t, w, from, Gap{From: At(from), To: At(from), Cause: Suspended})
		}
	}
	for range 1000 {
		appendAll(t, w, began, Session{State: "back"})
	}
	appendAll(t, w, began, End{Why: EndStopped})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	info, _ := os.Stat(name)
	r := whole(t, name)
	if info.Size() > leastBytes || info.Size() < leastBytes*9/10 {
		t.Errorf("%d bytes", info.Size())
	}
	count := map[Type]int{}
	for _, l := range r.Lines {
		count[l.Type]++
	}
	last := r.Lines[len(r.Lines)-1]
	if count[TypeNote] != 1 || count[TypeGap] != 1 || count[TypeMinute] < 50 || last.Type != TypeEnd || last.End.LeftOut != uint64(2000-count[TypeMinute]-count[TypeSession]) {
		t.Errorf("%v, end %+v", count, last.End)
	}
	if _, err := Open(name, start, began, Options{MaxBytes: leastBytes}); err == nil || !strings.Contains(err.Error(), "bounded at 65536 bytes: no room left") {
		t.Errorf("%v, want no room left", err)
	}
}

// A line that could not be written leaves the chain unchanged, and is noted.
func TestUnwritten(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	w := open(t, name, began, Options{})
	if err := w.Append(began, Minute{RoundTrip: ptr(1), OneWayUp: ptr(-1), From: Time{time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)}}); err == nil {
		t.Error("the year -1 was written")
	}
	appendAll(t, w, began, minuteAt(began), End{Why: EndStopped, Words: strings.Repeat("x", 2*MaxLine)})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := whole(t, name)
	if types(r) != "start note minute end" || r.Lines[1].Note.Words != "lines that could not be written: 1" {
		t.Errorf("%s: %+v", types(r), r.Lines[1].Note)
	}
}

func BenchmarkAppend(b *testing.B) {
	w, err := Open(filepath.Join(b.TempDir(), "r.jsonl"), start, began, Options{MaxBytes: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	m := minuteAt(began)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Append(began, m); err != nil {
			b.Fatal(err)
		}
	}
	w.kill()
}

func BenchmarkLive(b *testing.B) {
	w, err := Open(filepath.Join(b.TempDir(), "r.jsonl"), start, began, Options{})
	if err != nil {
		b.Fatal(err)
	}
	m := minuteAt(began)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Live(began, &m, nil); err != nil {
			b.Fatal(err)
		}
	}
	w.kill()
}
