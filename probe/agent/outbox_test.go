package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"examlink/probe/wire"
)

// Unsent reports belong to a join token: they are not sent for another student on
// the same computer.
func TestOutboxBelongsToItsToken(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("AppData", dir)
	var said []string
	tell := func(f string, args ...any) { said = append(said, fmt.Sprintf(f, args...)) }
	one, other := wire.JoinToken{ID: "a", Exam: "e", Student: "s1"}, wire.JoinToken{ID: "b", Exam: "e", Student: "s2"}
	for _, setting := range []string{"", filepath.Join(dir, "r.jsonl")} {
		q := openOutbox(setting, one, 1e6, tell)
		q.Put(wire.ReportWarning, time.Now(), "x")
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		q = openOutbox(setting, one, 1e6, tell)
		if n := q.Stats().Waiting; n != 1 {
			t.Errorf("%q: %d reports wait for the same student, want 1", setting, n)
		}
		_ = q.Close()
		q = openOutbox(setting, other, 1e6, tell)
		if n := q.Stats().Waiting; n != 0 {
			t.Errorf("%q: %d reports wait for another student", setting, n)
		}
		_ = q.Close()
	}
	q := openOutbox(NoRecord, one, 1e6, tell)
	q.Put(wire.ReportWarning, time.Now(), "x")
	_ = q.Close()
	if len(said) > 0 {
		t.Errorf("%q", said)
	}
	q = openOutbox(filepath.Join(dir, "none", "r.jsonl"), one, 1e6, tell)
	q.Put(wire.ReportWarning, time.Now(), "x")
	if _, ok := q.Next(); !ok || len(said) != 1 {
		t.Errorf("without its file: %v, %q", ok, said)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "examlink", "records", "*"+queueSuffix))
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
}
