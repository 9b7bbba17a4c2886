package journal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"examlink/probe/journal"
	"examlink/probe/lockfile"
)

const maxLine = 64

// open returns the lines of a file; "bad" is rejected.
func open(t *testing.T, name string) (j *journal.Journal, lines []string, skipped int) {
	t.Helper()
	j, skipped, err := journal.Open(name, maxLine, func(b []byte) bool {
		if string(b) == "bad" {
			return false
		}
		lines = append(lines, string(b))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return j, lines, skipped
}

func TestReads(t *testing.T) {
	long, edge := strings.Repeat("x", 3*maxLine), strings.Repeat("e", maxLine-1)
	for _, c := range []struct {
		name, file, spare string
		want              []string
		skipped           int
	}{
		{"nothing", "", "", nil, 0},
		{"lines", "a\nb\n", "", []string{"a", "b"}, 0},
		{"a torn end", "a\nb", "", []string{"a", "b"}, 0},
		{"an empty line", "a\n\nb\n", "", []string{"a", "", "b"}, 0},
		{"a bad line", "a\nbad\nb\n", "", []string{"a", "b"}, 1},
		{"a long line", "a\n" + long + "\nb\n", "", []string{"a", "b"}, 1},
		{"a long torn line", "a\n" + long, "", []string{"a"}, 1},
		{"the longest", edge + "\nb\n", "", []string{edge, "b"}, 0},
		{"one byte more", edge + "e\nb\n", "", []string{"b"}, 1},
		{"a copy beside it", "c\n", "a\nb\n", []string{"a", "b", "c"}, 0},
	} {
		name := filepath.Join(t.TempDir(), "j")
		if err := os.WriteFile(name, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		if c.spare != "" {
			if err := os.WriteFile(name+journal.SpareSuffix, []byte(c.spare), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		j, got, skipped := open(t, name)
		if !slices.Equal(got, c.want) || skipped != c.skipped {
			t.Errorf("%s: %q, %d skipped, want %q, %d", c.name, got, skipped, c.want, c.skipped)
		}
		if err := j.Close(false); err != nil {
			t.Error(err)
		}
	}
}

func TestWrites(t *testing.T) {
	name := filepath.Join(t.TempDir(), "j")
	j, _, _ := open(t, name)
	if _, _, err := journal.Open(name, maxLine, func([]byte) bool { return true }); !errors.Is(err, lockfile.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if n := j.Append([]byte("one")); n != 4 || j.Grown() != 4 {
		t.Errorf("%d bytes, grown by %d, want 4", n, j.Grown())
	}
	j.Append([]byte("two"))
	j.Rewrite([]byte("two\n"))
	if j.Grown() != 0 {
		t.Errorf("grown by %d after it was written anew", j.Grown())
	}
	j.Durable = true
	j.Rewrite([]byte("two\n"))
	j.Append([]byte("three"))
	j.Sync()
	if err := errors.Join(j.Err(), j.Close(false)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if want := "two\nthree\n"; err != nil || !bytes.Equal(b, []byte(want)) {
		t.Errorf("%q, %v, want %q", b, err, want)
	}
	if _, err := os.Stat(name + journal.SpareSuffix); err == nil {
		t.Error("the copy is still there")
	}
	j, _, _ = open(t, name)
	if err := j.Close(true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("the file is still there")
	}
}

// An error is reported once; afterwards the file is unused and no further error
// occurs.
func TestTrouble(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "j")
	j, _, _ := open(t, name)
	if err := os.Mkdir(name+journal.SpareSuffix, 0o700); err != nil { // makes the copy fail
		t.Fatal(err)
	}
	j.Rewrite([]byte("a\n"))
	if err := j.Err(); err == nil || !strings.Contains(err.Error(), "in memory only") {
		t.Errorf("%v", err)
	}
	j.Append([]byte("b"))
	j.Rewrite(nil)
	if err := errors.Join(j.Err(), j.Close(false)); err != nil || j.Grown() != 0 {
		t.Errorf("told again: %v, grown by %d", err, j.Grown())
	}
	var none *journal.Journal
	none.Rewrite(nil)
	none.Sync()
	if n := none.Append([]byte("abc")); n != 4 || none.Grown() != 0 || none.Err() != nil || none.Close(true) != nil {
		t.Error("no journal at all")
	}
	if _, _, err := journal.Open(dir, maxLine, nil); err == nil {
		t.Error("a folder was opened")
	}
}
