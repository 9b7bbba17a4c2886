package files_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/probe/lockfile"
	"examlink/probe/verdict"
	"examlink/server/store"
	"examlink/server/store/files"
	"examlink/server/store/storetest"
)

func open(t *testing.T, dir string) *files.Store {
	t.Helper()
	s, err := files.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	dirs := map[store.Store]string{}
	at := func(t *testing.T, dir string) store.Store {
		s := open(t, dir)
		dirs[s] = dir
		return s
	}
	storetest.Test(t, func(t *testing.T) store.Store { return at(t, t.TempDir()) }, func(t *testing.T, s store.Store, killed bool) store.Store {
		dir := dirs[s]
		if killed {
			copied := t.TempDir()
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			return at(t, copied)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return at(t, dir)
	})
}

func exam(id string) store.Exam {
	start := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	return store.Exam{ID: id, Start: start, End: start.Add(time.Hour), Zone: "UTC", Policy: "default"}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOneProcess(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := files.Open(dir); !errors.Is(err, lockfile.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	list, err := os.ReadDir(dir)
	must(t, err)
	for _, f := range list {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
		}
	}
	must(t, s.Close())
	must(t, open(t, dir).Close())
}

// Wherever a file is cut or damaged, the other lines are read, and what is written
// later is not harmed.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "exams.journal")
	s := open(t, dir)
	for i := range 4 {
		must(t, s.Exams().Create(t.Context(), exam(fmt.Sprint("e", i))))
	}
	must(t, s.Close())
	whole, err := os.ReadFile(name)
	must(t, err)
	for cut := 0; cut < len(whole); cut += 11 { // in every line, at many places
		must(t, os.WriteFile(name, whole[:cut], 0o600))
		s := open(t, dir)
		lines := max(bytes.Count(whole[:cut], []byte{'\n'})-1, 0)
		list, err := s.Exams().List(t.Context(), store.Page{})
		if err != nil || len(list) < lines || len(list) > lines+1 || s.Skipped() > 1 {
			t.Fatalf("cut at %d: %d exams of %d whole lines, %d skipped, %v", cut, len(list), lines, s.Skipped(), err)
		}
		must(t, s.Exams().Create(t.Context(), exam("new")))
		must(t, s.Close())
		again := open(t, dir)
		if _, err := again.Exams().Get(t.Context(), "new"); err != nil || again.Skipped() != 0 {
			t.Fatalf("cut at %d: %v, %d skipped after it was opened again", cut, err, again.Skipped())
		}
		must(t, again.Close())
	}
	for what, bad := range map[string]string{
		"zeros": strings.Repeat("\x00", 500e3), "no JSON": "{", "a number": "7", "nothing known": `{"other":1}`, "incomplete": `{"exam":{"id":"x"}}`,
		"of another table": `{"session":{"id":"x","exam":"e","student":"s","last_packet":"2026-12-01T09:00:00Z"}}`, "gone": `{"gone":{"exam":"e1","student":"s"}}`,
	} {
		must(t, os.WriteFile(name, []byte(bad+"\n"+string(whole)), 0o600))
		s := open(t, dir)
		if list, err := s.Exams().List(t.Context(), store.Page{}); err != nil || len(list) != 4 || s.Skipped() != 1 {
			t.Errorf("%s: %d exams, %d skipped, %v", what, len(list), s.Skipped(), err)
		}
		must(t, s.Close())
	}
	must(t, os.WriteFile(name, []byte("{\"version\":2}\n"+string(whole)), 0o600))
	if _, err := files.Open(dir); err == nil || !strings.Contains(err.Error(), "a later examlink") {
		t.Errorf("a later version: %v", err)
	}
	if b, err := os.ReadFile(name); err != nil || len(b) != len(whole)+14 {
		t.Errorf("a file of a later version was changed: %d bytes, %v", len(b), err)
	}
}

// What was erased is not in the files any more, and changes do not make them grow
// without bound.
func TestFilesForget(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	must(t, s.Exams().Create(t.Context(), exam("e1")))
	must(t, s.Roster().Put(t.Context(), "e1", []store.Student{{ID: "s1", Contact: "secret"}, {ID: "s2"}}))
	must(t, s.Receipts().Append(t.Context(), store.Receipt{ID: "secret", Exam: "e1", Student: "s1", At: time.Now(), Outcome: verdict.Ready}))
	must(t, s.Roster().Remove(t.Context(), "e1", "s1"))
	must(t, s.Receipts().Erase(t.Context(), "e1", "s1"))
	for i := range 2000 {
		must(t, s.Sessions().Put(t.Context(), store.LiveSession{ID: "l", Exam: "e1", Student: "s2", State: fmt.Sprint(i), LastPacket: time.Now()}))
	}
	list, err := os.ReadDir(dir)
	must(t, err)
	for _, f := range list {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil || bytes.Contains(b, []byte("secret")) || len(b) > 70<<10 {
			t.Errorf("%s: %d bytes, %v", f.Name(), len(b), err)
		}
	}
	must(t, s.Close())
}

// A change that could not be kept is an error, as is each later one; nothing has
// changed.
func TestFileFails(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	must(t, s.Exams().Create(t.Context(), exam("e1")))
	must(t, s.Roster().Put(t.Context(), "e1", []store.Student{{ID: "s1"}, {ID: "s2"}}))
	must(t, os.Mkdir(filepath.Join(dir, "roster.journal.new"), 0o700)) // in the way of the copy
	if err := s.Roster().Remove(t.Context(), "e1", "s1"); err == nil {
		t.Error("erased, though the file cannot be rewritten")
	}
	for range 2 {
		if err := s.Roster().Put(t.Context(), "e1", []store.Student{{ID: "s3"}}); err == nil || !strings.Contains(err.Error(), "until the next start") {
			t.Errorf("put: %v", err)
		}
	}
	if list, err := s.Roster().List(t.Context(), "e1", store.Page{}); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	must(t, s.Exams().Close(t.Context(), "e1")) // the other files go on
	must(t, s.Close())
}
